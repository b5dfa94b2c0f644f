import msgspec
import pytest
from factories import (
    SPLIT,
    full_records,
    largest_record,
    process_records,
    sample_ceiling,
    sample_environment,
    timed_record,
    with_actual,
    with_measured,
)

from benchbox.records.record import Record
from benchbox.records.rows import rows
from benchbox.records.timing import (
    INTERVAL_ENDS,
    RANGE_ENDS,
    STAGES,
    largest_batch_of,
    split_of,
    times_as_long,
    timing_of,
)


def _on_ceiling(record: Record) -> Record:
    return msgspec.structs.replace(record, environment=sample_environment(ceiling=sample_ceiling()))


def test_one_process_has_the_interval_of_its_median() -> None:
    timing = timing_of([timed_record()])
    assert timing
    assert (timing.p50, timing.seconds.basis, timing.processes) == (0.1, "95 % interval", 1)


def test_percentiles_are_those_of_all_samples_together() -> None:
    records = [
        timed_record(samples=[0.1 + 0.001 * place for place in range(32)], repeat=repeat) for repeat in (0, 1)
    ]
    timing = timing_of(records)
    assert timing
    assert timing.p90 == pytest.approx(0.128)
    assert timing.p95 is None


@pytest.mark.parametrize("actual", [{"calls_a_sample": 2}, {"in_turns": True}])
def test_means_of_several_calls_give_no_percentiles(actual: dict[str, object]) -> None:
    samples = [0.1 + 0.001 * place for place in range(64)]
    timing = timing_of([with_actual(timed_record(samples=samples), **actual)])
    assert timing
    assert timing.p90 is None
    whole = timing_of([timed_record(samples=samples)])
    assert whole
    assert whole.p90 is not None


def test_a_process_that_failed_does_not_count_beside_one_that_did_not() -> None:
    slow = msgspec.structs.replace(timed_record(samples=[9.0] * 6, repeat=1), status="timeout")
    timing = timing_of([timed_record(), slow])
    assert timing
    assert timing.p50 == 0.1
    alone = timing_of([slow])
    assert alone
    assert alone.p50 == 9.0


@pytest.mark.parametrize(("task", "forwards"), [("infer", 1), ("train_step", 3)])
def test_the_share_of_the_ceiling_counts_a_step_as_three_forward_passes(task: str, forwards: int) -> None:
    timing = timing_of([_on_ceiling(timed_record("lenet", task))])  # type: ignore[arg-type]
    assert timing
    assert timing.share_of_ceiling == pytest.approx(forwards * 15_530_000 * 320 / 1e13)


def test_without_a_measured_ceiling_there_is_no_share() -> None:
    timing = timing_of([timed_record()])
    assert timing
    assert timing.share_of_ceiling is None


def test_the_hosts_clock_stands_beside_the_gpus() -> None:
    timing = timing_of([with_measured(timed_record(), wall_seconds=(0.11, 0.12, 0.13))])
    assert timing
    assert timing.wall == 0.12


def test_the_shares_of_a_step_are_those_of_its_median_stages() -> None:
    record = next(record for record in full_records() if record.spec.task == "train_step")
    shares = split_of([record])
    assert tuple(shares) == STAGES
    assert sum(shares.values()) == pytest.approx(1)
    assert shares["backward"] == pytest.approx(SPLIT["backward"] / sum(SPLIT.values()))


def test_a_step_that_was_not_split_has_no_shares() -> None:
    assert split_of([timed_record(task="train_step")]) == {}


def test_the_largest_batch_is_a_bound_where_the_search_says_so() -> None:
    found = largest_batch_of([largest_record(fitted=(32, 64, 48), reason="at least 64: the next would take 80 s")])
    assert found
    assert (found.pictures, found.is_bound) == (64, True)
    (row,) = rows([largest_record()])
    assert row.largest_batch
    assert not row.largest_batch.is_bound


def test_a_search_that_ended_for_want_of_time_says_so() -> None:
    reasons = ("at least 64: the next try would take about 80 s", "at least 65536: no larger batch is tried", "")
    found = [largest_batch_of([largest_record(reason=reason)]) for reason in reasons]
    assert [batch and batch.is_out_of_time for batch in found] == [True, False, False]


def test_nothing_fitted_nothing_found() -> None:
    assert largest_batch_of([timed_record()]) is None


def test_of_one_process_each_the_ratio_goes_from_end_to_end() -> None:
    slow, fast = timing_of([timed_record(samples=[0.2] * 6)]), timing_of([timed_record()])
    assert slow
    assert fast
    ratio = times_as_long(slow, fast)
    assert (ratio.value, ratio.low, ratio.high) == pytest.approx((2.0, 0.2 / 0.102, 0.2 / 0.098))
    assert ratio.basis == INTERVAL_ENDS


def test_a_ratio_to_a_mere_range_is_none_with_an_interval() -> None:
    slow, fast = timing_of([timed_record(samples=[0.2, 0.21, 0.22])]), timing_of([timed_record()])
    assert slow
    assert fast
    ratio = times_as_long(slow, fast)
    assert (ratio.basis, ratio.is_interval) == (RANGE_ENDS, False)


def test_of_three_processes_each_the_ratio_is_welchs() -> None:
    slow = timing_of(process_records(medians=(0.2, 0.21, 0.22)))
    fast = timing_of(process_records(medians=(0.1, 0.11, 0.1)))
    assert slow
    assert fast
    assert times_as_long(slow, fast).basis == "Welch over processes"
