import importlib
import io
import json
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
from picture_files import contents, write_folder
from rich.console import Console

from benchbox.cli.data import T, get_data, list_data, show_data
from benchbox.data.download import get_coil20
from benchbox.data.known import known_sources
from benchbox.errors import DataError
from benchbox.plan.spec import DataSpec
from benchbox.records.events import Observer


def _console() -> Console:
    return Console(file=io.StringIO(), width=80)


def _text(console: Console) -> str:
    written: str = console.file.getvalue()  # type: ignore[attr-defined]
    return written


def _call(target: str, request: msgspec.Struct, *, returns: type[T], observer: Observer) -> T:
    """What the runner does, without the child process; the values travel as JSON as they do there."""
    module, name = target.split(":")
    arrived = msgspec.json.decode(msgspec.json.encode(request), type=type(request))
    answer = getattr(importlib.import_module(module), name)(arrived, observer=observer)
    return msgspec.json.decode(msgspec.json.encode(answer), type=returns)


def test_the_commands_load_neither_torch_nor_pandas() -> None:
    code = "import sys, benchbox.cli.data; print([m for m in ('torch', 'pandas') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_data_lists_what_is_here(tmp_path: Path) -> None:
    write_folder(tmp_path / "coil20", contents({"obj1": 2, "obj2": 2}))
    known = {source.name: source for source in known_sources(root=tmp_path)}
    assert known["coil20"].is_default
    assert known["turntable"].state == "not rendered yet"
    console = _console()
    list_data(console, root=tmp_path)
    assert "coil20 (default)" in _text(console)


def test_turntable_is_the_default_of_an_empty_folder(tmp_path: Path) -> None:
    assert [source.name for source in known_sources(root=tmp_path) if source.is_default] == ["turntable"]


def test_get_says_where_the_archive_is(tmp_path: Path) -> None:
    asked: list[object] = []

    def get(root: Path, *, from_file: Path | None, observer: Observer) -> Path:
        asked.append(from_file)
        return root / "coil20" / "coil-20-proc.zip"

    console = _console()
    get_data("coil20", console, root=tmp_path, from_file=Path("mine.zip"), get=get)
    assert asked == [Path("mine.zip")]
    assert "coil-20-proc.zip" in _text(console)


@pytest.mark.parametrize(("name", "hint"), [("turntable", "rendered when"), ("mnist", "--data")])
def test_only_coil20_can_be_fetched(tmp_path: Path, name: str, hint: str) -> None:
    with pytest.raises(DataError, match=f"{name}.*allowed: coil20.*{hint}"):
        get_data(name, _console(), root=tmp_path, get=get_coil20)


def test_show_prints_the_report_and_writes_the_sheet(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "set", contents({"a": 3, "b": 3}))
    console, sheet = _console(), tmp_path / "sheet.png"
    show_data(str(folder), console, call=_call, root=tmp_path, sheet=sheet, data=DataSpec(test_fraction=0.5))
    assert "3 to train on, 3 held out" in _text(console)
    assert sheet.is_file()


def test_show_says_what_a_split_would_hold_out_and_set_aside(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "set", contents({"a": 8, "b": 8}))
    console, asked = _console(), DataSpec(split="views:4", val_fraction=0.25)
    show_data(str(folder), console, call=_call, root=tmp_path, data=asked)
    assert "views:4: 6 to train on, 8 held out, 2 set aside for choosing" in _text(console)


def test_show_refuses_sides_where_there_are_none(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "set", contents({"a": 8, "b": 8}))
    with pytest.raises(DataError, match=r"--split folders: .*no side of a split.*train/"):
        show_data(str(folder), _console(), call=_call, root=tmp_path, data=DataSpec(split="folders"))


def test_show_gives_json_on_request(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = write_folder(tmp_path / "set", contents({"a": 3, "b": 3}))
    show_data(str(folder), _console(), call=_call, root=tmp_path, as_json=True)
    assert json.loads(capsys.readouterr().out)["classes"] == [
        {"name": "a", "count": 3},
        {"name": "b", "count": 3},
    ]
