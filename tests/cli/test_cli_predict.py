"""`benchbox predict` as a user types it: tables, JSON, exit codes, messages."""

import json
from pathlib import Path

import pytest
from commandline import CommandLine
from test_cli_refusals import refused

import benchbox
from benchbox.errors import DataError

FAST = ("--device", "cpu", "--precision", "fp32", "--threads", "1")


@pytest.fixture
def type_(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> CommandLine:
    return CommandLine(tmp_path, monkeypatch, capfd)


@pytest.fixture(scope="module")
def checkpoint(pictures: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The checkpoint of a LeNet after an epoch."""
    spec = benchbox.RunSpec(
        data=benchbox.DataSpec(source=str(pictures), image_size=64),
        fit=benchbox.FitSpec(epochs=1),
        placement=benchbox.PlacementSpec(device="cpu", precision="fp32", threads=1),
    )
    out = tmp_path_factory.mktemp("out")
    plan = benchbox.Plan(command="train", specs=(spec,), keeps_checkpoints=True)
    [record] = benchbox.run(plan, out=out, dataset=out / "dataset")
    return out / "latest" / record.files["last"]


def test_pictures_are_told_as_a_table(type_: CommandLine, checkpoint: Path, pictures: Path) -> None:
    outcome = type_("predict", checkpoint, pictures / "dark" / "00.png", pictures / "down", *FAST)
    assert outcome.code == 0, outcome.err
    assert "Predictions" in outcome.out
    assert "epoch 1 of 1" in " ".join(outcome.out.split())
    assert max(map(len, outcome.out.splitlines())) <= 80
    assert not (type_.folder / "reports").exists()


def test_json_is_one_document_of_all_pictures_in_the_order_asked(
    type_: CommandLine, checkpoint: Path, pictures: Path
) -> None:
    outcome = type_(
        "predict",
        checkpoint,
        pictures / "down",
        pictures / "dark" / "00.png",
        "--top",
        "2",
        "--json",
        "--quiet",
        *FAST,
    )
    assert outcome.code == 0, outcome.err
    said = json.loads(outcome.out)
    assert (said["schema"], outcome.err) == (1, "")
    answers = said["predictions"]["pictures"]
    assert [answer["picture"] for answer in (answers[0], answers[-1])] == [
        f"{pictures}/down/00.png",
        f"{pictures}/dark/00.png",
    ]
    assert {len(answer["likeliest"]) for answer in answers} == {2}


@pytest.mark.parametrize("as_json", [False, True])
def test_a_file_that_is_no_picture_has_its_reason_the_others_an_answer_and_the_exit_is_2(
    type_: CommandLine, checkpoint: Path, pictures: Path, as_json: bool
) -> None:
    (type_.folder / "notes.png").write_text("no picture")
    words = ("predict", checkpoint, "notes.png", pictures / "dark" / "00.png", *FAST)
    outcome = type_(*words, *(("--json",) if as_json else ()))
    assert outcome.code == 2
    assert "1 of 2 files could not be read as pictures" in outcome.err
    if as_json:
        bad, good = json.loads(outcome.out)["predictions"]["pictures"]
        assert "no known format" in bad["fault"]
        assert good["likeliest"]
    else:
        assert "unreadable" in outcome.out


@pytest.mark.parametrize(
    ("words", "parts"),
    [
        (["gone.png"], ["no file or folder 'gone.png'", "allowed: pictures, folders or zips"]),
        (["empty"], ["no pictures in empty", ".png"]),
        (["picture", "--device", "gpu"], ["--device: got 'gpu'"]),
        (["picture", "--precision", "fp16"], ["--precision on cpu: got 'fp16'"]),
        (["picture", "--eval-batch-size", "0"], ["--eval-batch-size: got 0"]),
        (["picture", "--model", "mine.py:net"], ["was not trained from a file", "leave --model out"]),
    ],
)
def test_what_cannot_be_done_is_refused(
    type_: CommandLine, checkpoint: Path, pictures: Path, words: list[str], parts: list[str]
) -> None:
    (type_.folder / "empty").mkdir()
    picture = pictures / "dark" / "00.png"
    given = [str(picture) if word == "picture" else word for word in words]
    message = refused(type_, "predict", checkpoint, *given, *(() if "--device" in words else ("--device", "cpu")))
    for part in parts:
        assert part in message


def test_what_is_no_checkpoint_is_refused(type_: CommandLine, pictures: Path) -> None:
    picture = pictures / "dark" / "00.png"
    assert "no file gone.pt" in refused(type_, "predict", "gone.pt", picture)
    assert "not a checkpoint" in refused(type_, "predict", picture, picture)


@pytest.mark.parametrize("words", [[], ["a.pt"], ["a.pt", "b.png", "--top", "0"]])
def test_an_incomplete_command_is_exit_2(type_: CommandLine, words: list[str]) -> None:
    assert type_("predict", *words).code == 2


def test_the_same_from_python(checkpoint: Path, pictures: Path) -> None:
    placement = benchbox.PlacementSpec(device="cpu", precision="fp32", threads=1)
    seen = benchbox.predict(checkpoint, [pictures / "dark" / "00.png"], placement=placement, top=1)
    assert len(seen.pictures[0].likeliest) == 1
    with pytest.raises(DataError, match=r"gone\.png"):
        benchbox.predict(checkpoint, ["gone.png"])
