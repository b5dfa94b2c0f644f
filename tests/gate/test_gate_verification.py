"""The ledger of the gate's proof: lines that stay whole, and rates that say no more than was seen."""

import math
import os
import stat
from pathlib import Path
from typing import Any

import msgspec
import pytest
from factories_machine import sample_fingerprint
from hypothesis import given
from hypothesis import strategies as st

from benchbox.errors import RecordError, StorageError
from benchbox.gate.verdict import Bounds, ControlSeen, GateReport, Series, Source, State, Verdict
from benchbox.gate.verification import (
    Kind,
    OperatingCharacteristic,
    Setting,
    Trial,
    TrialRow,
    append_trial,
    make_trial,
    operating_characteristic,
    rate,
    read_ledger,
)
from benchbox.records.fingerprint import short_hash

MADE = "2026-11-24T10:00:00+00:00"


def bounds(value: float, half: float = 0.01) -> Bounds:
    return Bounds(value=value, low=value * (1 - half), high=value * (1 + half), count=8, method="t")


def row(state: State = "PASS", value: float = 1.0, **changes: Any) -> TrialRow:
    fields: dict[str, Any] = {
        "case": "a",
        "row": "a",
        "bounds": bounds(value),
        "differences": (0.0, 0.01),
        **changes,
    }
    return TrialRow(state=state, **fields)


def trial(kind: Kind = "same", *rows: TrialRow, **changes: Any) -> Trial:
    fields: dict[str, Any] = {
        "preset": "default",
        "margin": 0.025,
        "made": MADE,
        "fingerprint": "f00d",
        "commit": "abc",
        "code": 0,
        "seconds": 120.0,
        **changes,
    }
    return Trial(kind=kind, rows=rows or (row(),), **fields)


def setting(seen: OperatingCharacteristic, *, is_altered: bool = False) -> Setting:
    return next(each for each in seen.settings if each.is_altered is is_altered)


def report() -> GateReport:
    def verdict(case: str, group: Any, state: State) -> Verdict:
        return Verdict(
            case=case,
            row=f"row {case}",
            metric="sample_seconds" if group == "time" else "parameters",
            group=group,
            state=state,
            bounds=bounds(1.05),
            confirmed=bounds(1.06) if state == "FAIL" else None,
            series=Series(differences=(0.04, 0.05)),
            confirmation=Series(differences=(0.06,)),
        )

    return GateReport(
        mode="A/B",
        preset="shared",
        margin=0.05,
        groups=("exact", "time"),
        base=Source(asked="main", commit="base0"),
        new=Source(asked=".", commit="new0", fingerprint=sample_fingerprint()),
        control=ControlSeen(bounds=bounds(1.001), floor=0.01, is_clean=True),
        verdicts=(verdict("a", "exact", "PASS"), verdict("a", "time", "FAIL"), verdict("b", "time", "PASS")),
        code=1,
        conclusion="FAIL",
    )


def test_a_gates_report_becomes_a_trial_of_its_times() -> None:
    made = make_trial(
        report(), kind="slower", made=MADE, seconds=90.0, injected=0.05, altered=("a",), audited={"a": 1.048}
    )
    assert [(each.case, each.state, each.is_altered, each.audited) for each in made.rows] == [
        ("a", "FAIL", True, 1.048),
        ("b", "PASS", False, None),
    ]
    assert made.rows[0].differences == (0.04, 0.05)
    assert made.rows[0].confirmation == (0.06,)
    assert made.rows[0].confirmed == bounds(1.06)
    assert (made.preset, made.margin, made.code, made.commit) == ("shared", 0.05, 1, "base0")
    assert made.fingerprint == short_hash(sample_fingerprint())
    assert made.control == bounds(1.001)


def test_a_gate_without_control_and_fingerprint_is_a_trial_too() -> None:
    bare = msgspec.structs.replace(report(), control=None, new=Source(asked="."))
    made = make_trial(bare, kind="same", made=MADE, seconds=1.0)
    assert (made.fingerprint, made.control) == ("", None)
    assert [each.truth for each in made.rows] == [1.0, 1.0]


def test_what_is_appended_is_read_again_in_order(tmp_path: Path) -> None:
    ledger = tmp_path / "gate" / "ledger.jsonl"
    trials = (trial(), trial("burner"), trial("slower", row("FAIL", is_altered=True, audited=1.1), injected=0.1))
    for each in trials:
        append_trial(ledger, each)
    assert read_ledger(ledger) == trials


def test_no_ledger_holds_no_trials(tmp_path: Path) -> None:
    assert read_ledger(tmp_path / "ledger.jsonl") == ()


@given(cut=st.integers(0, 80))
def test_a_line_that_was_cut_off_is_left_out_and_then_replaced(
    tmp_path_factory: pytest.TempPathFactory, cut: int
) -> None:
    ledger = tmp_path_factory.mktemp("gate") / "ledger.jsonl"
    append_trial(ledger, trial())
    with ledger.open("ab") as file:
        file.write(msgspec.json.encode(trial("burner"))[:cut])
    assert read_ledger(ledger) == (trial(),)
    append_trial(ledger, trial("same", code=1))
    assert read_ledger(ledger) == (trial(), trial("same", code=1))


@pytest.mark.parametrize("damaged", [b'{"kind": "sa\n', b'{"kind": "other"}\n', b"[]\n", b"\xff\n", b"\n"])
def test_other_damage_is_an_error_that_names_the_line(tmp_path: Path, damaged: bytes) -> None:
    ledger = tmp_path / "ledger.jsonl"
    append_trial(ledger, trial())
    with ledger.open("ab") as file:
        file.write(damaged)
    with pytest.raises(RecordError, match=r"ledger\.jsonl, line 2"):
        read_ledger(ledger)


def test_a_later_schema_is_refused(tmp_path: Path) -> None:
    ledger = tmp_path / "ledger.jsonl"
    append_trial(ledger, trial(schema=99))
    with pytest.raises(RecordError, match="schema 99"):
        read_ledger(ledger)


def test_a_trial_that_could_not_be_read_again_is_not_written(tmp_path: Path) -> None:
    ledger = tmp_path / "ledger.jsonl"
    append_trial(ledger, trial())
    before = ledger.read_bytes()
    with pytest.raises(ValueError, match="float"):
        append_trial(ledger, trial("same", row(differences=(math.nan,))))
    assert ledger.read_bytes() == before


def test_a_disk_that_refuses_leaves_the_ledger_as_it_was(tmp_path: Path) -> None:
    ledger = tmp_path / "ledger.jsonl"
    append_trial(ledger, trial())
    before = ledger.read_bytes()

    def refuse(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    with pytest.raises(StorageError, match="No space left"):
        append_trial(ledger, trial("burner"), sync=refuse)
    assert ledger.read_bytes() == before


def test_a_line_is_on_the_disk_before_the_next_gate(tmp_path: Path) -> None:
    synced: list[bool] = []

    def sync(descriptor: int) -> None:
        synced.append(stat.S_ISDIR(os.fstat(descriptor).st_mode))

    append_trial(tmp_path / "ledger.jsonl", trial(), sync=sync)
    assert synced == [False, True]


def test_nothing_of_three_hundred_is_at_most_one_percent() -> None:
    # The rule of three: 3 / 300.
    seen = rate(0, 300)
    assert seen is not None
    assert (seen.value, seen.low) == (0.0, 0.0)
    assert seen.high == pytest.approx(1 - 0.05 ** (1 / 300))
    assert 0.0099 < seen.high < 0.01


def test_all_of_twenty_is_at_least_eighty_six_percent() -> None:
    seen = rate(20, 20)
    assert seen is not None
    assert seen.high == 1.0
    assert seen.low == pytest.approx(0.05 ** (1 / 20))


def test_a_rate_of_nothing_is_none() -> None:
    assert rate(0, 0) is None


@given(st.integers(1, 400), st.floats(0, 1))
def test_a_rate_lies_within_its_bounds(total: int, share: float) -> None:
    seen = rate(round(share * total), total)
    assert seen is not None
    assert 0 <= seen.low <= seen.value <= seen.high <= 1


def test_an_empty_ledger_says_nothing() -> None:
    seen = operating_characteristic(())
    assert (seen.settings, seen.gates, seen.first, seen.last) == ((), 0, "", "")


def test_false_alarms_are_counted_by_row_and_by_gate() -> None:
    quiet = trial("same", row(), row(), row())
    alarmed = trial("same", row("FAIL", 1.1), row("FAIL", 1.1), row(), code=1)
    seen = setting(operating_characteristic((quiet,) * 9 + (alarmed,)))
    assert seen.failed_rows is not None
    assert seen.failed_gates is not None
    assert (seen.failed_rows.count, seen.failed_rows.total) == (2, 30)
    assert (seen.failed_gates.count, seen.failed_gates.total) == (1, 10)
    assert seen.states == {"PASS": 28, "FAIL": 2}
    assert seen.codes == {0: 9, 1: 1}
    assert seen.share("FAIL") == pytest.approx(2 / 30)


def test_a_gate_of_equal_arms_that_exits_as_a_regression_is_a_false_alarm_whatever_its_times_say() -> None:
    seen = setting(operating_characteristic((trial("same", row(), code=1),)))
    assert seen.failed_rows is not None
    assert seen.failed_gates is not None
    assert (seen.failed_rows.count, seen.failed_gates.count) == (0, 1)


def test_what_is_contaminated_is_counted_and_does_not_pass() -> None:
    seen = setting(operating_characteristic((trial("burner", row("CONTAMINATED"), row("INCONCLUSIVE"), code=3),)))
    assert seen.share("PASS") == 0
    assert seen.share("CONTAMINATED", "INCONCLUSIVE") == 1


def test_slowed_rows_and_their_neighbours_are_settings_of_their_own() -> None:
    slowed = row("FAIL", 1.05, is_altered=True, audited=1.049)
    seen = operating_characteristic((trial("slower", slowed, row(), row(), injected=0.05, code=1),))
    altered, others = setting(seen, is_altered=True), setting(seen)
    assert (altered.rows, others.rows) == (1, 2)
    assert altered.failed_rows is not None
    assert others.failed_gates is not None
    assert altered.failed_rows.value == 1
    # The gate exits as a regression, and rightly so: its other rows raised no alarm.
    assert others.failed_gates.count == 0
    assert altered.audited == pytest.approx(0.049)


def test_an_alarm_beside_a_slowed_row_is_one_of_the_others() -> None:
    rows = (row("PASS", is_altered=True, audited=1.01), row("FAIL", 1.1))
    seen = operating_characteristic((trial("slower", *rows, injected=0.01, code=1),))
    altered, others = setting(seen, is_altered=True), setting(seen)
    assert altered.failed_gates is not None
    assert others.failed_gates is not None
    assert (altered.failed_gates.count, others.failed_gates.count) == (0, 1)


def test_coverage_and_error_are_those_against_the_audited_slowdown() -> None:
    rows = tuple(row("FAIL", value, is_altered=True, audited=1.10) for value in (1.10, 1.105, 1.20))
    seen = setting(operating_characteristic((trial("slower", *rows, injected=0.1),)), is_altered=True)
    assert seen.coverage is not None
    assert (seen.coverage.count, seen.coverage.total) == (2, 3)
    expected = math.prod(value / 1.10 for value in (1.10, 1.105, 1.20)) ** (1 / 3) - 1
    assert seen.error == pytest.approx(expected)


def test_a_slowdown_that_nobody_audited_covers_nothing() -> None:
    seen = setting(
        operating_characteristic((trial("slower", row(is_altered=True), injected=0.1),)), is_altered=True
    )
    assert (seen.audited, seen.coverage, seen.error) == (None, None, None)


def test_of_equal_arms_the_truth_is_known() -> None:
    seen = setting(operating_characteristic((trial("same", row(value=1.0), row(value=1.3)),)))
    assert seen.coverage is not None
    assert (seen.coverage.count, seen.coverage.total) == (1, 2)


def test_a_row_without_bounds_is_counted_by_its_state_alone() -> None:
    seen = setting(operating_characteristic((trial("same", row("ERROR", bounds=None), code=1),)))
    assert (seen.states, seen.coverage, seen.pairs, seen.half_width) == ({"ERROR": 1}, None, None, None)


def test_a_gate_without_any_row_is_a_gate() -> None:
    seen = setting(operating_characteristic((msgspec.structs.replace(trial(code=3), rows=()),)))
    assert (seen.gates, seen.rows, seen.failed_rows, seen.share("PASS")) == (1, 0, None, 0.0)


def test_settings_come_by_kind_margin_and_injection() -> None:
    def slower(injected: float, margin: float) -> Trial:
        return trial("slower", row(is_altered=True), injected=injected, margin=margin, preset=f"of {margin}")

    trials = (trial("burner"), slower(0.1, 0.05), slower(0.1, 0.025), slower(0.05, 0.025), trial(), trial())
    seen = operating_characteristic(trials)
    assert [(each.kind, each.margin, each.injected, each.gates) for each in seen.settings] == [
        ("same", 0.025, 0.0, 2),
        ("slower", 0.025, 0.05, 1),
        ("slower", 0.025, 0.1, 1),
        ("slower", 0.05, 0.1, 1),
        ("burner", 0.025, 0.0, 1),
    ]


def test_a_curve_goes_from_equal_arms_to_the_largest_slowdown_and_leaves_the_neighbours_out() -> None:
    trials = [
        trial("slower", row("FAIL", is_altered=True, audited=1 + injected), row(), injected=injected)
        for injected in (0.1, 0.03)
    ]
    seen = operating_characteristic((trial(), trial("burner"), *trials, trial(preset="shared", margin=0.05)))
    assert seen.scales == (("default", 0.025), ("shared", 0.05))
    curve = seen.curve("default", 0.025)
    assert [(each.kind, each.injected, each.is_altered) for each in curve] == [
        ("same", 0.0, False),
        ("slower", 0.03, True),
        ("slower", 0.1, True),
    ]


def test_what_the_numbers_rest_on_is_told() -> None:
    later = "2026-11-25T08:00:00+00:00"
    seen = operating_characteristic((trial(made=later), trial(commit="def"), trial(fingerprint="beef")))
    assert (seen.gates, seen.first, seen.last, seen.seconds) == (3, MADE, later, 360.0)
    assert seen.hosts == {"f00d": 2, "beef": 1}
    assert seen.commits == {"abc": 2, "def": 1}
