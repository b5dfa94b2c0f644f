"""The zoo's tables: whole at any width, and readable."""

import io
import re

import pytest
from rich.console import Console
from rich.table import Table

from benchbox.plan.catalogue import CATALOGUE, THE_SIX
from benchbox.records.description import Description, Layer
from benchbox.report.zoo import layer_notes, layer_table, zoo_notes, zoo_table

LAYERS = (
    Layer(
        path="stem.conv1",
        kind="conv 64@17×17",
        output=(64, 112, 112),
        formula="(128 − 17 + 2·0) / 1 + 1 = 112",
        parameters=18_560,
        flops=464_027_648,
        receptive_field=17,
    ),
    Layer(path="stem.act1", kind="ReLU", output=(64, 112, 112), receptive_field=17),
    Layer(
        path="stages.stage1.block1.residual.conv1",
        kind="conv 64@1×1",
        output=(64, 56, 56),
        formula="(56 − 1 + 2·0) / 1 + 1 = 56",
        parameters=4_160,
        flops=25_690_112,
        receptive_field=19,
    ),
    Layer(path="stages.stage1.block1.add", kind="add shortcut", output=(256, 56, 56), receptive_field=None),
    Layer(path="head.flatten", kind="flatten", output=(25_088,), receptive_field="picture"),
    Layer(
        path="head.linear1",
        kind="linear 4096",
        output=(4096,),
        parameters=102_764_544,
        flops=205_520_896,
        receptive_field="picture",
    ),
)
GOLDEN = """\
             own: 139,810,044 parameters, 58.0 GFLOP a picture

 layer                                    output   parameters    FLOP  sees
 ──────────────────────────────────────────────────────────────────────────
 stem
   conv1  conv 64@17×17               64×112×112       18,560   464 M    17
   (128 − 17 + 2·0) / 1 + 1 = 112
   act1  ReLU                         64×112×112                         17
 stages
   stage1
     block1
       residual
         conv1  conv 64@1×1             64×56×56        4,160  25.7 M    19
         (56 − 1 + 2·0) / 1 + 1 = 56
       add  add shortcut               256×56×56                          –
 head
   flatten                                 25088                        all
   linear1  linear 4096                     4096  102,764,544   206 M   all
"""


def described(name: str = "own", *, layers: tuple[Layer, ...] = LAYERS) -> Description:
    return Description(
        name=name,
        channels=1,
        image_size=128,
        classes=20,
        layers=layers,
        parameters=139_810_044,
        buffers=12,
        weight_bytes=559_240_176,
        flops=57_992_869_888,
    )


def shown(table: Table, *, width: int = 80) -> str:
    console = Console(width=width, file=io.StringIO())
    with console.capture() as capture:
        console.print(table)
    return "\n".join(line.rstrip() for line in capture.get().splitlines()).rstrip() + "\n"


def test_a_network_layer_by_layer() -> None:
    assert shown(layer_table(described())) == GOLDEN


@pytest.mark.parametrize("width", [80, 120])
def test_the_widest_layers_are_whole(width: int) -> None:
    deep = ".".join(("stages", "stage6", "block11", "residual", "depthwise", "conv"))
    layer = Layer(
        path=deep,
        kind="depthwise 3840@5×5 s2 p2",
        output=(3840, 112, 112),
        formula="⌊(224 − 5 + 2·2) / 2⌋ + 1 = 112",
        parameters=102_764_544,
        flops=999_000_000_000,
        receptive_field=1123,
    )
    text = shown(layer_table(described(layers=(layer,))), width=width)
    assert "…" not in text
    # What is too long for its line goes on in the next one, in the same column.
    first_column = re.sub(r"\s+", "", text)
    for piece in ("depthwise", "3840×112×112", "102,764,544", "999G", "1123", "⌊(224−5+2·2)/2⌋+1=112"):
        assert piece in first_column


@pytest.mark.parametrize("width", [80, 120])
def test_the_zoo_is_whole(width: int) -> None:
    text = shown(zoo_table({name: described(name) for name in THE_SIX}), width=width)
    assert "…" not in text
    words = set(text.split())
    for name in THE_SIX:
        architecture = CATALOGUE[name]
        assert name in words
        assert {str(architecture.year), "139,810,044", "58.0"} <= words
        assert set(architecture.contribution.split()) <= words
        wanted = f"{architecture.authors}, {architecture.paper}, {architecture.link}".split()
        assert set(wanted) <= words


def test_the_zoo_stands_in_the_order_of_its_years() -> None:
    years = re.findall(r"^ (\d{4})  ", shown(zoo_table({})), flags=re.MULTILINE)
    assert years == ["1998", "2012", "2014", "2014", "2015", "2019"]


def test_what_was_not_counted_has_dashes_and_its_smallest_picture() -> None:
    text = shown(zoo_table({"resnet50": described("resnet50")}))
    assert re.search(r"lenet .* –\s+–\s+64 px", text)
    assert re.search(r"resnet50 .* 139,810,044\s+58\.0\s+17 px", text)


def test_the_notes_say_what_was_counted_and_what_is_missing() -> None:
    counted = {name: described(name) for name in THE_SIX if name != "lenet"}
    notes = zoo_notes(counted).splitlines()
    assert notes[0] == "Counted for pictures of 1×128×128 pixels and 20 classes."
    assert "–: lenet would need larger pictures." in notes
    assert "larger pictures" not in zoo_notes({**counted, "lenet": described("lenet")})


def test_no_note_is_wider_than_a_terminal() -> None:
    notes = [*layer_notes(described()).splitlines(), *zoo_notes({"efficientnet_b0": described()}).splitlines()]
    assert max(len(note) for note in notes) <= 80


def test_nothing_is_coloured_where_there_is_no_terminal() -> None:
    assert "\x1b" not in shown(zoo_table({})) + shown(layer_table(described()))
