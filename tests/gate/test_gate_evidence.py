"""Arms: what is read of a journal, what is a fault of it, which records of a row count, what a row is called."""

import json
import math
from pathlib import Path

import msgspec
import pytest
from factories import eval_record, failed_record, fit_record, sample_environment, sample_spec, timed_record
from records import MODELS, TODAY, arm, case_of, cell, in_turns, stored, write

from benchbox.gate.evidence import load_arm, make_arm
from benchbox.gate.naming import names_of, row_name
from benchbox.gate.pairs import pair_blocks, pair_differences
from benchbox.gate.rows import rows_of
from benchbox.gate.verdict import Source
from benchbox.records.record import Record, encode

HEADER = "picture,label,predicted,probability,label_rank\n"


def test_a_journal_a_report_folder_and_their_records_are_one_arm(tmp_path: Path) -> None:
    records = stored()
    journal = write(tmp_path / "results.jsonl", records)
    for path in (journal, tmp_path):
        seen = load_arm(path, today=TODAY)
        assert seen.records == tuple(records)
        assert not seen.faults
        assert seen.source.asked == str(path)


def test_a_source_tells_commit_release_fingerprint_and_age(tmp_path: Path) -> None:
    dirty = msgspec.structs.replace(sample_environment(), commit="0123abc+")
    records = [msgspec.structs.replace(record, environment=dirty) for record in stored()]
    source = load_arm(write(tmp_path / "base.jsonl", records), today="2026-12-04").source
    assert (source.commit, source.is_dirty, source.benchbox, source.age_days) == ("0123abc", True, "0.1.0", 10)
    assert source.fingerprint == records[0].fingerprint


@pytest.mark.parametrize(
    ("started", "age"),
    [
        ("2026-11-24T23:30:00-05:00", 0),
        ("2026-11-25T01:00:00+09:00", 1),
        ("2026-11-24T10:00:00", 1),
        ("soon", None),
    ],
)
def test_ages_are_those_of_utc(tmp_path: Path, started: str, age: float | None) -> None:
    records = [msgspec.structs.replace(record, started=started) for record in stored()]
    assert load_arm(write(tmp_path / "base.jsonl", records), today="2026-11-25").source.age_days == age


def test_what_a_source_says_of_itself_is_kept() -> None:
    source = Source(asked="main", commit="fedcba9", digest="d1")
    assert make_arm(stored(), source).source.commit == "fedcba9"
    assert not make_arm(stored(), source).source.is_dirty


def test_without_a_date_a_source_has_no_age(tmp_path: Path) -> None:
    assert load_arm(write(tmp_path / "base.jsonl", stored())).source.age_days is None


def test_a_line_that_is_no_record_names_its_row_where_it_can(tmp_path: Path) -> None:
    path = write(tmp_path / "base.jsonl", stored(("lenet",), processes=1))
    text = path.read_text().replace('"peak_memory","values":[', '"peak_memory","values":[null,')
    path.write_text(text + "{}\n")
    seen = load_arm(path)
    assert [fault.spec is not None for fault in seen.faults] == [True, False]
    assert "peak_memory has the value null" in seen.faults[0].reason
    assert seen.damage == (seen.faults[1].reason,)
    assert list(rows_of(seen)) == [case_of()]


@pytest.mark.parametrize(
    ("line", "has_row"),
    [(b'{"schema": 4}', False), (b'{"schema": 4, "spec": {"task": "none"}}', False), (None, True)],
)
def test_what_cannot_be_told_of_a_line_is_a_fault_of_the_arm(
    tmp_path: Path, line: bytes | None, has_row: bool
) -> None:
    path = tmp_path / "base.jsonl"
    path.write_bytes(line or encode(cell()).replace(b'"status":"ok"', b'"status":"fine"'))
    (fault,) = load_arm(path).faults
    assert (fault.spec is not None) == has_row
    assert "base.jsonl, line 1" in fault.reason


@pytest.mark.parametrize("damage", ["", "fingerprint", "measurements"])
def test_a_run_without_a_batch_size_is_a_fault_of_the_arm(tmp_path: Path, damage: str) -> None:
    line = json.loads(encode(cell()))
    line["spec"]["fit"]["batch_size"] = None
    if damage:
        line[damage] = "none"
    path = tmp_path / "base.jsonl"
    path.write_text(json.dumps(line))
    seen = load_arm(path)
    assert len(seen.damage) == 1
    assert rows_of(seen) == {}


def test_a_file_that_the_system_does_not_give_is_a_fault() -> None:
    path = Path("/proc/self/mem")
    if not path.is_file():
        pytest.skip("there is no file here that nobody can read")
    assert "cannot be read" in load_arm(path).damage[0]


def test_of_a_process_that_was_made_again_the_last_record_counts() -> None:
    crashed, again = failed_record("lenet", "infer", status="interrupted"), cell(samples=[0.2] * 3)
    row = rows_of(arm([crashed, again]))[again.case]
    assert row.records == (again,)
    assert not row.ambiguity


def test_one_process_that_was_made_again_hides_no_second_record_of_another() -> None:
    first, second = cell(samples=[0.1] * 3), cell(samples=[0.2] * 3)
    crashed, again = failed_record("alexnet", "infer", status="interrupted"), cell("alexnet", samples=[0.3] * 3)
    rows = rows_of(arm([first, crashed, second, again]))
    assert rows[first.case].ambiguity == "two records of process 0"
    assert rows[again.case].records == (again,)


def test_without_a_resume_two_records_of_one_process_are_ambiguous() -> None:
    first, again = cell(samples=[0.1] * 3), cell(samples=[0.2] * 3)
    assert rows_of(arm([first, again]))[first.case].ambiguity == "two records of process 0"


def test_processes_that_took_turns_and_those_of_their_own_are_not_the_same() -> None:
    row = rows_of(arm([cell(in_turns=True), cell()]))[case_of()]
    assert len(row.records) == 2
    assert not row.ambiguity


def test_two_evaluations_of_one_seed_are_ambiguous_by_their_checkpoints() -> None:
    one = eval_record()
    other = msgspec.structs.replace(
        one, spec=msgspec.structs.replace(one.spec, checkpoint="reports/b/lenet-best.pt")
    )
    assert "reports/b/lenet-best.pt" in rows_of(arm([one, other]))[one.case].ambiguity


def test_a_failed_process_after_a_good_one_does_not_hide_it() -> None:
    good, bad = cell(samples=[0.1] * 3), failed_record("lenet", "infer")
    assert len(rows_of(arm([good, bad]))[good.case].records) == 2


def test_predictions_are_read_beside_the_journal(tmp_path: Path) -> None:
    (tmp_path / "predictions").mkdir()
    (tmp_path / "predictions" / "lenet.csv").write_text(f"{HEADER}a.png,one,one,0.9,1\nb.png,one,two,0.6,2\n")
    record = eval_record(correct=1, predictions="predictions/lenet.csv")
    seen = load_arm(write(tmp_path / "results.jsonl", [record]))
    assert seen.answers == {(record.case, 0): {"a.png": True, "b.png": False}}


@pytest.mark.parametrize("text", [HEADER, "picture\n", f"{HEADER}a.png,one,one,0.9,1\na.png,one,one,0.9,1\n", None])
def test_predictions_that_are_none_are_told_and_not_used(tmp_path: Path, text: str | None) -> None:
    if text is not None:
        (tmp_path / "lenet.csv").write_text(text)
    seen = load_arm(write(tmp_path / "results.jsonl", [eval_record(predictions="lenet.csv")]))
    assert not seen.answers
    assert "lenet.csv" in seen.notes[0]


def test_predictions_of_another_evaluation_are_told_and_not_used(tmp_path: Path) -> None:
    (tmp_path / "lenet.csv").write_text(f"{HEADER}a.png,one,one,0.9,1\nb.png,one,two,0.6,2\n")
    record = eval_record(correct=2, predictions="lenet.csv")
    seen = load_arm(write(tmp_path / "results.jsonl", [record]))
    assert not seen.answers
    assert "lenet.csv is right on 1 of 2 pictures, and its record on 2" in seen.notes[0]


def test_a_row_of_an_older_release_has_the_case_of_today() -> None:
    old = msgspec.structs.replace(cell(), case="infer/lenet/0ld")
    assert list(rows_of(arm([old]))) == [case_of()]


def test_a_pair_is_the_median_of_its_blocks_log_ratios() -> None:
    base = cell(samples=(1.0, 1.0) * 3, in_turns=True, repeat=4)
    new = cell(samples=(1.0, 1.0, 1.1, 1.1, 5.0, 5.0), in_turns=True, repeat=4)
    assert pair_differences([base], [new]) == {4: pytest.approx(math.log(1.1))}
    assert [len(blocks) for blocks in pair_blocks([base], [new]).values()] == [3]


def test_a_pair_of_one_arm_alone_and_one_without_a_whole_block_are_left_out() -> None:
    base, new = in_turns(("lenet",), pairs=3)
    short = cell(samples=(1.0,), in_turns=True, repeat=3)
    assert list(pair_differences([*base, short], [*new[:2], short])) == [0, 1]


def test_processes_of_their_own_are_no_pairs() -> None:
    assert pair_differences([cell(samples=(1.0, 1.0))], [cell(samples=(1.0, 1.0))]) == {}


@pytest.mark.parametrize(
    ("record", "name"),
    [
        (timed_record("resnet50", batch_size=8, precision="fp32"), "resnet50 infer b8@128"),
        (timed_record("resnet50", precision="bf16"), "resnet50 infer b32@128 bf16"),
        (timed_record("lenet", "train_step", precision="fp32", device="cuda"), "lenet train_step b32@128 cuda"),
        (timed_record(precision="fp32", compile=True), "lenet infer b32@128 compiled"),
        (timed_record(precision="fp32", activation="relu", dropout=0.1), "lenet infer b32@128 relu dropout 0.1"),
        (
            timed_record("timm:resnet18", precision="fp32", memory_format="contiguous"),
            "timm:resnet18 infer b32@128 contiguous",
        ),
        (eval_record(precision="fp32"), "lenet evaluate b64@128"),
        (fit_record(precision="fp32"), "lenet fit b32@128"),
    ],
)
def test_a_row_is_called_by_what_is_unusual_of_it(record: Record, name: str) -> None:
    assert row_name(record.spec) == name


def test_rows_that_would_share_a_name_end_in_their_hash() -> None:
    one, other = sample_spec("lenet", "infer", threads=1), sample_spec("lenet", "infer", threads=2)
    names = names_of({"infer/lenet/a/b/0123": one, "infer/lenet/a/b/4567": other})
    assert [name.rpartition(" ")[2] for name in names.values()] == ["#0123", "#4567"]


def test_an_encoded_arm_is_the_arm_that_was_encoded(tmp_path: Path) -> None:
    path = tmp_path / "one.jsonl"
    path.write_bytes(encode(stored(MODELS[:1], processes=1)[0]))
    assert len(load_arm(path).records) == 1
