"""`benchbox baseline` and `bench --baseline` as a user types them: what is stored, what is not, what is shown."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from commandline import CommandLine
from factories import eval_record, sample_spec
from journals import FakeMemory, FakePairs, stored, write

import benchbox.cli.gate_record as gate_record
from benchbox.cli.baseline import disagreement, refuse_loss, store
from benchbox.cli.gate_live import make_gate
from benchbox.cli.gate_rows import GateRow
from benchbox.errors import RecordError
from benchbox.gate.baseline import doubts, failures
from benchbox.gate.evidence import load_arm
from benchbox.gate.naming import row_name
from benchbox.gate.rules import Accepted
from benchbox.gate.settings import Settings
from benchbox.gate.verdict import Bounds, Verdict, decode_report
from benchbox.plan.catalogue import THE_SIX
from benchbox.records.events import ignore
from benchbox.records.journal import read_journal
from benchbox.records.record import Record


@pytest.fixture
def type_(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> CommandLine:
    return CommandLine(tmp_path, monkeypatch, capfd)


def test_counts_of_the_six_are_stored_and_the_same_again(type_: CommandLine) -> None:
    words = ("--all", "--metrics", "exact", "--quiet")
    recorded = type_("baseline", "record", *words, "--out", "kept/base.jsonl")
    assert recorded.code == 0, recorded
    assert "58.4 M" in recorded.out
    again = type_("baseline", "record", *words, "--out", "new.jsonl", "--json")
    rows = json.loads(again.out)["rows"]
    assert [row["row"].split()[0] for row in rows] == list(THE_SIX)
    assert rows[0]["parameters"] == 73_450
    assert all(row["seconds"] is None and row["records"] == 1 for row in rows)
    assert type_("compare", "kept/base.jsonl", "new.jsonl", "--metrics", "exact").code == 0
    assert not list((type_.folder / "kept").glob(".*")), "nothing is left beside it"


def test_counts_stand_in_rows_that_are_the_same_on_every_machine(type_: CommandLine) -> None:
    type_("baseline", "record", "lenet", "--metrics", "exact", "--out", "base.jsonl")
    [record] = read_journal(type_.folder / "base.jsonl").records
    place = record.spec.placement
    assert (place.device, place.precision, place.threads, place.keeps_memory) == ("cpu", "fp32", 1, False)
    assert record.spec.data.source == "turntable"
    assert not (type_.folder / "dataset").exists(), "no picture is needed"


ROWS = """
[[gate.row]]
model = "lenet"
precision = "bf16"
data = "coil20"

[[gate.row]]
model = "lenet"
compile = true
threads = 2

[[gate.row]]
model = "alexnet"
name = "ours"
device = "cuda"

[[gate.row]]
model = "lenet"
checkpoint = "weights/lenet.pt"
"""


def test_rows_with_settings_and_checkpoints_are_counted_and_compared_as_is_documented(type_: CommandLine) -> None:
    """A count is the same in every place and form, and nothing of a checkpoint is counted."""
    (type_.folder / "benchbox.toml").write_text(ROWS)
    for file in ("base.jsonl", "new.jsonl"):
        recorded = type_("baseline", "record", "--metrics", "exact", "--out", file)
        assert recorded.code == 0, recorded
        assert "left out, since only exact is gated: lenet evaluate b64@128" in recorded.err
    assert len(read_journal(type_.folder / "base.jsonl").records) == 2, "the same network is counted once"
    compared = type_("compare", "base.jsonl", "new.jsonl", "--metrics", "exact", "--json")
    assert compared.code == 0, compared
    report = json.loads(compared.out)
    assert {seen["row"] for seen in report["verdicts"] if seen["state"] == "PASS"} == {"lenet infer b8@128", "ours"}
    [skipped] = [seen["row"] for seen in report["verdicts"] if seen["state"] == "SKIPPED"]
    assert skipped == "lenet evaluate b64@128"
    assert f"left out, since only exact is gated: {skipped}" in report["notes"]


def test_nothing_to_count_is_refused_and_no_empty_file_stored(type_: CommandLine) -> None:
    (type_.folder / "benchbox.toml").write_text('[[gate.row]]\nmodel = "lenet"\ncheckpoint = "weights/lenet.pt"\n')
    outcome = type_("baseline", "record", "--metrics", "exact", "--out", "base.jsonl")
    assert outcome.code == 2
    assert "metrics exact of lenet evaluate b64@128" in outcome.err
    assert "--metrics exact,accuracy" in outcome.err
    assert not (type_.folder / "base.jsonl").exists()


def test_a_network_that_cannot_be_made_stores_nothing(type_: CommandLine) -> None:
    (type_.folder / "nets.py").write_text("def broken(classes):\n    raise ValueError('no such layer')\n")
    outcome = type_("baseline", "record", "nets.py:broken", "--metrics", "exact", "--out", "base.jsonl")
    assert outcome.code == 3
    assert "no such layer" in outcome.err
    assert "nothing was stored" in outcome.err
    assert not (type_.folder / "base.jsonl").exists()


def test_rows_are_not_lost_unasked(type_: CommandLine) -> None:
    words = ("--metrics", "exact", "--out", "base.jsonl", "--quiet")
    assert type_("baseline", "record", "lenet", "alexnet", *words).code == 0
    before = (type_.folder / "base.jsonl").read_bytes()
    outcome = type_("baseline", "record", "lenet", *words)
    assert outcome.code == 2
    assert "rows that are not measured now: alexnet infer b8@128" in outcome.err
    assert (type_.folder / "base.jsonl").read_bytes() == before
    assert type_("baseline", "record", "lenet", "--force", *words).code == 0
    assert len(read_journal(type_.folder / "base.jsonl").records) == 1


def test_a_file_that_is_no_baseline_is_not_written_over(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("do not lose me")
    with pytest.raises(RecordError, match="is no baseline"):
        refuse_loss(tmp_path / "notes.txt", [], is_forced=False)


def rows(*models: str) -> list[GateRow]:
    specs = [sample_spec(model, "infer", batch_size=8) for model in models]
    return [GateRow(spec=spec, name=row_name(spec)) for spec in specs]


@pytest.fixture
def twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):  # type: ignore[no-untyped-def]
    """Measures a baseline's two series by fakes: records and disagreements."""
    monkeypatch.chdir(tmp_path)

    def measure(pairs: Callable[..., object], **settings: object):  # type: ignore[no-untyped-def]
        gate = make_gate(rows("lenet", "alexnet"), Settings(pairs=(7, 8), **settings), today="")  # type: ignore[arg-type]
        return gate_record.measure_twice(
            gate,
            folder=tmp_path,
            observer=ignore,
            tell=lambda line: None,
            pairs=pairs,  # type: ignore[arg-type]
            memory=FakeMemory(),
        )

    return measure


class Drifting(FakePairs):
    """Of the series after the first, LeNet is slower, by itself and not by the machine."""

    def pair(self, series, number, *, arms):  # type: ignore[no-untyped-def]
        made = super().pair(series, number, arms=2)
        return type(made)(
            number=number,
            records=(made.records[1 if series.first else 0],),
            schedule=made.schedule,
            identities=made.identities[:1],
            seconds=made.seconds,
        )


def test_two_series_that_agree_are_stored_whole(twice) -> None:  # type: ignore[no-untyped-def]
    records, apart = twice(FakePairs())
    assert apart == ()
    assert len(records) == 2 * 7 * 2
    assert len({(record.case, record.spec.repeat) for record in records}) == len(records)


def test_series_that_disagree_are_named_with_both_numbers(twice) -> None:  # type: ignore[no-untyped-def]
    _, apart = twice(Drifting(slower={"lenet": 1.04}))
    [verdict] = apart
    assert verdict.row.startswith("lenet")
    assert verdict.bounds.value == pytest.approx(1.04, abs=0.005)
    assert twice(Drifting(slower={"lenet": 1.04}), preset="shared")[1] == ()
    assert twice(Drifting(slower={"lenet": 0.96}))[1] != (), "being faster is no agreement either"


def test_memory_is_measured_in_processes_of_its_own_where_it_is_asked_for(twice) -> None:  # type: ignore[no-untyped-def]
    records, apart = twice(FakePairs(), metrics=("time", "memory"))
    assert apart == ()
    assert sum(not record.actual.in_turns for record in records) == 3 * 2


def test_a_process_that_broke_is_told(twice) -> None:  # type: ignore[no-untyped-def]
    records, _ = twice(FakePairs(failing={"alexnet": 1}))
    assert failures(records) == ("alexnet infer b8@128 bf16, process 1: crashed: it fell over",)


def test_what_is_accepted_of_the_code_stops_no_recording(twice) -> None:  # type: ignore[no-untyped-def]
    accepted = Accepted(row="*", metric="time", bound=0.2, reason="a new head", expires="2026-12-31")
    assert twice(FakePairs(), accepted=(accepted,))[1] == ()
    assert twice(Drifting(slower={"lenet": 1.04}), accepted=(accepted,))[1] != (), "nor does it hide a disagreement"


@pytest.mark.parametrize("metrics", [("exact", "memory"), ("memory",), ("exact", "accuracy")])
def test_nothing_is_timed_that_nobody_asked_for(twice, metrics: tuple[str, ...]) -> None:  # type: ignore[no-untyped-def]
    pairs = FakePairs()
    records, apart = twice(pairs, metrics=metrics)
    assert (pairs.series, apart) == ([], ())
    assert len(records) == 2 * (3 if "memory" in metrics else 1)
    assert all(record.values("parameters") and not record.values("sample_seconds") for record in records)


def test_a_disagreement_is_told_in_the_words_of_its_metric() -> None:
    bounds = Bounds(value=1.04, low=1.03, high=1.05, count=7, method="t")
    slower = Verdict(
        case="c",
        row="lenet",
        metric="sample_seconds",
        group="time",
        state="FAIL",
        base=0.020,
        new=0.0208,
        bounds=bounds,
        margin=0.025,
    )
    said = disagreement(slower)
    assert said.startswith("lenet, time: 20.0 ms in the first series, 20.8 ms in the second")
    assert "1.040×" in said
    assert said.endswith("within 1.025×")
    unlike = Verdict(
        case="c",
        row="lenet",
        metric="flops",
        group="exact",
        state="NONDETERMINISTIC",
        reason="1 and 2 were counted",
    )
    assert disagreement(unlike) == "lenet, FLOP: NONDETERMINISTIC: 1 and 2 were counted"
    broken = Verdict(case="c", row="lenet", metric="", group="exact", state="ERROR", reason="crashed: it fell over")
    assert disagreement(broken) == "lenet: ERROR: crashed: it fell over"


ANSWERS = "picture,label,predicted,probability,label_rank\n"
FIRST, SECOND = f"{ANSWERS}a.png,one,one,0.9,1\n", f"{ANSWERS}a.png,one,two,0.9,2\n"


def scored(folder: Path, answers: str) -> Record:
    """An evaluation that left its answers in a folder."""
    path = folder / "predictions" / "lenet.csv"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(answers)
    return eval_record(correct=answers.count(",1\n"), predictions="predictions/lenet.csv")


def test_baselines_of_one_folder_have_predictions_of_their_own(tmp_path: Path) -> None:
    for name, answers in (("v1", FIRST), ("v2", SECOND)):
        made = tmp_path / f"made-{name}"
        store(tmp_path / "kept" / f"{name}.jsonl", [scored(made, answers)], folder=made)
    for name, is_right in (("v1", True), ("v2", False)):
        file = tmp_path / "kept" / f"{name}.jsonl"
        [record] = read_journal(file).records
        assert record.files["checkpoint"] == "reports/latest-train/lenet-best.pt", "it lies where it lay"
        [seen] = load_arm(file).answers.values()
        assert seen == {"a.png": is_right}


def test_a_refused_recording_leaves_an_older_baseline_as_it_is(
    type_: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = type_.folder / "base.jsonl"
    store(kept, [scored(type_.folder / "made", FIRST)], folder=type_.folder / "made")
    before = {path: path.read_bytes() for path in (kept, *type_.folder.glob("predictions/**/*.csv"))}
    assert len(before) == 2
    disagrees = Verdict(case="c", row="lenet", metric="flops", group="exact", state="FAIL", reason="1 more")

    def measure(gate: object, *, folder: Path, **_: object) -> tuple[tuple[Record, ...], tuple[Verdict, ...]]:
        return (scored(folder, SECOND),), (disagrees,)

    row = GateRow(spec=sample_spec("lenet", "evaluate"), name="lenet")
    monkeypatch.setattr("benchbox.cli.baseline.resolve_rows", lambda wanted, output: (row,))
    monkeypatch.setattr(gate_record, "measure_twice", measure)
    outcome = type_("baseline", "record", "lenet", "--out", "base.jsonl")
    assert outcome.code == 3, outcome
    assert "lenet, FLOP: FAIL: 1 more" in outcome.err
    assert "--seconds" not in outcome.err, "longer series change no count"
    after = {path: path.read_bytes() for path in (kept, *type_.folder.glob("predictions/**/*.csv"))}
    assert after == before


def test_what_is_shown_of_a_baseline(type_: CommandLine) -> None:
    write(type_.folder / "base.jsonl", stored())
    shown = type_("baseline", "show", "base.jsonl", "--today", "2026-11-24")
    assert shown.code == 0
    for words in ("lenet infer b8@128", "20.0 ms", "2.5", "286 MiB", "0123abc", "Test CPU 9000", "0 days ago"):
        assert words in shown.out
    document = json.loads(type_("baseline", "show", "base.jsonl", "--json", "--today", "2026-12-24").out)
    assert document["age_days"] == 30
    assert document["doubts"][0] == "it is 30 days old: record a new one"
    assert document["rows"][0]["to_control"] == pytest.approx(2.5, rel=0.01)
    assert document["rows"][0]["records"] == 6


@pytest.mark.parametrize(
    ("today", "torch", "said"),
    [
        ("2026-12-08", "2.14.1+cpu", []),
        ("2026-12-09", "2.14.1", ["it is 15 days old"]),
        ("2026-11-23", "2.14.1", ["it was made 1 day after today"]),
        ("2026-11-24", "2.15.0", ["with torch 2.14.1, and here is 2.15.0"]),
    ],
)
def test_a_baseline_is_doubted_for_a_reason(tmp_path: Path, today: str, torch: str, said: list[str]) -> None:
    arm = load_arm(write(tmp_path / "base.jsonl", stored()), today=today)
    found = doubts(arm, torch=torch)
    assert len(found) == len(said)
    assert all(part in whole for part, whole in zip(said, found, strict=True))


def test_a_baseline_that_is_not_there_is_refused(type_: CommandLine) -> None:
    outcome = type_("baseline", "show", "nowhere.jsonl")
    assert outcome.code == 2
    assert "no records at nowhere.jsonl" in outcome.err


@pytest.mark.parametrize(
    ("words", "part"),
    [
        ([], "rows: got 'none'"),
        (["lenet", "--all"], "names or --all"),
        (["lenet", "--metrics", "speed"], "--metrics: got 'speed'"),
        (["lenet", "--pairs", "0"], "--pairs: got '0-0'"),
    ],
)
def test_what_cannot_be_recorded_is_refused(type_: CommandLine, words: list[str], part: str) -> None:
    outcome = type_("baseline", "record", *words)
    assert outcome.code == 2
    assert part in outcome.err


FAST = ("--device", "cpu", "--threads", "1", "--image-size", "64", "--precision", "fp32", "--fit", "0")


def test_a_bench_is_compared_with_a_baseline_at_its_end(
    type_: CommandLine, pictures: Path, own_networks: Path
) -> None:
    (type_.folder / "benchbox.toml").write_text('[gate]\nmetrics = ["exact"]\n')
    bench = ("bench", f"{own_networks}:small", "--data", pictures, "--budget", "1", *FAST)
    assert type_(*bench, "--out", "first").code == 0
    outcome = type_(*bench, "--out", "first", "--baseline", "first/latest", "--json")
    assert outcome.code == 0, outcome
    assert json.loads(outcome.out)["command"] == "bench"
    assert "exit code 0" in outcome.err
    report = decode_report((type_.folder / "first" / "latest" / "gate.json").read_bytes())
    assert not report.is_self, "the link is to the report itself by then"
    write(type_.folder / "other.jsonl", stored(["lenet"]))
    missing = type_(*bench, "--baseline", "other.jsonl")
    assert missing.code == 1
    assert "MISSING" in missing.out
    assert missing.out.index("Speed, size and accuracy") < missing.out.index("MISSING")


def test_a_baseline_for_a_bench_is_looked_for_before_anything_runs(type_: CommandLine, pictures: Path) -> None:
    outcome = type_("bench", "lenet", "--data", pictures, "--baseline", "nowhere.jsonl", *FAST)
    assert outcome.code == 2
    assert "no records at nowhere.jsonl" in outcome.err
    assert not (type_.folder / "reports").exists()
    (type_.folder / "benchbox.toml").write_text("[gate]\nmargn = 1\n")
    write(type_.folder / "base.jsonl", stored(["lenet"]))
    assert type_("bench", "lenet", "--data", pictures, "--baseline", "base.jsonl", *FAST).code == 2
    accepted = '[[gate.accepted]]\nrow = "*"\nmetric = "time"\nbound = 0.2\nreason = "a new head"\n'
    (type_.folder / "benchbox.toml").write_text(f"{accepted}expires = 2020-01-01\n")
    expired = type_("bench", "lenet", "--data", pictures, "--baseline", "base.jsonl", *FAST)
    assert expired.code == 2
    assert "expired on 2020-01-01" in expired.err
    assert not (type_.folder / "reports").exists()
