"""Hard keys: which arms may be compared, in which groups, and how a difference is told."""

from collections.abc import Sequence
from typing import Any

import msgspec
import pytest
from factories import with_actual
from factories_machine import sample_fingerprint
from records import arm, cell, fits, judged, stored

from benchbox.gate.hard_keys import RowKeys, in_words, row_keys
from benchbox.gate.rows import RowSeen, rows_of
from benchbox.gate.verdict import KeyDifference, Mode
from benchbox.records.record import Record


def row(records: Sequence[Record]) -> RowSeen:
    return next(iter(rows_of(arm(records)).values()))


def keys(base: Sequence[Record], new: Sequence[Record], *, mode: Mode = "stored") -> RowKeys:
    return row_keys(row(base), row(new), mode=mode)


def at(*, repeat: int = 0, samples: Sequence[float] = (0.01, 0.02), **fingerprint: Any) -> Record:
    return cell(samples=samples, control=(0.008,), repeat=repeat, fingerprint=sample_fingerprint(**fingerprint))


def named(differences: Sequence[KeyDifference]) -> dict[str, tuple[str, str]]:
    return {seen.key: (seen.base, seen.new) for seen in differences}


def test_equal_machines_and_workloads_differ_in_nothing() -> None:
    assert keys([at()], [at(samples=(0.03,))]) == RowKeys()


def test_a_variable_that_is_not_set_is_told_so() -> None:
    seen = keys([at()], [at(variables={})])
    assert named(seen.machine) == {"variable OMP_NUM_THREADS": ("2", "not set")}


def test_an_instruction_set_that_is_gone_is_told_alone() -> None:
    seen = keys([at()], [at(instructions=("aes", "avx2"))])
    assert named(seen.machine) == {"instructions avx512_bf16": ("yes", "no")}


@pytest.mark.parametrize(("memory", "is_alike"), [(8.05, True), (7.95, True), (8.2, False), (16.0, False)])
def test_memory_within_one_percent_is_the_same(memory: float, is_alike: bool) -> None:
    assert (not keys([at()], [at(memory=int(memory * 2**30))]).machine) == is_alike


def test_a_process_elsewhere_makes_its_arm_two_machines() -> None:
    seen = keys([at(), at(repeat=1, cpu="Other CPU")], [at(), at(repeat=1)])
    assert named(seen.machine) == {"cpu": ("Test CPU 9000 and Other CPU", "Test CPU 9000")}


def test_what_a_gpu_has_must_be_known_on_one() -> None:
    seen = keys([at(device="cuda")], [at(device="cuda", samples=(0.5,))])
    assert set(named(seen.machine)) == {"gpu", "gpus", "gpu_memory", "driver", "cuda", "cudnn"}
    assert named(seen.machine)["driver"] == ("unknown", "unknown")


def test_of_arms_that_ran_here_the_release_may_differ_and_nothing_need_be_known() -> None:
    pairs = [at(device="cuda")], [at(device="cuda", benchbox="0.2.0")]
    assert keys(*pairs, mode="A/B").machine == ()
    assert "benchbox" in named(keys(*pairs).machine)


def test_of_arms_that_ran_here_the_schema_must_be_the_same() -> None:
    old = msgspec.structs.replace(at(), schema=3)
    assert named(keys([at()], [old], mode="A/B").machine) == {"schema": ("4", "3")}


def test_counts_need_the_classes_accuracy_the_workload_and_times_the_machine_too() -> None:
    new = with_actual(at(cpu="Other CPU"), classes=("one",), control="0ther")
    seen = keys([at()], [new])
    assert [difference.key for difference in seen.of("exact")] == ["classes"]
    assert [difference.key for difference in seen.of("accuracy")] == ["classes"]
    assert [difference.key for difference in seen.of("memory")] == ["cpu", "classes"]
    assert [difference.key for difference in seen.of("time")] == ["cpu", "classes", "control"]


def test_a_placement_is_told_by_every_field_that_no_other_key_names() -> None:
    other = msgspec.structs.replace(
        at().spec.placement, convolution="fast", feed="loader", workers=4, keeps_memory=True, threads=4
    )
    new = at(threads=4)
    new = msgspec.structs.replace(new, spec=msgspec.structs.replace(new.spec, placement=other))
    seen = keys([at()], [new])
    assert named(seen.machine) == {
        "threads": ("2", "4"),
        "convolution": ("direct", "fast"),
        "keeps memory": ("auto", "True"),
        "feed": ("gather", "loader"),
        "workers": ("2", "4"),
    }
    assert len(seen.machine) == 5
    assert seen.of("exact") == ()


def test_a_fit_is_not_asked_for_its_machine() -> None:
    assert keys(fits([0.9]), fits([0.8])) == RowKeys()


def test_a_difference_of_all_rows_is_told_once_and_one_of_a_row_by_its_name() -> None:
    base = stored()
    other = sample_fingerprint(cpu="Other CPU")
    new = [msgspec.structs.replace(record, fingerprint=other) for record in stored(seed=1)]
    new = [with_actual(record, test=1) if record.spec.model.name == "lenet" else record for record in new]
    seen = judged(base, new, mode="stored").differences
    assert [(each.key, each.row) for each in seen] == [
        ("cpu", ""),
        ("held-out pictures", "lenet infer b32@128 bf16"),
    ]


def test_a_reason_names_three_and_counts_the_others() -> None:
    seen = [KeyDifference(key=key, base="1", new="2") for key in "abcde"]
    assert in_words(seen[:1]) == "a: 1 → 2"
    assert in_words(seen) == "a: 1 → 2; b: 1 → 2; c: 1 → 2 and 2 more"
