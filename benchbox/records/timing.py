"""What timed cells showed: speed, latency, the split of a step, parity, the largest batch. No join, no text.

A cell may have been measured in several fresh processes: each gives one record, and their medians are the
replicates. Values are seconds, bytes and ratios.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from benchbox.plan.estimates import PASSES
from benchbox.records.estimate import (
    LEAST_PROCESSES,
    RANGE,
    Estimate,
    median,
    over_processes,
    percentile,
    ratio_of_processes,
)
from benchbox.records.ratios import took_turns
from benchbox.records.record import Record

STAGES = ("data_wait", "copy", "forward", "backward", "optimizer")
# With these words begins the reason of a search for the largest batch that ended before its end.
BOUND = "at least"
# These are in it where time was short, and not where no larger batch is ever tried.
OUT_OF_TIME = "the next try would take"
# What a ratio goes by that is not Welch's.
INTERVAL_ENDS, RANGE_ENDS = "ends of the intervals", f"{RANGE} the ends"


@dataclass(frozen=True, kw_only=True)
class Timing:
    """A timed cell: pictures a second, seconds a batch. A percentile is None for too few samples.

    `seconds` and `pictures_per_second` say by their basis whether their bounds know of the differences between
    processes. `process_medians` are the seconds of each process, `wall` the median by the host's clock, where
    samples were bracketed by a GPU's events. `share_of_ceiling` relates the FLOP of the cell to the fastest
    matrix product seen on the device.
    """

    seconds: Estimate
    pictures_per_second: Estimate
    process_medians: tuple[float, ...]
    samples: int
    p90: float | None
    p95: float | None
    p99: float | None
    wall: float | None
    stop_reason: str
    share_of_ceiling: float | None

    @property
    def p50(self) -> float:
        """Seconds of a batch: the median, or the geometric mean of the processes' medians."""
        return self.seconds.value

    @property
    def processes(self) -> int:
        """In how many fresh processes the cell was measured."""
        return len(self.process_medians)


@dataclass(frozen=True, kw_only=True)
class LargestBatch:
    """The largest training batch that fitted; a lower bound where the search ended early, for this reason."""

    pictures: int
    is_bound: bool
    reason: str

    @property
    def is_out_of_time(self) -> bool:
        """Whether more time would have searched further."""
        return self.is_bound and OUT_OF_TIME in self.reason


def timing_of(records: Sequence[Record]) -> Timing | None:
    """The timing of a cell from the records of its processes, None where no sample was taken.

    Processes that did not end well count only where none did.
    """
    sampled = [record for record in records if record.values("sample_seconds")]
    sampled = [record for record in sampled if record.status == "ok"] or sampled
    if not sampled:
        return None
    series = [record.values("sample_seconds") for record in sampled]
    single = [value for record in sampled if _is_of_calls(record) for value in record.values("sample_seconds")]
    medians = tuple(float(np.median(samples)) for samples in series)
    seconds = median(series[0]) if len(series) == 1 else over_processes(medians)
    speed = seconds.inverse(sampled[0].spec.fit.batch)
    walls = [value for record in sampled for value in record.values("wall_seconds")]
    return Timing(
        seconds=seconds,
        pictures_per_second=speed,
        process_medians=medians,
        samples=sum(map(len, series)),
        p90=percentile(single, 90),
        p95=percentile(single, 95),
        p99=percentile(single, 99),
        wall=float(np.median(walls)) if walls else None,
        stop_reason="; ".join(dict.fromkeys(record.actual.stop_reason for record in sampled)),
        share_of_ceiling=_share_of_ceiling(sampled, speed.value),
    )


def _is_of_calls(record: Record) -> bool:
    """Whether each sample is one call: the mean of several hides the slow ones that a percentile asks for."""
    return record.actual.calls_a_sample == 1 and not took_turns(record)


def _share_of_ceiling(records: Sequence[Record], pictures_per_second: float) -> float | None:
    """FLOP/s of the cell / FLOP/s of the fastest matrix product; None where either is not known."""
    record = records[0]
    flops = record.last("flops")
    ceiling = record.environment.ceiling if record.environment else None
    if flops is None or ceiling is None:
        return None
    return PASSES[record.spec.task] * flops * pictures_per_second / ceiling.flops_per_second


def times_as_long(timing: Timing, fastest: Timing) -> Estimate:
    """How many times as long a batch takes as that of the fastest, and where that may lie.

    Welch's interval where both have three processes or more; else from the ends of the two intervals, which is
    wider than a 95 % interval but, of one process each, blind to the differences between processes. Where one
    of them is a mere range, so is the ratio's, and the basis says so.
    """
    if min(timing.processes, fastest.processes) >= LEAST_PROCESSES:
        return ratio_of_processes(timing.process_medians, fastest.process_medians)
    ours, theirs = timing.seconds, fastest.seconds
    return Estimate(
        value=ours.value / theirs.value,
        low=ours.low / theirs.high,
        high=ours.high / theirs.low,
        basis=INTERVAL_ENDS if ours.is_interval and theirs.is_interval else RANGE_ENDS,
    )


def split_of(records: Sequence[Record]) -> Mapping[str, float]:
    """The shares of STAGES in a training step, from the median of each; empty where they were not measured."""
    seen = {stage: [value for record in records for value in record.values(f"{stage}_seconds")] for stage in STAGES}
    medians = {stage: float(np.median(values)) for stage, values in seen.items() if values}
    whole = sum(medians.values())
    return {stage: seconds / whole for stage, seconds in medians.items()} if whole else {}


def largest_batch_of(records: Sequence[Record]) -> LargestBatch | None:
    """The largest batch that fitted, None where none did."""
    fitted = [value for record in records for value in record.values("batch_fitted")]
    if not fitted:
        return None
    reason = next((record.actual.stop_reason for record in records if record.actual.stop_reason), "")
    return LargestBatch(pictures=int(max(fitted)), is_bound=reason.startswith(BOUND), reason=reason)
