"""Ablations as a user types them: rates that each arm chooses, what is said of one seed, and what is refused."""

import json
from pathlib import Path

import pytest
from commandline import CommandLine

from benchbox.cli.ablate import USUAL, parse_rates, with_usual_rates
from benchbox.errors import SpecError
from benchbox.plan.axes import make_rates
from benchbox.plan.recipes import recipe_for

FAST = ("--device", "cpu", "--precision", "fp32", "--threads", "1", "--image-size", "64", "--models", "lenet")
ARMS = ("ablate", "activation", "--values", "relu,tanh", "--epochs", "1")


@pytest.fixture
def type_(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> CommandLine:
    return CommandLine(tmp_path, monkeypatch, capfd)


def test_arms_are_trained_at_all_rates_and_compared_at_their_own(type_: CommandLine, pictures: Path) -> None:
    outcome = type_(*ARMS, "--lr-grid", "0.001,0.01", "--seeds", "2", "--data", pictures, "--json", *FAST)
    assert outcome.code == 0, outcome.err
    document = json.loads(outcome.out)
    assert len(document["rows"]) == 8
    (found,) = document["comparisons"]
    assert found["network"] == "lenet"
    assert set(found["rates"]) == {"relu", "tanh"}
    assert set(found["rates"].values()) <= {0.001, 0.01}
    assert "chosen on pictures set aside" in found["conclusion"]
    assert (found["differences"][0]["base"], found["differences"][0]["arm"]) == ("relu", "tanh")
    plan = json.loads((type_.folder / "reports" / "latest-ablate" / "plan.json").read_text())
    assert plan["chosen"] == ["fit.lr"]
    assert {spec["data"]["val_fraction"] for spec in plan["specs"]} == {0.1}


def test_one_seed_is_warned_of_before_and_after(type_: CommandLine, pictures: Path) -> None:
    outcome = type_(*ARMS, "--data", pictures, *FAST)
    assert outcome.code == 0, outcome.err
    for said in (outcome.err, outcome.out):
        assert "nothing can be concluded from one seed" in " ".join(said.split())
    report = (type_.folder / "reports" / "latest-ablate" / "report.md").read_text()
    assert "nothing can be concluded from one seed" in report


def test_the_usual_rates_are_planned_without_a_number(type_: CommandLine, pictures: Path) -> None:
    outcome = type_(*ARMS, "--lr-grid", "--data", pictures, "--dry-run", "--json", "--val-fraction", "0.2", *FAST)
    assert outcome.code == 0, outcome.err
    labels = [run["label"] for run in json.loads(outcome.out)["runs"]]
    rates = make_rates([], recipe_for("lenet").lr).values
    assert labels[:3] == [f"lenet activation relu lr {rate} seed 0" for rate in rates]
    assert len(labels) == 6


@pytest.mark.parametrize(
    ("words", "parts"),
    [
        (["ablate", "speed", "--lr-grid"], ["--lr-grid: got 'speed'"]),
        (["ablate", "lr", "--lr-grid"], ["--lr-grid: got 'lr as a factor'"]),
        (["ablate", "activation", "--lr-grid", "--lr", "0.1"], ["--lr with --lr-grid: got 0.1"]),
        (["ablate", "activation", "--lr-grid", "--until", "100%"], ["--until with --lr-grid: got '100%'"]),
        (["ablate", "until", "--values", "0.9,1", "--lr-grid"], ["--lr-grid: got 'until as a factor'", "held-out"]),
        (
            ["ablate", "activation,val-fraction", "--values", "val-fraction=0,0.1", "--lr-grid"],
            ["--lr-grid: got 'val-fraction as a factor'", "the same pictures set aside"],
        ),
        (["ablate", "activation", "--lr-grid", "0.1"], ["--lr-grid: got '0.1'", "two rates or more"]),
        (["ablate", "activation", "--lr-grid=fast,slow"], ["--lr-grid: got 'fast,slow'"]),
        (["ablate", "activation", "--lr-grid", "--val-fraction", "0"], ["--val-fraction: got 0.0", "--lr-grid"]),
    ],
)
def test_what_a_grid_of_rates_cannot_stand_beside_is_refused(
    type_: CommandLine, pictures: Path, words: list[str], parts: list[str]
) -> None:
    outcome = type_(*words, "--data", pictures, *FAST)
    assert outcome.code == 2
    [message] = [line for line in outcome.err.splitlines() if line.startswith("benchbox: ")]
    assert [part for part in parts if part not in message] == []
    assert not (type_.folder / "reports").exists()


def in_folders(root: Path, pictures: Path, sides: dict[str, range]) -> Path:
    """Some of the small pictures in folders of their own for each side."""
    for side, numbers in sides.items():
        for path in (path for path in pictures.rglob("*.png") if int(path.stem) in numbers):
            copy = root / side / path.parent.name / path.name
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(path.read_bytes())
    return root


@pytest.mark.parametrize(
    ("sides", "typed", "val_fraction"),
    [
        ({"train": range(12), "val": range(12, 16), "test": range(16, 20)}, (), 0.0),
        ({"train": range(16), "test": range(16, 20)}, (), 0.1),
        ({"train": range(16), "test": range(16, 20)}, ("--val-fraction", "0.25"), 0.25),
        # Beside no test folder this one is held out.
        ({"train": range(16), "val": range(16, 20)}, (), 0.1),
    ],
)
def test_rates_are_chosen_on_the_folders_own_validation_side_where_there_is_one(
    type_: CommandLine,
    pictures: Path,
    sides: dict[str, range],
    typed: tuple[str, ...],
    val_fraction: float,
) -> None:
    folder = in_folders(type_.folder / "sides", pictures, sides)
    grid = ("--lr-grid", "0.001,0.01", "--split", "folders", "--no-isolate", *typed)
    outcome = type_(*ARMS, "--data", folder, *grid, *FAST)
    assert outcome.code == 0, outcome.err
    plan = json.loads((type_.folder / "reports" / "latest-ablate" / "plan.json").read_text())
    assert {spec["data"]["val_fraction"] for spec in plan["specs"]} == {val_fraction}
    assert plan["facts"]["data"]["validation"] > 0


def test_a_share_set_aside_beside_a_validation_folder_is_refused_with_what_helps(
    type_: CommandLine, pictures: Path
) -> None:
    sides = {"train": range(12), "val": range(12, 16), "test": range(16, 20)}
    folder = in_folders(type_.folder / "sides", pictures, sides)
    words: tuple[str | Path, ...] = (*ARMS, "--lr-grid", "--split", "folders", "--data", folder)
    refused = type_(*words, "--val-fraction", "0.1", *FAST)
    assert refused.code == 2
    assert "use --val-fraction 0." in refused.err
    assert type_(*words, "--val-fraction", "0", "--dry-run", *FAST).code == 0


@pytest.mark.parametrize(
    ("words", "full"),
    [
        (["activation", "--lr-grid"], ["activation", "--lr-grid", USUAL]),
        (["--lr-grid", "activation"], ["--lr-grid", USUAL, "activation"]),
        (["--lr-grid", "--seeds", "3"], ["--lr-grid", USUAL, "--seeds", "3"]),
        (["--lr-grid", "0.1,0.2", "x"], ["--lr-grid", "0.1,0.2", "x"]),
        (["--lr-grid", ".1,.2"], ["--lr-grid", ".1,.2"]),
        (["--lr-grid=0.1,0.2"], ["--lr-grid=0.1,0.2"]),
        (["--seeds", "3"], ["--seeds", "3"]),
    ],
)
def test_a_grid_without_numbers_is_the_usual_one(words: list[str], full: list[str]) -> None:
    assert with_usual_rates(words) == full


def test_rates_are_read_as_numbers() -> None:
    assert parse_rates("1e-4, 0.001") == [1e-4, 1e-3]
    assert parse_rates(USUAL) == []


@pytest.mark.parametrize("text", ["", "0.1", "0.1,0.1", "0,0.1", "0.1,100", "nan,0.1", "inf,0.1"])
def test_rates_that_cannot_be_are_refused(text: str) -> None:
    with pytest.raises(SpecError, match="two rates or more"):
        parse_rates(text)
