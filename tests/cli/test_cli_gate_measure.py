"""Both sides measured and judged: what is measured when, what is on the disk, what is measured a second time."""

import math
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from factories import eval_record, sample_identity, sample_spec
from journals import FakeMemory, FakePairs
from msgspec.structs import replace

from benchbox.cli.gate_live import expectation, make_gate
from benchbox.cli.gate_measure import FIRST_SHARE, Bench
from benchbox.cli.gate_rows import GateRow
from benchbox.errors import Interrupted, SpecError
from benchbox.gate.evidence import make_arm
from benchbox.gate.judge import judge
from benchbox.gate.naming import row_name
from benchbox.gate.settings import Settings
from benchbox.gate.verdict import GateReport, Group, Source
from benchbox.plan.gate import FIRST_OF_MEMORY
from benchbox.plan.spec import ModelSpec, RunSpec, case
from benchbox.records.events import ignore
from benchbox.records.journal import read_journal
from benchbox.records.record import Record
from benchbox.runner.places import ArmPlace
from benchbox.runner.rows_arm import ArmRefused
from benchbox.runner.scoring import Identified

PLACES = (ArmPlace(asked="main", root=Path("/a"), commit="abc"), ArmPlace(asked=".", root=Path("/b")))


def row(model: str) -> GateRow:
    spec = sample_spec(model, "infer", batch_size=8)
    return GateRow(spec=spec, name=row_name(spec))


ROWS = (row("lenet"), row("alexnet"), row("vgg16"))


class Clock:
    """Ten seconds pass at every look."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        self.now += 10.0
        return self.now


def bench(folder: Path, *, rows: Sequence[GateRow] = ROWS, globs: Sequence[str] = (), **options: Any) -> Bench:
    settings = options.pop("settings", Settings(pairs=(7, 8)))
    options = {"pairs": FakePairs(), "memory": FakeMemory(), "tell": ignore_line, "observer": ignore, **options}
    gate = make_gate(rows, settings, globs=globs, today="2026-11-24")
    return Bench(gate=gate, places=PLACES, folder=folder, **options)


def ignore_line(line: str) -> None:
    """Nobody reads it."""


def states(report: GateReport, group: str = "time") -> dict[str, str]:
    return {seen.row.split()[0]: seen.state for seen in report.verdicts if seen.group == group}


def test_equal_arms_pass_in_one_series_and_every_record_is_on_the_disk(tmp_path: Path) -> None:
    pairs, memory = FakePairs(), FakeMemory()
    report = bench(tmp_path, pairs=pairs, memory=memory).run()
    assert (report.code, report.mode, report.schedule) == (0, "A/B", "slices")
    assert states(report) == {"lenet": "PASS", "alexnet": "PASS", "vgg16": "PASS"}
    assert report.groups == ("exact", "time")
    assert len(pairs.series) == 1
    assert memory.series == []
    for name, arm in (("base", 0), ("new", 1)):
        written = read_journal(tmp_path / f"{name}.jsonl").records
        assert written == tuple(record for pair in pairs.made for record in pair.records[arm])


def test_a_series_ends_when_all_rows_and_the_control_are_known(tmp_path: Path) -> None:
    quiet, loud = FakePairs(noise=0.001), FakePairs(noise=0.2)
    bench(tmp_path, pairs=quiet, settings=Settings(pairs=(7, 20))).run()
    assert len(quiet.made) == 7
    bench(tmp_path, pairs=loud, settings=Settings(pairs=(7, 9))).run()
    assert len(loud.made) == 9


def test_what_fails_is_measured_a_second_time_alone_with_other_pairs_and_another_order(tmp_path: Path) -> None:
    pairs, said = FakePairs(slower={"alexnet": 1.10}), list[str]()
    report = bench(tmp_path, pairs=pairs, tell=said.append).run()
    assert states(report)["alexnet"] == "FAIL"
    assert report.code == 1
    first, second = pairs.series
    assert [spec.model.name for spec in second.specs] == ["alexnet"]
    assert (second.first, second.seed) == (first.most, first.seed + 1)
    assert next(seen for seen in report.verdicts if seen.state == "FAIL").confirmed is not None
    assert any(line == f"slower, so measured once more: {ROWS[1].name}" for line in said)


def test_what_does_not_come_again_is_not_reproduced(tmp_path: Path) -> None:
    pairs = FakePairs(slower=lambda series: {"alexnet": 1.10} if series.first == 0 else {})
    report = bench(tmp_path, pairs=pairs).run()
    assert states(report) == {"lenet": "PASS", "alexnet": "NOT_REPRODUCED", "vgg16": "PASS"}
    assert report.code == 0


def test_the_first_series_leaves_time_for_a_second(tmp_path: Path) -> None:
    pairs = FakePairs(slower={"alexnet": 1.10})
    bench(tmp_path, pairs=pairs, clock=Clock(), settings=Settings(pairs=(7, 7), time_limit=10)).run()
    first, second = pairs.deadlines
    assert second == 10 + 600
    assert first == pytest.approx(20 + FIRST_SHARE * (610 - 20))


class Watch:
    """A clock that only what is done moves on."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def pass_an_hour(self, number: int = 0) -> None:
        self.now += 3600


SCORED = GateRow(spec=sample_spec("lenet", "evaluate"), name="weights", own_name="weights")


def test_the_limit_begins_after_the_evaluations(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    watch, pairs = Watch(), FakePairs()

    def score(place: ArmPlace, specs: Sequence[RunSpec], **_: object) -> Iterator[Record]:
        watch.pass_an_hour()
        yield from (eval_record() for _ in specs)

    monkeypatch.setattr("benchbox.cli.gate_measure.score_rows", score)
    settings = Settings(pairs=(7, 7), time_limit=10)
    bench(tmp_path, rows=(*ROWS, SCORED), pairs=pairs, clock=watch, settings=settings).run()
    assert pairs.deadlines == [2 * 3600 + FIRST_SHARE * 600]


OWN = replace(sample_spec("lenet", "evaluate"), model=ModelSpec(name="nets.py:make"))


def evaluate_own(folder: Path, files: Sequence[str], monkeypatch: pytest.MonkeyPatch) -> GateReport:
    """The gate of a user's own network that was evaluated alone, imported by each arm from one of the files."""

    def score(
        place: ArmPlace, specs: Sequence[RunSpec], *, identified: Identified, **_: object
    ) -> Iterator[Record]:
        for spec in specs:
            identified([sample_identity(imported={case(spec): files[PLACES.index(place)]})])
            yield eval_record()

    monkeypatch.setattr("benchbox.cli.gate_measure.score_rows", score)
    return bench(folder, rows=(GateRow(spec=OWN, name="weights", own_name="weights"),)).run()


def test_evaluations_tell_what_they_imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    report = evaluate_own(tmp_path, ("nets.py", "nets.py"), monkeypatch)
    assert report.new.imported == {"weights": "nets.py"}
    assert report.is_self, "the files of both arms have the same hashes"


def test_evaluations_of_one_and_the_same_file_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ArmRefused, match=re.escape("both arms import nets.py:make from /other/nets.py")):
        evaluate_own(tmp_path, ("/other/nets.py", "/other/nets.py"), monkeypatch)


def test_a_pair_is_begun_whatever_time_memory_took(tmp_path: Path) -> None:
    watch, pairs = Watch(), FakePairs()
    bench(
        tmp_path,
        pairs=pairs,
        memory=FakeMemory(before=watch.pass_an_hour),
        clock=watch,
        settings=Settings(metrics=("time", "memory"), pairs=(7, 7), time_limit=10),
    ).run()
    [deadline] = pairs.deadlines
    assert watch.now < deadline < watch.now + 60


@pytest.mark.parametrize(
    ("metrics", "measured", "skipped"),
    [
        (("time",), "lenet", "weights"),
        (("exact", "memory"), "lenet", "weights"),
        (("accuracy",), "weights", "lenet"),
    ],
)
def test_rows_of_which_the_metrics_say_nothing_are_left_out_in_sight(
    metrics: tuple[Group, ...], measured: str, skipped: str
) -> None:
    gate = make_gate((ROWS[0], SCORED), Settings(metrics=metrics), today="2026-11-24")
    assert [each.name.split()[0] for each in gate.rows] == [measured]
    [note] = gate.notes
    assert note.startswith(f"left out, since only {' and '.join(metrics)} ")
    assert skipped in note
    report = judge(make_arm([], Source(asked="a")), make_arm([], Source(asked="b")), rules=gate.rules, mode="A/B")
    assert {seen.row.split()[0]: seen.state for seen in report.verdicts} == {
        measured: "MISSING",
        skipped: "SKIPPED",
    }


def test_the_report_says_what_was_left_out(tmp_path: Path) -> None:
    report = bench(tmp_path, rows=(*ROWS, SCORED), settings=Settings(metrics=("time",), pairs=(7, 7))).run()
    assert report.code == 0
    assert "left out, since only time is gated: weights" in report.notes


def test_metrics_that_no_row_has_are_refused_with_the_rows() -> None:
    with pytest.raises(SpecError, match=r"metrics: got 'accuracy'.*lenet infer b8@128"):
        make_gate(ROWS, Settings(metrics=("accuracy",)), today="")


@pytest.mark.parametrize(
    ("rows", "globs", "groups"),
    [
        (ROWS, (), ("exact", "time")),
        ((SCORED,), (), ("exact", "accuracy")),
        ((*ROWS, SCORED), (), ("exact", "time", "accuracy")),
        ((*ROWS, SCORED), ("lenet*",), ("exact", "time")),
        ((*ROWS, SCORED), ("weights",), ("exact", "accuracy")),
    ],
)
def test_what_is_gated_where_nobody_says_more_is_what_the_rows_have(
    rows: Sequence[GateRow], globs: tuple[str, ...], groups: tuple[Group, ...]
) -> None:
    gate = make_gate(rows, Settings(), globs=globs, today="")
    assert (gate.rules.groups, gate.rules.promised, gate.notes) == (groups, (), ())


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (ROWS, "3 rows, 7 to 8 pairs of fresh processes, 3 s a row and side; at most about 15 min"),
        ((SCORED,), "1 row; 1 evaluation"),
        (
            (ROWS[0], SCORED),
            "2 rows, 7 to 8 pairs of fresh processes, 3 s a row and side; at most about 15 min after",
        ),
    ],
)
def test_how_long_it_takes_is_said_before(rows: Sequence[GateRow], said: str) -> None:
    assert expectation(make_gate(rows, Settings(pairs=(7, 8)), today="")).startswith(said)


def test_memory_is_measured_in_rounds_of_its_own_where_it_is_asked_for(tmp_path: Path) -> None:
    memory = FakeMemory()
    report = bench(tmp_path, memory=memory, settings=Settings(metrics=("time", "memory"), pairs=(7, 7))).run()
    assert [pair.number - FIRST_OF_MEMORY for pair in memory.made] == [0, 1, 2]
    assert set(states(report, "memory").values()) == {"PASS"}


def test_counts_alone_need_one_round_and_no_pairs(tmp_path: Path) -> None:
    memory, pairs = FakeMemory(), FakePairs()
    report = bench(tmp_path, memory=memory, pairs=pairs, settings=Settings(metrics=("exact",))).run()
    assert (len(memory.made), pairs.series, report.code) == (1, [], 0)
    assert {seen.group for seen in report.verdicts} == {"exact"}


def test_a_row_that_breaks_in_new_fails_and_keeps_nobody_waiting(tmp_path: Path) -> None:
    pairs = FakePairs(failing={"vgg16": 2})
    report = bench(tmp_path, pairs=pairs, settings=Settings(pairs=(7, 20))).run()
    assert len(pairs.made) == 7
    broken = next(seen for seen in report.verdicts if seen.row.startswith("vgg16"))
    assert (broken.state, report.code) == ("ERROR", 1)
    assert "it fell over" in broken.reason


def test_what_is_left_out_is_skipped_and_not_measured(tmp_path: Path) -> None:
    pairs = FakePairs()
    report = bench(tmp_path, pairs=pairs, globs=("lenet*",)).run()
    assert [spec.model.name for spec in pairs.series[0].specs] == ["lenet"]
    assert states(report)["lenet"] == "PASS"
    assert [seen.row.split()[0] for seen in report.of_state("SKIPPED")] == ["alexnet", "vgg16"]
    assert report.code == 0


def test_a_glob_that_fits_no_row_is_refused_with_the_rows(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match=r"--rows: got 'resnet\*'.*lenet infer b8@128"):
        bench(tmp_path, globs=("resnet*",))


def test_after_a_signal_the_records_of_whole_pairs_are_there(tmp_path: Path) -> None:
    def interrupt(number: int) -> None:
        if number == 2:
            raise Interrupted

    with pytest.raises(Interrupted):
        bench(tmp_path, pairs=FakePairs(before=interrupt)).run()
    assert len(read_journal(tmp_path / "new.jsonl").records) == 2 * len(ROWS)


def test_a_line_after_every_pair_says_how_well_the_rows_are_known(tmp_path: Path) -> None:
    said = list[str]()
    bench(tmp_path, tell=said.append, pairs=FakePairs(noise=0.05), settings=Settings(pairs=(2, 4))).run()
    assert said[0] == "pair 1 of 2 to 4; at most about 30 s more"
    assert "is known to within a factor of two or more, wanted is ±1.5 %; at most about 20 s more" in said[1]
    assert "is known to ±" in said[2]
    assert "more" not in said[3]


def test_the_report_says_what_each_arm_was(tmp_path: Path) -> None:
    report = bench(tmp_path).run()
    assert (report.base.asked, report.base.commit, report.new.asked, report.new.commit) == (
        "main",
        "abc",
        ".",
        "0123abc",
    )
    assert report.new.imported == {each.name: "nets.py" for each in ROWS}
    assert report.base.digest != report.new.digest
    assert not report.is_self
    assert all(math.isfinite(seen.margin or 0.0) for seen in report.verdicts)
