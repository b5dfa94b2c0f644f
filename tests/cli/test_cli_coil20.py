"""The main job on the real pictures: fetched from a file, shown, trained on."""

import json
from pathlib import Path

import pytest
from commandline import CommandLine

import benchbox

pytestmark = pytest.mark.coil20


@pytest.fixture
def type_(
    coil20_zip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> CommandLine:
    """A folder in which COIL-20 was just fetched."""
    line = CommandLine(tmp_path, monkeypatch, capfd)
    fetched = line("data", "get", "coil20", "--from", coil20_zip)
    assert fetched.code == 0, fetched.err
    return line


def test_the_archive_is_what_it_should_be(type_: CommandLine) -> None:
    report = json.loads(type_("data", "show", "--json", "--quiet").out)
    assert (report["train"], report["test"], report["views"]) == (1296, 144, 72)
    assert [(each["name"], each["count"]) for each in report["classes"]] == [
        (f"obj{number}", 72) for number in range(1, 21)
    ]
    assert (type_.folder / "reports" / "contact-sheet.png").stat().st_size > 10_000


def test_the_sigmoid_lenet_learns_in_a_dozen_epochs(type_: CommandLine) -> None:
    outcome = type_("train", "lenet", "--epochs", "12", "--device", "cpu")
    assert outcome.code == 0, outcome.err
    assert "COIL-20" in outcome.out
    [accuracy] = benchbox.load(type_.folder / "reports" / "latest")["accuracy"]
    assert accuracy > 0.85
