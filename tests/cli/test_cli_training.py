"""The options by which training is told how to go and when to stop."""

from pathlib import Path

import pytest
from commandline import CommandLine

import benchbox
from benchbox.cli.options import parse_until
from benchbox.errors import SpecError
from benchbox.records.journal import read

FAST = ("--device", "cpu", "--precision", "fp32", "--threads", "1", "--image-size", "64")


@pytest.fixture
def type_(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> CommandLine:
    return CommandLine(tmp_path, monkeypatch, capfd)


@pytest.mark.parametrize(("text", "ratio"), [(None, None), ("100%", 1.0), ("99.5 %", 0.995), (" 1%", 0.01)])
def test_a_target_is_typed_in_per_cent(text: str | None, ratio: float | None) -> None:
    assert parse_until(text) == pytest.approx(ratio)


@pytest.mark.parametrize("text", ["100", "0.99", "0%", "100.1%", "-5%", "1e2%", "all", "%", ""])
def test_a_target_in_another_form_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(SpecError, match=r"--until: got .*at most 100%, such as 100%"):
        parse_until(text)


@pytest.mark.parametrize(
    ("option", "said"),
    [
        (("--until", "2"), "--until: got '2'. allowed: more than 0%"),
        (("--split", "half"), "--split: got 'half'. allowed: random, views:K"),
        (("--split", "folders"), "--split folders: across, dark, down are no side of a split"),
        (("--val-fraction", "1"), "--val-fraction: got 1.0. allowed: 0 or more, less than 1"),
        (("--label-smoothing", "1"), "--label-smoothing: got 1.0. allowed: 0 or more, less than 1"),
        (("--recipe", "best"), "'own', 'plain'"),
        (("--augment", "heavy"), "'none', 'light', 'standard'"),
        (("--convolution", "fft"), "'direct', 'fast'"),
    ],
)
def test_an_option_that_cannot_be_is_refused_with_what_can(
    type_: CommandLine, pictures: Path, option: tuple[str, str], said: str
) -> None:
    outcome = type_("train", "lenet", "--data", pictures, *FAST, *option)
    assert outcome.code == 2
    # Typer's own refusals stand in a box.
    assert said in " ".join(outcome.err.replace("│", " ").split())
    assert "Traceback" not in outcome.err


def test_training_stops_where_it_was_told_to_and_tells_its_time(
    type_: CommandLine, pictures: Path, own_networks: Path
) -> None:
    options = ("--epochs", "20", "--until", "90%", "--lr", "0.01", "--label-smoothing", "0.1", "--augment", "light")
    outcome = type_("train", f"{own_networks}:small", "--data", pictures, *FAST, *options)
    assert outcome.code == 0, outcome.err
    assert "Time to accuracy" in outcome.out
    (line,) = benchbox.load(type_.folder / "reports" / "latest").to_dict("records")
    assert line["epochs"] == line["epochs_to_90"] < 20
    assert (line["until"], line["label_smoothing"], line["augment"]) == (0.9, 0.1, "light")
    assert 0 < line["seconds_to_90"] < line["fit_seconds"]


def test_the_plain_recipe_reaches_the_fit(type_: CommandLine, pictures: Path, own_networks: Path) -> None:
    options = ("--recipe", "plain", "--epochs", "1", "--schedule", "cosine")
    outcome = type_("train", f"{own_networks}:small", "--data", pictures, *FAST, *options)
    assert outcome.code == 0, outcome.err
    (record,) = read(type_.folder / "reports" / "latest")
    assert (record.spec.fit.recipe, record.spec.fit.lr, record.spec.fit.schedule) == ("plain", 1e-4, "cosine")
