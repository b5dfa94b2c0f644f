"""The zoo, and one network layer by layer, as Rich tables and notes. The counting is done elsewhere."""

from collections.abc import Iterator, Mapping

from rich import box
from rich.table import Table
from rich.text import Text

from benchbox.plan.catalogue import CATALOGUE, THE_SIX, Architecture
from benchbox.records.description import Description, Layer
from benchbox.report import text

INDENT = "  "


def zoo_table(descriptions: Mapping[str, Description]) -> Table:
    """The six architectures in the order of their years, with what was counted of them.

    `descriptions` is by catalogue name; a network that is missing there has dashes. Whole at 80 columns.
    """
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1), pad_edge=False, collapse_padding=True)
    table.add_column("year", no_wrap=True)
    table.add_column("name", no_wrap=True, style="bold")
    table.add_column("what it brought, and where", overflow="fold", ratio=1)
    for title in ("parameters", "GFLOP", "smallest"):
        table.add_column(title, justify="right", no_wrap=True)
    for name in _shown(descriptions):
        table.add_row(*_zoo_row(CATALOGUE[name], descriptions.get(name)))
        table.add_section()
    return table


def _shown(descriptions: Mapping[str, Description]) -> Iterator[str]:
    """The six, then what else was described, as the catalogue orders them."""
    return (name for name in CATALOGUE if name in THE_SIX or name in descriptions)


def _zoo_row(architecture: Architecture, description: Description | None) -> tuple[str | Text, ...]:
    brought = Text(architecture.contribution)
    brought.append(f"\n{architecture.authors}, {architecture.paper}, {architecture.link}", style="dim")
    return (
        str(architecture.year),
        architecture.name,
        brought,
        f"{description.parameters:,}" if description else text.ABSENT,
        text.number(description.flops / 1e9) if description else text.ABSENT,
        f"{architecture.smallest} px",
    )


def zoo_notes(descriptions: Mapping[str, Description]) -> str:
    """The lines below the zoo's table: for which pictures it was counted, and what may be missing."""
    lines = ["GFLOP: one picture, forward; 1 multiply–accumulate = 2 FLOP."]
    for description in [*descriptions.values()][:1]:
        side = description.image_size
        shape = f"{description.channels}×{side}×{side} pixels"
        lines.insert(0, f"Counted for pictures of {shape} and {description.classes} classes.")
    missing = [name for name in THE_SIX if name not in descriptions]
    if missing:
        lines.append(f"{text.ABSENT}: {', '.join(missing)} would need larger pictures.")
    lines.append("efficientnet_b1 … efficientnet_b7 scale efficientnet_b0 up.")
    lines.append("`benchbox models NAME` shows a network layer by layer.")
    return "\n".join(lines)


def layer_table(description: Description) -> Table:
    """A network's layers in the order of execution, as a tree of its blocks. Whole at 80 columns."""
    title = f"{description.name}: {description.parameters:,} parameters, {text.flop(description.flops)} a picture"
    # As Text, since a path may hold what Rich would read as markup.
    table = Table(title=Text(title), box=box.SIMPLE_HEAD, padding=(0, 1), pad_edge=False, collapse_padding=True)
    table.add_column("layer", overflow="fold")
    table.add_column("output", justify="right", overflow="fold", no_wrap=True)
    for heading in ("parameters", "FLOP", "sees"):
        table.add_column(heading, justify="right", no_wrap=True)
    above: tuple[str, ...] = ()
    for layer in description.layers:
        *parents, _ = layer.path.split(".")
        for depth in _new_depths(above, tuple(parents)):
            table.add_row(Text(INDENT * depth + parents[depth], style="bold"))
        table.add_row(*_layer_row(layer, depth=len(parents)))
        above = tuple(parents)
    return table


def _new_depths(above: tuple[str, ...], parents: tuple[str, ...]) -> range:
    """The depths at which a layer's blocks differ from those of the layer before it."""
    same = 0
    while same < min(len(above), len(parents)) and above[same] == parents[same]:
        same += 1
    return range(same, len(parents))


def _layer_row(layer: Layer, *, depth: int) -> tuple[str | Text, ...]:
    name = layer.path.rpartition(".")[2]
    # Concatenate, flatten: the name says it all.
    what = Text(INDENT * depth + (name if name == layer.kind else f"{name}  {layer.kind}"))
    if layer.formula:
        what.append(f"\n{INDENT * depth}{layer.formula}", style="dim")
    return (
        what,
        "×".join(str(side) for side in layer.output),
        f"{layer.parameters:,}" if layer.parameters else "",
        text.flop(layer.flops).removesuffix("FLOP").rstrip() if layer.flops else "",
        _seen(layer),
    )


def _seen(layer: Layer) -> str:
    if layer.receptive_field is None:
        return text.ABSENT
    return "all" if layer.receptive_field == "picture" else str(layer.receptive_field)


def layer_notes(description: Description) -> str:
    """The lines below a network's table: what was counted, and how to read it."""
    side, weights = description.image_size, text.size(description.weight_bytes)
    pictures = f"one picture of {description.channels}×{side}×{side} and {description.classes} classes"
    return "\n".join(
        (
            f"For {pictures}; {weights} of weights in fp32.",
            "A side is N = (W − F + 2P) / S + 1, rounded down: W side before, F kernel,",
            "P padding, S stride. conv 64@7×7 s2 p3: 64 kernels of 7×7, S = 2, P = 3.",
            "output: channels×height×width. FLOP: 1 multiply–accumulate = 2.",
            "sees: the side, in pixels, of what an output pixel depends on, padding included;",
            f"all: the whole picture; {text.ABSENT}: not known.",
        )
    )
