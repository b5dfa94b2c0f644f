import io
from pathlib import Path

import pandas as pd
import pytest
from factories import (
    ablation_records,
    bench_records,
    failed_record,
    fit_record,
    full_records,
    process_records,
    timed_record,
    with_actual,
)
from msgspec.structs import replace

from benchbox.errors import RecordError
from benchbox.records.columns import COLUMNS
from benchbox.records.frame import frame, load, summary
from benchbox.records.journal import JOURNAL, append


def test_a_report_folder_loads_as_one_line_a_row(tmp_path: Path) -> None:
    for record in bench_records():
        append(tmp_path / JOURNAL, record)
    assert load(tmp_path)["model"].tolist() == ["lenet", "alexnet", "vgg16"]
    pd.testing.assert_frame_equal(load(str(tmp_path / JOURNAL)), load(tmp_path))


def test_no_folder_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match="no records at"):
        load(tmp_path / "nothing")


def test_columns_and_types_are_the_same_for_all_commands() -> None:
    types = frame([]).dtypes.to_dict()
    assert frame(bench_records()).dtypes.to_dict() == types
    assert frame(ablation_records()).dtypes.to_dict() == types
    assert set(map(str, types.values())) == {"string", "Int64", "Float64", "boolean"}


def test_every_column_is_described() -> None:
    attributes = frame([]).attrs
    assert set(attributes["meanings"]) == {column.name for column in COLUMNS}
    assert attributes["units"]["infer_p50_seconds"] == "s"
    assert len({column.name for column in COLUMNS}) == len(COLUMNS)


def test_whole_numbers_stay_whole_beside_missing_ones() -> None:
    seen = frame([timed_record("vgg16"), failed_record("lenet")])
    assert seen["parameters"][0] == 139_810_044
    assert seen["parameters"].isna().tolist() == [False, True]


def test_a_failed_row_has_its_status_and_reason() -> None:
    seen = frame([failed_record(status="oom", reason="needed 3 GiB")])
    assert seen["status"][0] == "oom"
    assert seen["reason"][0] == "fit oom: needed 3 GiB"
    assert pd.isna(seen["accuracy"][0])


def test_numbers_of_a_fit_reach_their_columns() -> None:
    line = frame([fit_record(accuracies=(0.25, 0.55, 0.95, 1.0))]).loc[0]
    assert line["accuracy"] == 1.0
    assert line["epochs_to_50"] == 2
    assert line["seconds_to_90"] == 6.0
    assert (line["epochs_to_99"], line["seconds_to_99"]) == (4, 8.0)
    assert (line["epochs_to_100"], line["seconds_to_100"]) == (4, 8.0)
    assert line["fit_pictures_per_second"] == 648.0
    assert pd.isna(line["infer_pictures_per_second"])


def test_an_accuracy_that_was_not_reached_has_no_epoch_and_no_time() -> None:
    line = frame([fit_record(accuracies=(0.25, 0.95))]).loc[0]
    assert line["epochs_to_90"] == 2
    assert line[["epochs_to_99", "seconds_to_99", "epochs_to_100", "seconds_to_100"]].isna().all()


def test_how_a_row_was_split_and_trained_reaches_its_columns() -> None:
    record = fit_record(recipe="plain", until=0.99, label_smoothing=0.1, augment="light", convolution="fast")
    data = replace(record.spec.data, split="views:8", val_fraction=0.1)
    line = frame([replace(record, spec=replace(record.spec, data=data))]).loc[0]
    assert (line["split"], line["val_fraction"]) == ("views:8", 0.1)
    assert (line["recipe"], line["until"], line["label_smoothing"]) == ("plain", 0.99, 0.1)
    assert (line["augment"], line["convolution"]) == ("light", "fast")
    assert pd.isna(frame([fit_record()])["until"][0])


def test_the_csv_reads_back() -> None:
    back = pd.read_csv(io.StringIO(summary(bench_records())))
    assert back["model"].tolist() == ["lenet", "alexnet", "vgg16"]
    assert back["infer_pictures_per_second"][0] == 320.0
    assert back["accuracy_status"].tolist() == ["ok", "ok", "skipped"]


def test_what_a_cell_tells_reaches_its_columns() -> None:
    line = frame(full_records()).loc[0]
    assert line["train_step_time_to_first_batch_seconds"] == pytest.approx(0.55)
    assert line["infer_share_of_ceiling"] == pytest.approx(15_530_000 * 320 / 1e13)
    assert line["step_backward_share"] == pytest.approx(0.14 / 0.3)
    assert (line["activation_bytes"], line["largest_batch"], line["largest_batch_is_bound"]) == (
        5 * 2**20,
        96,
        False,
    )
    assert (line["infer_parity_error"], line["train_step_parity_top1"]) == (0.004, 1.0)


def test_processes_void_and_doubts_are_told() -> None:
    records = process_records(medians=(0.1, 0.1, 0.1))
    line = frame([*records[:2], with_actual(records[2], void="answers differ", doubts=("hot",))]).loc[0]
    assert (line["infer_processes"], line["infer_processes_done"]) == (3, 3)
    assert (line["infer_bounds"], line["void"], line["doubts"]) == (
        "t over 3 processes",
        "infer: answers differ",
        "infer: hot",
    )


def test_the_frame_follows_the_order_of_the_plan() -> None:
    records = bench_records()
    specs = [record.spec for record in records]
    assert frame(records[::-1], specs)["model"].tolist() == ["lenet", "alexnet", "vgg16"]
