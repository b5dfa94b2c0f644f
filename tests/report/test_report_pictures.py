import io

import msgspec
import pytest
from rich.console import Console, RenderableType

from benchbox.records.pictures import Count, KnownSource, PictureReport
from benchbox.report.pictures import picture_report, sources_table

COIL20 = PictureReport(
    source="coil20",
    title="COIL-20 (dataset/coil20)",
    digest="0c8e8a66620667e8" * 4,
    classes=tuple(Count(name=f"obj{number}", count=72) for number in range(1, 21)),
    sizes=(Count(name="128×128", count=1440),),
    modes=(Count(name="L", count=1440),),
    formats=(Count(name="PNG", count=1440),),
    bytes=12_501_528,
    views=72,
    train=1296,
    test=144,
    sheet="coil20.png",
)

GOLDEN = """\
data        COIL-20 (dataset/coil20)
digest      0c8e8a66620667e8
pictures    1,440 in 20 classes, 11.9 MiB
classes     obj1 … obj20: 72 each
sizes       128×128 (1,440)
modes       L (1,440)
formats     PNG (1,440)
views       72 different view numbers in the names
duplicates  none
split       random: 1,296 to train on, 144 held out
sheet       coil20.png
"""


def _text(renderable: RenderableType, width: int = 80) -> str:
    console = Console(file=io.StringIO(), width=width)
    console.print(renderable)
    written = console.file.getvalue()  # type: ignore[attr-defined]
    return "".join(line.rstrip() + "\n" for line in written.splitlines())


def test_twenty_equal_classes_take_one_line() -> None:
    assert _text(picture_report(COIL20)) == GOLDEN


def test_unequal_classes_are_all_named() -> None:
    classes = tuple(Count(name=name, count=count) for name, count in (("a", 3), ("b", 3), ("c", 4)))
    assert "a, b: 3 each, c 4" in _text(picture_report(msgspec.structs.replace(COIL20, classes=classes)))


def test_bad_files_and_their_reasons_are_shown() -> None:
    report = msgspec.structs.replace(COIL20, bad=tuple(f"x{i}.png cannot be read" for i in range(9)))
    text = _text(picture_report(report))
    assert "bad files (9); a run needs --skip-bad:" in text
    assert "x4.png cannot be read" in text
    assert "and 4 more" in text


def test_duplicates_twins_and_strangers_are_shown() -> None:
    report = msgspec.structs.replace(COIL20, duplicates=(("a.png", "b.png"),), twins=3, others=("notes.txt",))
    text = _text(picture_report(report))
    assert "a.png = b.png" in text
    assert "same pixels as a training picture: 3;" in text
    assert "not pictures by name (1): notes.txt" in text


def test_pictures_set_aside_are_shown_and_twins_may_be_theirs() -> None:
    report = msgspec.structs.replace(COIL20, split="views:8", train=144, test=1280, validation=16, twins=1)
    text = _text(picture_report(report))
    assert "split       views:8: 144 to train on, 1,280 held out, 16 set aside for choosing" in text
    assert "same pixels as a training picture or one set aside: 1;" in " ".join(text.split())


def test_what_hinders_a_run_is_shown() -> None:
    text = _text(picture_report(msgspec.structs.replace(COIL20, problem="only one class", train=0, test=0)))
    assert "no run is possible: only one class" in text
    assert "impossible" in text


def test_markup_in_names_is_only_text() -> None:
    report = msgspec.structs.replace(COIL20, title="[red]set[/red]", bad=("[/]x.png",))
    text = _text(picture_report(report))
    assert "[red]set[/red]" in text
    assert "[/]x.png" in text


@pytest.mark.parametrize("width", [80, 120])
def test_long_names_are_folded_and_never_cut(width: int) -> None:
    classes = tuple(Count(name=f"class-number-{i:03}", count=i + 2) for i in range(60))
    text = _text(picture_report(msgspec.structs.replace(COIL20, classes=classes)), width)
    words = " ".join(text.split())
    assert all(f"class-number-{i:03} {i + 2}" in words for i in range(60))
    assert max(map(len, text.splitlines())) <= width


KNOWN = (
    KnownSource(name="coil20", meaning="20 objects × 72 views, photographed", state="absent", hint="get it"),
    KnownSource(name="turntable", meaning="rendered here", state="not rendered yet", is_default=True),
)


@pytest.mark.parametrize("width", [80, 120])
def test_known_sources_say_their_state_and_the_default(width: int) -> None:
    words = " ".join(_text(sources_table(KNOWN), width).split())
    assert "turntable (default)" in words
    assert "absent; get it" in words
    assert "FOLDER or ZIP" in words
    assert "…" not in words
