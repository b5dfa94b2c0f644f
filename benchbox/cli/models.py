"""`benchbox models [NAME]`: the zoo, or one network layer by layer. The app owns options and exit codes."""

from functools import partial
from typing import Annotated, Protocol, TypeVar

import msgspec
import typer
from rich.console import Console

from benchbox.cli import options
from benchbox.plan.catalogue import CATALOGUE, THE_SIX, canonical
from benchbox.plan.spec import DataSpec, ModelSpec
from benchbox.records.description import DescribeAllRequest, DescribeRequest, Description, Descriptions
from benchbox.report.zoo import layer_notes, layer_table, zoo_notes, zoo_table

DESCRIBE_ONE = "benchbox.models.describe:describe_named"
DESCRIBE_ALL = "benchbox.models.describe:describe_all"

Answer = TypeVar("Answer")


class Call(Protocol):
    """Whoever calls `module:function` with a request and returns its answer; in a child process, outside tests."""

    def __call__(self, target: str, request: msgspec.Struct, *, returns: type[Answer]) -> Answer:
        """Call it. The function's UsageErrors come through."""


def list_models(
    *,
    call: Call,
    console: Console,
    channels: int = 1,
    image_size: int = 128,
    classes: int = 20,
    activation: str | None = None,
    as_json: bool = False,
) -> None:
    """Print the zoo. A network that needs larger pictures is listed without its counts."""
    requests = tuple(
        DescribeRequest(
            model=ModelSpec(name=name, activation=activation),
            channels=channels,
            image_size=image_size,
            classes=classes,
        )
        for name in THE_SIX
        if CATALOGUE[name].smallest <= image_size
    )
    answer = call(DESCRIBE_ALL, DescribeAllRequest(requests=requests), returns=Descriptions)
    if as_json:
        _print_json(_zoo_document(answer.descriptions), console)
    else:
        descriptions = {each.name: each for each in answer.descriptions}
        console.print(zoo_table(descriptions))
        console.print(zoo_notes(descriptions), highlight=False, markup=False)


def show_model(
    name: str,
    *,
    call: Call,
    console: Console,
    channels: int = 1,
    image_size: int = 128,
    classes: int = 20,
    activation: str | None = None,
    as_json: bool = False,
) -> None:
    """Print one network, of the zoo or foreign, layer by layer.

    Raises ModelError where it is unknown, cannot be made, or needs larger pictures.
    """
    request = DescribeRequest(
        model=ModelSpec(name=canonical(name), activation=activation),
        channels=channels,
        image_size=image_size,
        classes=classes,
    )
    description = call(DESCRIBE_ONE, request, returns=Description)
    if as_json:
        _print_json(description, console)
    else:
        console.print(layer_table(description))
        console.print(layer_notes(description), highlight=False, markup=False)


def _zoo_document(descriptions: tuple[Description, ...]) -> list[dict[str, object]]:
    """The catalogue's facts of the six with their counts; None where the pictures are too small."""
    counted = {each.name: each for each in descriptions}
    return [{**msgspec.to_builtins(CATALOGUE[name]), "description": counted.get(name)} for name in THE_SIX]


def _print_json(document: object, console: Console) -> None:
    # Not `console.print`, which would wrap long lines and so break the document.
    console.file.write(msgspec.json.encode(document).decode() + "\n")


def models(
    name: Annotated[
        str | None,
        typer.Argument(metavar="ARCHITECTURE", help="This one, layer by layer.", show_default=False),
    ] = None,
    classes: Annotated[int, typer.Option(min=1, help="Outputs of the network.")] = 20,
    channels: options.Channels = 1,
    image_size: options.ImageSize = 128,
    activation: options.ActivationOption = None,
    json: options.Json = False,
) -> None:
    """The zoo: year, idea, paper, parameters, FLOPs; or one network layer by layer."""
    from benchbox.runner.child import call

    DataSpec(channels=channels, image_size=image_size)  # refuses what no picture can be
    show = list_models if name is None else partial(show_model, name)
    show(
        call=call,
        console=Console(),
        channels=channels,
        image_size=image_size,
        classes=classes,
        activation=activation,
        as_json=json,
    )
