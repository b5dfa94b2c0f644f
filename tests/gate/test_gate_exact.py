"""Counts: an increase fails on every machine, a decrease asks for a new baseline, and all processes count alike."""

import msgspec
import pytest
from factories import measured, with_actual
from factories_machine import sample_fingerprint
from records import cell, judged

from benchbox.gate.verdict import Verdict
from benchbox.records.record import Record


def counted_cell(parameters: float = 100, *, repeat: int = 0, **others: float) -> Record:
    counts = {"parameters": parameters, "buffers": 0, "weight_bytes": 4 * parameters, "flops": 1e6, **others}
    return msgspec.structs.replace(cell(repeat=repeat), measurements=measured(**counts))


def verdicts(base: list[Record], new: list[Record]) -> dict[str, Verdict]:
    return {seen.metric: seen for seen in judged(base, new, mode="stored", groups=("exact",)).verdicts}


def test_every_count_of_the_base_has_a_verdict() -> None:
    seen = verdicts([counted_cell()], [counted_cell()])
    assert {metric: each.state for metric, each in seen.items()} == dict.fromkeys(
        ("parameters", "buffers", "weight_bytes", "flops"), "PASS"
    )


@pytest.mark.parametrize(("parameters", "state"), [(101, "FAIL"), (99, "IMPROVED"), (100, "PASS")])
def test_one_parameter_decides(parameters: float, state: str) -> None:
    seen = verdicts([counted_cell()], [counted_cell(parameters)])["parameters"]
    assert seen.state == state
    assert (seen.base, seen.new) == (100, parameters)
    assert seen.bounds is not None
    assert seen.bounds.low == seen.bounds.high == parameters / 100


def test_a_first_buffer_fails_though_it_has_no_ratio() -> None:
    seen = verdicts([counted_cell()], [counted_cell(buffers=1)])["buffers"]
    assert seen.state == "FAIL"
    assert seen.bounds is None


@pytest.mark.parametrize("side", [0, 1])
def test_counts_that_differ_within_an_arm_are_no_counts(side: int) -> None:
    arms = [[counted_cell(repeat=repeat) for repeat in (0, 1)] for _ in (0, 1)]
    arms[side][1] = counted_cell(101, repeat=1)
    seen = verdicts(*arms)["parameters"]
    assert seen.state == "NONDETERMINISTIC"
    assert "100 and 101" in seen.reason


def test_another_machine_counts_the_same() -> None:
    other = msgspec.structs.replace(counted_cell(101), fingerprint=sample_fingerprint(cpu="Other CPU"))
    assert verdicts([counted_cell()], [other])["parameters"].state == "FAIL"


def test_another_number_of_classes_is_another_network() -> None:
    seen = verdicts([counted_cell()], [with_actual(counted_cell(101), classes=("one", "two"))])
    assert {each.state for each in seen.values()} == {"INCOMPARABLE"}
    assert seen["parameters"].reason == "classes: 20 → 2"


def test_a_count_that_new_does_not_tell_is_missing() -> None:
    bare = msgspec.structs.replace(cell(), measurements=measured(parameters=100))
    seen = verdicts([counted_cell()], [bare])
    assert (seen["parameters"].state, seen["flops"].state) == ("PASS", "MISSING")
    assert list(verdicts([bare], [counted_cell()])) == ["parameters"]
