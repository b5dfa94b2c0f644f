"""What is counted: parameters, buffers, bytes of weights, FLOPs. Every machine counts alike: any increase fails."""

from collections.abc import Iterator

from benchbox.gate.hard_keys import RowKeys, in_words
from benchbox.gate.pairing import Both
from benchbox.gate.rows import RowSeen
from benchbox.gate.verdict import EXACT, Bounds, Series, State, Verdict

METHOD = "exact"


def exact_verdicts(both: Both, keys: RowKeys) -> Iterator[Verdict]:
    """A verdict for each count that the base has."""
    for metric in EXACT:
        before, after = _counts(both.base, metric), _counts(both.new, metric)
        if before:
            yield _verdict(both, metric, before, after, keys=keys)


def has_exact(row: RowSeen) -> bool:
    """Whether a row has counts."""
    return any(row.measured(metric) for metric in EXACT)


def _counts(row: RowSeen, metric: str) -> tuple[float, ...]:
    """The different values of all processes: one, where the program is deterministic."""
    return tuple(sorted({value for record in row.measured(metric) for value in record.values(metric)}))


def _verdict(
    both: Both, metric: str, before: tuple[float, ...], after: tuple[float, ...], *, keys: RowKeys
) -> Verdict:
    state, reason = _state(before, after, keys)
    return Verdict(
        case=both.case,
        row=both.name,
        metric=metric,
        group="exact",
        state=state,
        reason=reason,
        base=before[-1],
        new=after[-1] if after else None,
        bounds=_bounds(before, after),
        series=Series(base=before, new=after),
    )


def _state(before: tuple[float, ...], after: tuple[float, ...], keys: RowKeys) -> tuple[State, str]:
    if not after:
        return "MISSING", "the base has it and new has not"
    for side, counts in (("the base", before), ("new", after)):
        if len(counts) > 1:
            return "NONDETERMINISTIC", f"{side} counted {' and '.join(f'{count:,.0f}' for count in counts)}"
    if differing := keys.of("exact"):
        return "INCOMPARABLE", in_words(differing)
    more = after[0] - before[0]
    if more > 0:
        return "FAIL", f"{more:,.0f} more"
    return ("IMPROVED", f"{-more:,.0f} fewer: record a new baseline") if more else ("PASS", "")


def _bounds(before: tuple[float, ...], after: tuple[float, ...]) -> Bounds | None:
    """The ratio, which is as exact as the counts; None where the base counted nothing."""
    if not after or not before[0]:
        return None
    low, high = after[0] / before[-1], after[-1] / before[0]
    return Bounds(value=high, low=low, high=high, count=1, method=METHOD)
