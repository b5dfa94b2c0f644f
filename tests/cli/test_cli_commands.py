"""The commands as a user types them, on small pictures: exit codes, tables, files, JSON."""

import json
from pathlib import Path

import pandas as pd
import pytest
from commandline import CommandLine

import benchbox

FAST = ("--device", "cpu", "--precision", "fp32", "--threads", "1", "--image-size", "64")


@pytest.fixture
def type_(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> CommandLine:
    return CommandLine(tmp_path, monkeypatch, capfd)


def report(type_: CommandLine, command: str) -> Path:
    return type_.folder / "reports" / f"latest-{command}"


def test_train_then_eval_by_name_and_by_file(type_: CommandLine, pictures: Path) -> None:
    trained = type_("train", "lenet", "--data", pictures, "--epochs", "2", *FAST)
    assert trained.code == 0, trained.err
    assert "lenet" in trained.out
    assert "epoch 2/2" in trained.err
    left = {path.name for path in report(type_, "train").iterdir()}
    assert {"plan.json", "results.jsonl", "summary.csv", "report.md", "plots", "checkpoints", "log.txt"} <= left
    by_name = type_("eval", "lenet", "--data", pictures, "--image-size", "64", "--device", "cpu")
    assert by_name.code == 0, by_name.err
    assert "of 6" in by_name.out
    best = report(type_, "train") / "checkpoints" / "lenet-best.pt"
    by_file = type_("eval", best, "--json")
    assert by_file.code == 0, by_file.err
    [row] = json.loads(by_file.out)["rows"]
    assert row["pictures"] == 6


def test_bench_takes_the_checkpoint_that_train_left(type_: CommandLine, pictures: Path) -> None:
    type_("train", "lenet", "--data", pictures, "--epochs", "1", *FAST)
    outcome = type_("bench", "lenet", "--data", pictures, "--budget", "1", "--batch-size", "4", *FAST)
    assert outcome.code == 0, outcome.err
    records = [json.loads(line) for line in (report(type_, "bench") / "results.jsonl").read_text().splitlines()]
    assert [record["spec"]["task"] for record in records] == ["infer", "train_step", "evaluate"]
    assert "checkpoint" in outcome.out


def test_bench_with_own_network_and_a_short_fit(type_: CommandLine, pictures: Path, own_networks: Path) -> None:
    name = f"{own_networks}:small"
    outcome = type_("bench", name, "--data", pictures, "--budget", "3", "--fit", "2", *FAST)
    assert outcome.code == 0, outcome.err
    frame = benchbox.load(report(type_, "bench"))
    assert frame["accuracy"].notna().all()


def test_one_failing_network_is_a_row_and_exit_1(type_: CommandLine, pictures: Path, own_networks: Path) -> None:
    names = [f"{own_networks}:{name}" for name in ("small", "crashing", "killed")]
    outcome = type_("train", *names, "--data", pictures, "--epochs", "2", *FAST)
    assert outcome.code == 1
    assert "the shapes do not fit" in outcome.out
    assert "SIGKILL" in outcome.out
    statuses = pd.read_csv(report(type_, "train") / "summary.csv")["status"]
    assert statuses.tolist() == ["ok", "crashed", "crashed"]


def test_ablate_activation_prints_one_line_an_arm(type_: CommandLine, pictures: Path) -> None:
    outcome = type_(
        "ablate", "activation", "--values", "relu,tanh", "--models", "lenet", "--data", pictures, "--epochs", "1",
        "--seeds", "2", *FAST,
    )  # fmt: skip
    assert outcome.code == 0, outcome.err
    assert "relu" in outcome.out
    assert "tanh" in outcome.out
    assert len(benchbox.load(report(type_, "ablate"))) == 4


def test_ablate_crosses_two_factors(type_: CommandLine, pictures: Path, own_networks: Path) -> None:
    outcome = type_(
        "ablate", "lr,batch-size", "--values", "lr=0.1,0.01", "--values", "batch-size=8,16",
        "--models", f"{own_networks}:small", "--data", pictures, "--epochs", "1", *FAST,
    )  # fmt: skip
    assert outcome.code == 0, outcome.err
    frame = benchbox.load(report(type_, "ablate"))
    assert len(frame) == 4


def test_ablate_speed_climbs_the_ladder(type_: CommandLine, pictures: Path, own_networks: Path) -> None:
    model = f"{own_networks}:small"
    outcome = type_(
        "ablate", "speed", "--models", model, "--no-compile", "--data", pictures, "--seconds", "0.2", *FAST
    )
    assert outcome.code == 0, outcome.err
    assert [word for word in ("plain", "channels_last", "fused", "gathered") if word not in outcome.out] == []


def test_json_is_one_document_and_nothing_else(type_: CommandLine, pictures: Path, own_networks: Path) -> None:
    outcome = type_(
        "train", f"{own_networks}:small", "--data", pictures, "--epochs", "1", "--json", "--quiet", *FAST
    )
    assert outcome.code == 0
    document = json.loads(outcome.out)
    assert document["command"] == "train"
    assert len(document["rows"]) == 1
    assert outcome.err == ""


def test_out_names_another_folder(type_: CommandLine, pictures: Path, own_networks: Path) -> None:
    type_("train", f"{own_networks}:small", "--data", pictures, "--epochs", "1", "--out", "elsewhere", *FAST)
    assert (type_.folder / "elsewhere" / "latest" / "results.jsonl").exists()
    assert not (type_.folder / "reports").exists()


def test_eval_scores_every_checkpoint_on_its_own_pictures(
    type_: CommandLine, pictures: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    for path in pictures.rglob("*.png"):
        copy = other / {"dark": "down"}.get(path.parent.name, "dark") / f"{path.parent.name}-{path.name}"
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(path.read_bytes())
    paths = []
    for name, data in (("one", pictures), ("two", other)):
        assert type_("train", "lenet", "--data", data, "--epochs", "1", "--out", name, *FAST).code == 0
        paths.append(type_.folder / name / "latest" / "checkpoints" / "lenet-best.pt")
    outcome = type_("eval", *paths, "--device", "cpu", "--json")
    assert outcome.code == 0, outcome.err
    records = [json.loads(line) for line in (report(type_, "eval") / "results.jsonl").read_text().splitlines()]
    assert [record["spec"]["data"]["source"] for record in records] == [str(pictures), str(other)]
    assert [len(record["actual"]["classes"]) for record in records] == [3, 2]


def test_an_own_network_is_benched_and_scored_from_its_checkpoint(
    type_: CommandLine, pictures: Path, tmp_path: Path, own_networks: Path
) -> None:
    mine = tmp_path / "mine.py"
    mine.write_text(own_networks.read_text())
    name = f"{mine}:small"
    assert type_("train", name, "--data", pictures, "--epochs", "1", *FAST).code == 0
    scored = type_("eval", name, "--data", pictures, "--image-size", "64", "--device", "cpu")
    assert scored.code == 0, scored.err
    type_("bench", name, "--data", pictures, "--budget", "1", *FAST)
    records = [json.loads(line) for line in (report(type_, "bench") / "results.jsonl").read_text().splitlines()]
    assert [(record["spec"]["task"], record["status"]) for record in records][-1] == ("evaluate", "ok")
    mine.write_text(own_networks.read_text() + "\n# another network now\n")
    type_("bench", name, "--data", pictures, "--budget", "3", "--fit", "1", *FAST)
    records = [json.loads(line) for line in (report(type_, "bench") / "results.jsonl").read_text().splitlines()]
    assert records[-1]["spec"]["task"] == "fit"


def test_a_bench_goes_on_without_a_network_that_cannot_run(type_: CommandLine, pictures: Path) -> None:
    outcome = type_(
        "bench", "lenet", "googlenet", "--data", pictures, "--image-size", "20", "--budget", "2", "--fit", "0",
        "--batch-size", "2", "--device", "cpu",
    )  # fmt: skip
    assert outcome.code == 1
    frame = benchbox.load(report(type_, "bench"))
    assert frame["status"].tolist() == ["unsupported", "ok"]
    assert "64 pixels or more" in " ".join(outcome.out.split())


def test_what_an_own_network_prints_does_not_spoil_json(
    type_: CommandLine, pictures: Path, tmp_path: Path, own_networks: Path
) -> None:
    loud = tmp_path / "loud.py"
    loud.write_text("print('hello from my network')\n" + own_networks.read_text())
    outcome = type_("train", f"{loud}:small", "--data", pictures, "--epochs", "1", "--json", *FAST)
    assert json.loads(outcome.out)["command"] == "train"


def test_a_report_is_shown_again_as_it_was(type_: CommandLine, pictures: Path, own_networks: Path) -> None:
    first = type_("train", f"{own_networks}:small", "--data", pictures, "--epochs", "1", *FAST)
    again = type_("report")
    assert again.code == 0
    title, rest = again.out.split("\n", 1)
    assert title == "Training"
    assert rest.split("Report")[0] in first.out
    assert json.loads(type_("report", "reports/latest-train", "--json").out)["command"] == "train"
    gone = type_("report", "reports/nowhere")
    assert gone.code == 2
    assert "no records at reports/nowhere" in gone.err


def test_two_reports_stand_in_one_table(type_: CommandLine, pictures: Path, own_networks: Path) -> None:
    for epochs in ("1", "2"):
        name = "train" if epochs == "1" else "train-2"
        outcome = type_(
            "train", f"{own_networks}:small", "--data", pictures, "--epochs", epochs, "--out", name, *FAST
        )
        assert outcome.code == 0, outcome.err
    both = type_("report", "train/latest", "train-2/latest")
    assert both.code == 0, both.err
    assert both.out.count("Training") == 1
    assert "epochs 1" in both.out
    assert "epochs 2" in both.out
    assert len(json.loads(type_("report", "train/latest", "train-2/latest", "--json").out)["rows"]) == 2
    twice = type_("report", "train/latest", "train/latest")
    assert twice.code == 2
    assert "holds runs that stand before it already" in twice.err


def test_models_prints_the_zoo_and_one_network(type_: CommandLine) -> None:
    zoo = type_("models")
    assert zoo.code == 0, zoo.err
    assert all(number in zoo.out for number in ("73,450", "58,366,836", "139,810,044", "4,032,592"))
    one = type_("models", "lenet", "--image-size", "64")
    assert "(64 − 10 + 2·0) / 2 + 1 = 28" in one.out
    document = json.loads(type_("models", "resnet50", "--json").out)
    assert document["parameters"] == 25_854_076
    small = type_("models", "lenet", "--image-size", "20")
    assert small.code == 2
    assert "64" in small.err


def test_data_lists_what_is_here_and_shows_a_folder(type_: CommandLine, pictures: Path) -> None:
    listed = type_("data")
    assert "coil20" in listed.out
    assert "turntable" in listed.out
    shown = type_("data", "show", pictures)
    assert shown.code == 0, shown.err
    assert "60 in 3 classes" in shown.out
    assert (type_.folder / "reports" / "contact-sheet.png").exists()
    refused = type_("data", "get", "turntable")
    assert refused.code == 2
    assert "rendered" in refused.err


def test_bench_trains_first_where_epochs_are_given(type_: CommandLine, pictures: Path, own_networks: Path) -> None:
    name = f"{own_networks}:small"
    outcome = type_("bench", name, "--fit-epochs", "2", "--data", pictures, "--budget", "1", *FAST)
    assert outcome.code == 0, outcome.err
    records = [json.loads(line) for line in (report(type_, "bench") / "results.jsonl").read_text().splitlines()]
    assert [record["spec"]["task"] for record in records] == ["fit", "infer", "train_step"]
    assert list((report(type_, "bench") / "checkpoints").glob("*-best.pt"))


def test_pictures_over_the_limit_are_streamed_with_the_same_result(
    type_: CommandLine, pictures: Path, own_networks: Path
) -> None:
    name, accuracies = f"{own_networks}:small", []
    for limit in ("2GiB", "0"):
        options = ("--cache-limit", limit, "--workers", "1", "--epochs", "2", "--lr", "0.01")
        outcome = type_("train", name, "--data", pictures, *options, *FAST)
        assert outcome.code == 0, outcome.err
        accuracies.append(benchbox.load(report(type_, "train"))[["accuracy", "loss"]].iloc[0].tolist())
    assert "DataLoader with 1 worker" in outcome.out
    assert accuracies[0] == pytest.approx(accuracies[1])


def test_all_of_other_pictures_are_scored_but_those_trained_on(
    type_: CommandLine, pictures: Path, tmp_path: Path
) -> None:
    assert type_("train", "lenet", "--data", pictures, "--epochs", "1", *FAST).code == 0
    other = tmp_path / "other"
    for number, path in enumerate(sorted(pictures.rglob("*.png"))):
        copy = other / path.relative_to(pictures)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(path.read_bytes())
        if number % 20 == 0:  # one changed picture a class
            copy.write_bytes(next(p for p in pictures.rglob("*.png") if p.parent != path.parent).read_bytes())
    best = report(type_, "train") / "checkpoints" / "lenet-best.pt"
    outcome = type_("eval", best, "--data", other, "--device", "cpu")
    assert outcome.code == 0, outcome.err
    assert "pictures that the network was trained on" in outcome.out
