"""`benchbox eval` as a user types it: several checkpoints, disturbed pictures, splits of its own and of others."""

import json
from pathlib import Path

import pytest
from commandline import CommandLine
from PIL import Image, ImageOps
from test_cli_refusals import picture_folder, refused

FAST = ("--device", "cpu", "--precision", "fp32", "--threads", "1", "--image-size", "64")


@pytest.fixture
def type_(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> CommandLine:
    return CommandLine(tmp_path, monkeypatch, capfd)


def trained(type_: CommandLine, data: Path, *words: str, out: str = "kept") -> Path:
    """The checkpoint of a LeNet after an epoch."""
    outcome = type_("train", "lenet", "--data", data, "--epochs", "1", "--out", out, *words, *FAST)
    assert outcome.code == 0, outcome.err
    return type_.folder / out / "latest" / "checkpoints" / "lenet-best.pt"


def views(root: Path, pictures: Path) -> Path:
    """The small pictures as views of turning objects: label__number.png."""
    root.mkdir()
    for path in pictures.rglob("*.png"):
        (root / f"{path.parent.name}__{int(path.stem)}.png").write_bytes(path.read_bytes())
    return root


def test_two_checkpoints_stand_side_by_side_on_disturbed_pictures_too(type_: CommandLine, pictures: Path) -> None:
    paths = [trained(type_, pictures, "--seed", seed, out=f"seed{seed}") for seed in "01"]
    outcome = type_("eval", *paths, "--robustness", "--device", "cpu", "--precision", "fp32")
    assert outcome.code == 0, outcome.err
    for title in ("Evaluation", "One against another", "Robustness", "Calibration"):
        assert f"\n{title}\n" in f"\n{outcome.out}"
    report = type_.folder / "reports" / "latest-eval"
    written = (report / "report.md").read_text()
    assert "(plots/robustness.png)" in written
    assert written.count("(plots/reliability-") == 2
    assert written.count("![mistakes ") == len(list((report / "plots").glob("mistakes-*.png")))
    plan = json.loads((report / "plan.json").read_text())
    assert plan["robustness"] is True
    shown = json.loads(type_("report", report, "--json").out)
    assert shown["duels"][0]["pictures"] == 6
    assert len(shown["evaluations"]) == 2


def test_a_checkpoint_is_scored_by_its_own_split(type_: CommandLine, pictures: Path) -> None:
    path = trained(type_, views(type_.folder / "turned", pictures), "--split", "views:4")
    outcome = type_("eval", path, "--split", "views:4", "--device", "cpu", "--json")
    assert outcome.code == 0, outcome.err
    [row] = json.loads(outcome.out)["rows"]
    assert (row["pictures"], row["split"]) == (48, "views:4")
    for option, value, own in (("--split", "random", "views:4"), ("--split-seed", "1", "0")):
        message = refused(type_, "eval", path, option, value)
        assert f"{option} with {path}" in message
        assert f"allowed: {own}, its own" in message
    assert "--split: got 'views:0'" in refused(type_, "eval", path, "--split", "views:0")


def test_an_architecture_is_looked_up_by_the_split_that_is_asked_for(type_: CommandLine, pictures: Path) -> None:
    folder = views(type_.folder / "turned", pictures)
    trained(type_, folder, "--split", "views:4", out="reports")
    where = ("--data", folder, "--image-size", "64", "--device", "cpu")
    message = refused(type_, "eval", "lenet", *where)
    assert "no checkpoint of lenet" in message
    assert "--split" not in message
    assert "--split views:10" in refused(type_, "eval", "lenet", "--split", "views:10", *where)
    assert type_("eval", "lenet", "--split", "views:4", *where).code == 0


@pytest.mark.parametrize("words", [("--recipe", "plain"), ("--init", "default")])
def test_an_architecture_is_looked_up_however_its_weights_began(
    type_: CommandLine, pictures: Path, words: tuple[str, ...]
) -> None:
    trained(type_, pictures, *words, out="reports")
    outcome = type_("eval", "lenet", "--data", pictures, "--image-size", "64", "--device", "cpu", "--json")
    assert outcome.code == 0, outcome.err
    assert json.loads(outcome.out)["rows"][0]["pictures"] == 6


def test_other_pictures_need_not_be_divided_as_the_checkpoint_s_own_were(
    type_: CommandLine, pictures: Path, tmp_path: Path
) -> None:
    path = trained(type_, views(type_.folder / "turned", pictures), "--split", "views:4")
    other = picture_folder(tmp_path / "other", pictures)
    for picture in other.rglob("*.png"):
        with Image.open(picture) as seen:
            ImageOps.invert(seen).save(picture)
    outcome = type_("eval", path, "--data", other, "--device", "cpu", "--json")
    assert outcome.code == 0, outcome.err
    [row] = json.loads(outcome.out)["rows"]
    assert (row["pictures"], row["part"]) == (60, "all")
    assert "carries no view number" in refused(type_, "eval", path, "--data", other, "--part", "test")
