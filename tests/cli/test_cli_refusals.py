"""Bad input: one message that says what was got, what is allowed and what to do; exit 2; no traceback."""

import zipfile
from pathlib import Path

import pytest
import torch
from commandline import CommandLine

NO_CUDA = pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device here")


@pytest.fixture
def type_(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> CommandLine:
    return CommandLine(tmp_path, monkeypatch, capfd)


def refused(type_: CommandLine, *words: str | Path) -> str:
    """The one line that a refused command prints."""
    outcome = type_(*words)
    assert outcome.code == 2, outcome
    assert "Traceback" not in outcome.err
    assert outcome.out == ""
    [line] = [line for line in outcome.err.splitlines() if line.startswith("benchbox: ")]
    return line


def picture_folder(root: Path, pictures: Path) -> Path:
    """A copy of the small pictures that a test may spoil."""
    for path in pictures.rglob("*.png"):
        copy = root / path.relative_to(pictures)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(path.read_bytes())
    return root


@pytest.mark.parametrize(
    ("words", "parts"),
    [
        (["train", "lenot"], ["unknown architecture 'lenot'", "did you mean lenet?"]),
        (["train"], ["ARCHITECTURE…", "lenet, alexnet"]),
        (["bench"], ["--all"]),
        (["bench", "lenet", "--all"], ["names or --all"]),
        (["bench", "lenet", "--budget", "0"], ["--budget"]),
        (["bench", "--all", "--budget", "60"], ["s or more, one sample of each cell", "--fit"]),
        (["bench", "lenet", "--budget", "inf"], ["--budget: got inf"]),
        (["bench", "lenet", "--timeout", "inf"], ["--timeout: got inf", "0 (no limit)"]),
        (["bench", "lenet", "--timeout", "9", "--no-isolate"], ["--timeout with --no-isolate"]),
        (["bench", "lenet", "--processes", "0"], ["--processes: got 0"]),
        (["bench", "lenet", "--precision-goal", "0"], ["--precision-goal: got 0"]),
        (["bench", "lenet", "--batch-size", ","], ["--batch-size: got ','"]),
        (["bench", "lenet", "--batch-size", "8,0"], ["--batch-size: got 0. allowed: 1 or more"]),
        (["bench", "lenet", "--batch-size", "8,8"], ["each value once"]),
        (["bench", "lenet", "--precision", "fp32,fp99"], ["--precision: got 'fp99'", "fp32"]),
        (["bench", "lenet", "--threads", "9999"], ["--threads: got 9999", "the cores here"]),
        (["bench", "lenet", "--under", "speed<3"], ["speed", "latency"]),
        (["bench", "--resume", "nowhere"], ["nowhere"]),
        (["train", "lenet", "--epochs", "0"], ["--epochs: got 0. allowed: 1 or more"]),
        (["train", "lenet", "--seed", "a"], ["--seed: got 'a'"]),
        (["train", "lenet", "--cache-limit", "much"], ["--cache-limit: got 'much'"]),
        (["train", "lenet", "--channels", "2"], ["--channels: got 2", "1, 3"]),
        (["train", "lenet", "--image-size", "32"], ["lenet at image size 32", "64 pixels or more"]),
        (["train", "lenet", "--device", "gpu"], ["--device: got 'gpu'"]),
        (["train", "lenet", "--precision", "fp16", "--device", "cpu"], ["fp16", "fp32, bf16"]),
        pytest.param(["train", "lenet", "--device", "cuda"], ["device: got 'cuda'", "cpu"], marks=NO_CUDA),
        (["train", "torchvision:resnet1"], ["resnet1"]),
        (["train", "torchvision:resnet18"], ["--channels 3"]),
        (["train", "nowhere.py:make"], ["nowhere.py"]),
        (["train", "lenet", "--out", "file/reports"], ["--out"]),
        (["eval"], ["checkpoint"]),
        (["eval", "gone.pt"], ["gone.pt"]),
        (["eval", "alexnet"], ["no checkpoint of alexnet", "benchbox train alexnet"]),
        (["eval", "file"], ["not a checkpoint"]),
        (["ablate", "colour"], ["factor: got 'colour'"]),
        (["ablate", "activation", "--values", "step"], ["step", "sigmoid"]),
        (["ablate", "activation", "--seeds", "0"], ["--seeds"]),
        (["ablate", "activation,dropout", "--values", "relu"], ["NAME=relu"]),
        (["ablate", "a,b,c"], ["two separated by a comma"]),
    ],
)
def test_what_cannot_be_done_is_refused(
    type_: CommandLine, pictures: Path, words: list[str], parts: list[str]
) -> None:
    (type_.folder / "file").write_text("something else")
    if words[0] in ("train", "bench", "ablate", "eval") and "file" not in words and "gone.pt" not in words:
        words = [*words, "--data", str(pictures)]
    message = refused(type_, *words)
    for part in parts:
        assert part in message
    assert not (type_.folder / "reports").exists()


def test_a_folder_that_is_not_there(type_: CommandLine) -> None:
    assert "nowhere" in refused(type_, "train", "lenet", "--data", "nowhere")


def test_an_empty_folder(type_: CommandLine) -> None:
    (type_.folder / "empty").mkdir()
    assert "empty" in refused(type_, "train", "lenet", "--data", "empty")


def test_a_class_with_one_picture(type_: CommandLine, pictures: Path) -> None:
    root = picture_folder(type_.folder / "data", pictures)
    (root / "zebra").mkdir()
    (root / "zebra" / "a.png").write_bytes(next(pictures.rglob("*.png")).read_bytes())
    assert "class 'zebra' has a single picture" in refused(type_, "train", "lenet", "--data", root)


def test_a_truncated_picture_is_named_and_can_be_skipped(type_: CommandLine, pictures: Path) -> None:
    root = picture_folder(type_.folder / "data", pictures)
    broken = root / "dark" / "05.png"
    broken.write_bytes(broken.read_bytes()[:100])
    message = refused(type_, "train", "lenet", "--data", root)
    assert "dark/05.png" in message
    assert "--skip-bad" in message
    outcome = type_(
        "train", "lenet", "--data", root, "--skip-bad", "--epochs", "1", "--image-size", "64", "--device", "cpu"
    )
    assert outcome.code == 0, outcome.err


def test_a_zip_that_would_leave_its_folder(type_: CommandLine, pictures: Path) -> None:
    with zipfile.ZipFile(type_.folder / "evil.zip", "w") as archive:
        for number in range(4):
            picture = next(pictures.rglob("*.png")).read_bytes()
            archive.writestr(f"../outside/obj{number % 2}__{number}.png", picture)
    assert "outside" in refused(type_, "train", "lenet", "--data", "evil.zip")
    assert not (type_.folder.parent / "outside").exists()


def test_a_checkpoint_that_brings_code(type_: CommandLine) -> None:
    torch.save({"kind": "benchbox checkpoint", "weights": Path("x")}, type_.folder / "evil.pt")
    assert "without running code" in refused(type_, "eval", "evil.pt")


def test_pictures_of_other_classes(type_: CommandLine, pictures: Path) -> None:
    options = ("--epochs", "1", "--image-size", "64", "--device", "cpu", "--out", "kept")
    assert type_("train", "lenet", "--data", pictures, *options).code == 0
    other = picture_folder(type_.folder / "data", pictures)
    (other / "dark").rename(other / "zebra")
    message = refused(type_, "eval", "kept/latest/checkpoints/lenet-best.pt", "--data", other)
    assert "does not know the class zebra" in message


def test_an_unknown_option_is_exit_2(type_: CommandLine) -> None:
    assert type_("train", "lenet", "--tusk", "1").code == 2


def test_a_users_code_that_was_not_named(type_: CommandLine, pictures: Path, own_networks: Path) -> None:
    options = ("--data", pictures, "--epochs", "1", "--image-size", "64", "--device", "cpu", "--out", "kept")
    assert type_("train", f"{own_networks}:small", *options).code == 0
    [best] = (type_.folder / "kept" / "latest" / "checkpoints").glob("*-best.pt")
    assert "not run unasked" in refused(type_, "eval", best)
    assert type_("eval", best, "--model", f"{own_networks}:small", "--device", "cpu").code == 0
    assert type_("train", "lenet", *options).code == 0
    zoo = type_.folder / "kept" / "latest" / "checkpoints" / "lenet-best.pt"
    outcome = type_("eval", zoo, "--model", f"{own_networks}:small")
    assert outcome.code == 2
    assert "leave --model out" in outcome.err
