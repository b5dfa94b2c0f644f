"""Baselines: which two series may be stored as one, and when one is too old."""

from pathlib import Path
from typing import Any

import pytest
from factories import failed_record
from records import judged, stored, write

from benchbox.gate.baseline import disagreeing, doubts, failures, lost_rows
from benchbox.gate.evidence import load_arm
from benchbox.gate.verdict import Verdict
from benchbox.records.record import Record


def apart(first: list[Record], second: list[Record], **rules: Any) -> tuple[Verdict, ...]:
    return disagreeing(judged(first, second, mode="stored", groups=("exact", "time"), **rules))


def test_series_that_agree_may_be_stored() -> None:
    assert apart(stored(), stored(seed=1)) == ()


@pytest.mark.parametrize("slower", [1.04, 0.96])
def test_times_that_differ_by_more_than_the_margin_do_not_agree(slower: float) -> None:
    assert {seen.group for seen in apart(stored(), stored(seed=1, slower=slower))} == {"time"}
    assert apart(stored(), stored(seed=1, slower=slower), margin=0.05) == ()


def test_times_that_were_never_compared_do_not_agree() -> None:
    found = apart(stored(processes=1), stored(processes=1, seed=1))
    assert [(seen.group, seen.state, seen.bounds) for seen in found] == [("time", "INCONCLUSIVE", None)] * 2


def test_what_failed_and_what_would_be_lost_is_named() -> None:
    assert failures([*stored(), failed_record("lenet", "infer", repeat=7)]) == (
        "lenet infer b32@128 bf16, process 7: crashed: the process ended with SIGKILL",
    )
    old, new = (tuple(record.spec for record in stored(models)) for models in (("lenet", "alexnet"), ("lenet",)))
    assert lost_rows(old, new) == ("alexnet infer b32@128 bf16",)
    assert lost_rows(new, old) == ()


@pytest.mark.parametrize(
    ("today", "said"), [("2026-11-23", "1 day after today"), ("2026-11-22", "2 days after today")]
)
def test_a_baseline_of_tomorrow_is_doubted(tmp_path: Path, today: str, said: str) -> None:
    found = doubts(load_arm(write(tmp_path / "base.jsonl", stored()), today=today), torch="2.14.1")
    assert [said in doubt for doubt in found] == [True]
