from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from factories import ablation_records, bench_records, eval_record, failed_record, fit_record, sample_plan
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from benchbox.records.files import file_names
from benchbox.records.record import STATUSES, Record
from benchbox.report.write import write_report


def _write(folder: Path, command: str, records: list[Record], **fields: Any) -> str:
    write_report(folder, sample_plan(command, records, **fields), records)
    return (folder / "report.md").read_text()


def test_a_bench_leaves_its_files_and_no_others(tmp_path: Path) -> None:
    _write(tmp_path, "bench", bench_records())
    assert sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.*")) == [
        "plots/learning-alexnet.png",
        "plots/learning-curves.png",
        "plots/learning-lenet.png",
        "plots/speed-and-accuracy.png",
        "plots/throughput.png",
        "report.md",
        "summary.csv",
    ]


def test_every_plot_is_a_picture_and_linked(tmp_path: Path) -> None:
    written = _write(tmp_path, "bench", bench_records())
    for path in (tmp_path / "plots").iterdir():
        assert f"(plots/{path.name})" in written
        with Image.open(path) as picture:
            assert min(picture.size) > 300


def test_the_same_records_give_the_same_files(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        write_report(tmp_path / name, sample_plan("train", records := [fit_record()]), records)
    pictures = [(tmp_path / name / "plots" / "learning-lenet.png").read_bytes() for name in ("one", "two")]
    assert pictures[0] == pictures[1]


def test_an_ablation_has_one_figure_of_all_arms(tmp_path: Path) -> None:
    records = ablation_records(seeds=2, models=("lenet",))
    _write(tmp_path, "ablate", records, factors=("model.activation",))
    left = {path.name for path in (tmp_path / "plots").iterdir()}
    assert "learning-curves.png" in left
    assert "speed-and-accuracy.png" not in left


def test_an_evaluation_has_a_confusion_matrix(tmp_path: Path) -> None:
    columns = {"picture": ["a"], "label": ["obj1"], "predicted": ["obj2"], "probability": [0.5], "label_rank": [2]}
    pd.DataFrame(columns).to_csv(tmp_path / "predictions.csv", index=False)
    written = _write(tmp_path, "eval", [eval_record(predictions="predictions.csv")])
    assert (tmp_path / "plots" / "confusion-lenet.png").exists()
    assert "| obj1 | obj2 | 1 | 100.0 |" in written


@pytest.mark.parametrize("status", [status for status in STATUSES if status != "ok"])
def test_every_failure_stands_in_the_report_and_in_the_csv(status: Any, tmp_path: Path) -> None:
    written = _write(tmp_path, "train", [failed_record("vgg16", status=status, reason="a | reason")])
    assert f"- vgg16: fit {status}: a \\| reason" in written
    table = pd.read_csv(tmp_path / "summary.csv", keep_default_na=False)
    assert table[["model", "status"]].to_numpy().tolist() == [["vgg16", status]]


def test_the_report_says_how_to_run_it_once_more(tmp_path: Path) -> None:
    written = _write(tmp_path, "train", [fit_record()], arguments=("train", "lenet", "--data", "my pictures"))
    assert "benchbox train lenet --data 'my pictures'\n" in written


def test_the_head_counts_runs_that_ended_well(tmp_path: Path) -> None:
    records = [fit_record(), failed_record()]
    assert "1 of 2 runs ended well, 9.80 s, 2026-11-24T10:00:00+00:00." in _write(tmp_path, "train", records)


def test_a_report_without_runs_is_still_a_report(tmp_path: Path) -> None:
    write_report(tmp_path, sample_plan("train", [fit_record()]), [])
    assert "0 of 1 run ended well, no time" in (tmp_path / "report.md").read_text()


@given(st.lists(st.text(max_size=12), max_size=8))
def test_file_names_are_plain_and_differ(names: list[str]) -> None:
    chosen = file_names(names)
    assert len(set(chosen)) == len(names)
    assert all(name and not set(name) & set("/\\: ") and not name.startswith(".") for name in chosen)
