"""`benchbox predict`: what a trained network says of pictures that have no labels."""

from typing import Annotated, Protocol, TypeVar

import msgspec
import typer
from rich.console import Console

from benchbox.cli import options
from benchbox.errors import EXIT_USAGE
from benchbox.plan.spec import FitSpec, PlacementSpec
from benchbox.records.events import Observer
from benchbox.records.predictions import Predictions, PredictRequest

PREDICT = "benchbox.engine:predict"

Answer = TypeVar("Answer")

CheckpointFile = Annotated[
    str, typer.Argument(metavar="CHECKPOINT", help="A checkpoint of `benchbox train`.", show_default=False)
]
Images = Annotated[
    list[str],
    typer.Argument(metavar="IMAGE…", help="Picture files, or folders and zips of them.", show_default=False),
]
Top = Annotated[int, typer.Option(min=1, help="How many of the likeliest classes are told.")]


class Call(Protocol):
    """Whoever calls `module:function` with a request and returns its answer; in a child process, outside tests."""

    def __call__(
        self, target: str, request: msgspec.Struct, *, returns: type[Answer], observer: Observer
    ) -> Answer:
        """Call it. The function's UsageErrors come through."""


def tell(
    request: PredictRequest, console: Console, *, call: Call, observer: Observer, as_json: bool
) -> Predictions:
    """Print what the network says of the pictures, and return it."""
    from benchbox.report.grid import print_grid
    from benchbox.report.predictions import predictions_document, predictions_grid

    seen = call(PREDICT, request, returns=Predictions, observer=observer)
    if as_json:
        console.file.write(predictions_document(seen).decode())
    else:
        print_grid(console, predictions_grid(seen))
    return seen


def predict(
    checkpoint: CheckpointFile,
    images: Images,
    top: Top = 5,
    model: options.OwnModel = None,
    eval_batch_size: options.EvalBatchSize = 64,
    device: options.Device = "auto",
    precision: options.PrecisionOption = "auto",
    memory_format: options.MemoryFormatOption = "channels_last",
    threads: options.Threads = None,
    quiet: options.Quiet = False,
    json: options.Json = False,
) -> None:
    """What pictures show: their class, how probable that is, and the likeliest others."""
    from benchbox.report.live import make_display
    from benchbox.runner.child import call

    request = PredictRequest(
        checkpoint=checkpoint,
        pictures=tuple(images),
        model=model,
        placement=PlacementSpec(device=device, precision=precision, memory_format=memory_format, threads=threads),
        top=top,
        # Checked as a spec checks it.
        batch_size=FitSpec(eval_batch_size=eval_batch_size).eval_batch_size,
    )
    stderr = Console(stderr=True)
    with make_display(stderr, quiet=quiet, total=0) as display:
        seen = tell(request, Console(), call=call, observer=display, as_json=json)
    if seen.faults:
        said = f"{len(seen.faults):,} of {len(seen.pictures):,} files could not be read as pictures"
        stderr.print(f"benchbox: {said}", soft_wrap=True, markup=False, highlight=False)
        raise typer.Exit(EXIT_USAGE)
