"""Peak memory of processes of their own: a regression where all of new's lie above all of the base's, and clearly.

Peaks are few and lumpy, and no bell curve: complete separation needs no distribution. By chance alone, three and
three are separated in this direction once in twenty; the margin has to be passed as well.
"""

from dataclasses import dataclass
from statistics import median

from benchbox.gate.hard_keys import TIMED, RowKeys, in_words
from benchbox.gate.pairing import Both
from benchbox.gate.rows import RowSeen
from benchbox.gate.verdict import Bounds, Series, State, Verdict

METRIC = "peak_memory"
METHOD = "range over processes"
LEAST_PROCESSES = 3
MIB = 2**20


@dataclass(frozen=True, kw_only=True)
class _Allowance:
    """What a peak may be larger: a share of it, and bytes on top, since pages and blocks are rounded."""

    share: float
    more: int

    def above(self, peak: float) -> float:
        """The most bytes that are not larger than `peak`."""
        return peak * (1 + self.share) + self.more


# torch's own allocator counts to the byte; the resident set of a process depends on what its libraries touched.
_GPU = _Allowance(share=0.01, more=MIB)
_RESIDENT = _Allowance(share=0.03, more=4 * MIB)


def memory_verdict(both: Both, keys: RowKeys) -> Verdict:
    """The verdict on the peak memory of a row of which the base has one of processes of their own."""
    base, new = _peaks(both.base), _peaks(both.new)
    allowance = _GPU if both.new.spec.placement.device.startswith("cuda") else _RESIDENT
    state, reason = _state(both, base, new, keys=keys, allowance=allowance)
    middle = median(base)
    margin = allowance.above(middle) / middle - 1 if middle else None
    return Verdict(
        case=both.case,
        row=both.name,
        metric=METRIC,
        group="memory",
        state=state,
        reason=reason,
        base=middle,
        new=median(new) if new else None,
        bounds=_bounds(base, new, margin=margin),
        margin=margin,
        series=Series(base=base, new=new),
    )


def has_memory(row: RowSeen) -> bool:
    """Whether a row is timed and has peaks of processes of their own; a fit keeps no fingerprint to compare by."""
    return row.spec.task in TIMED and bool(_peaks(row))


def _peaks(row: RowSeen) -> tuple[float, ...]:
    """The peak of each process that held this row alone."""
    return tuple(record.values(METRIC)[-1] for record in row.measured(METRIC) if not record.actual.in_turns)


def _state(
    both: Both, base: tuple[float, ...], new: tuple[float, ...], *, keys: RowKeys, allowance: _Allowance
) -> tuple[State, str]:
    if not new:
        return "INCOMPARABLE", "new has no memory of processes of their own"
    if both.is_same:
        return "PASS", "the very same records"
    if differing := keys.of("memory"):
        return "INCOMPARABLE", in_words(differing)
    if min(len(base), len(new)) < LEAST_PROCESSES:
        return "INCONCLUSIVE", f"{len(base)} and {len(new)} processes: {LEAST_PROCESSES} of each arm are needed"
    if min(new) > allowance.above(max(base)):
        return "FAIL", f"every process of new took at least {(min(new) - max(base)) / MIB:,.1f} MiB more"
    if min(base) > allowance.above(max(new)):
        return "IMPROVED", f"every process of new took at least {(min(base) - max(new)) / MIB:,.1f} MiB less"
    if max(new) <= allowance.above(min(base)):
        return "PASS", ""
    if min(new) > max(base):
        return "INCONCLUSIVE", "every process of new took more, but not all of them by more than the margin"
    return "INCONCLUSIVE", "the peaks of both arms overlap, and some differ by more than the margin"


def _bounds(base: tuple[float, ...], new: tuple[float, ...], *, margin: float | None) -> Bounds | None:
    """New over base at the middle and at the extremes; None where a peak is 0, as of the smallest networks.

    The range of a few processes bounds nothing: beyond the margin they exclude no increase, however large.
    """
    if not new or not min(base) or not min(new):
        return None
    few = min(len(base), len(new)) < LEAST_PROCESSES
    if few and margin is not None and median(new) / median(base) > 1 + margin:
        return None
    return Bounds(
        value=median(new) / median(base),
        low=min(new) / max(base),
        high=max(new) / min(base),
        count=min(len(base), len(new)),
        method=METHOD,
    )
