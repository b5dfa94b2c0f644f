"""The verdict on a row's time: what forbids one, what the bounds say of the margin, and whether it came again."""

from collections.abc import Mapping
from dataclasses import dataclass

import msgspec

from benchbox.gate.control import disturbance
from benchbox.gate.decision import LEAST_PAIRS, decide
from benchbox.gate.hard_keys import RowKeys, in_words, timed_records
from benchbox.gate.pairing import Both
from benchbox.gate.pairs import slices
from benchbox.gate.plausibility import is_constant, too_fast, void_of
from benchbox.gate.rows import RowSeen
from benchbox.gate.times import CONTROL, METRIC, Compared, in_pairs, relative_to_control, seconds
from benchbox.gate.verdict import Bounds, ControlSeen, Mode, State, Verdict

Said = tuple[State, str]
# Of the very same records the ratio is known, and not estimated.
SAME = "the very same records"


@dataclass(frozen=True, kw_only=True)
class Second:
    """The second, independent series of an A/B run: the rows that were flagged, by case, and its own control."""

    rows: Mapping[str, Both]
    control: ControlSeen | None


def has_time(row: RowSeen) -> bool:
    """Whether a row has timed samples."""
    return bool(row.measured(METRIC))


def time_verdict(
    both: Both,
    keys: RowKeys,
    *,
    margin: float,
    mode: Mode,
    control: ControlSeen | None,
    second: Second | None = None,
) -> Verdict:
    """The verdict on the time of a row that was timed in the base. `margin` is a ratio less 1."""
    refused = _refused(both, keys)
    if refused is not None:
        return _refusal(both, refused, margin=margin)
    seen = _compare(both, mode=mode, margin=margin)
    state, reason = _judged(both, seen, margin=margin, mode=mode, control=control)
    verdict = Verdict(
        case=both.case,
        row=both.name,
        metric=METRIC,
        group="time",
        state=state,
        reason=reason,
        base=seen.base,
        new=seen.new,
        bounds=seen.bounds,
        margin=margin,
        facts=_facts(both, seen),
        series=seen.series,
    )
    if mode == "A/B" and state == "FAIL" and second is not None:
        return _confirmed(verdict, second, margin=margin)
    return verdict


def _refusal(both: Both, said: Said, *, margin: float) -> Verdict:
    """A verdict without an estimate: the times of both arms are shown, and nothing is concluded from them."""
    base, new = timed_records(both.base), timed_records(both.new)
    exactly = Bounds(value=1.0, low=1.0, high=1.0, count=len(base), method=SAME)
    return Verdict(
        case=both.case,
        row=both.name,
        metric=METRIC,
        group="time",
        state=said[0],
        reason=said[1],
        base=seconds(base),
        new=seconds(new),
        bounds=exactly if said[0] == "PASS" else None,
        margin=margin,
    )


def _refused(both: Both, keys: RowKeys) -> Said | None:
    """What is said without looking at the ratio, None where that decides."""
    base, new = timed_records(both.base), timed_records(both.new)
    if not new:
        return "MISSING", "the base was timed and new was not"
    if both.is_same:
        return "PASS", SAME
    if differing := keys.of("time"):
        return "INCOMPARABLE", in_words(differing)
    if not all(record.values(CONTROL) for record in (*base, *new)):
        return "INCOMPARABLE", "the control network was not timed beside it"
    if is_constant(base):
        return "INCOMPARABLE", "all samples of a process of the base are equal to the last digit"
    if is_constant(new):
        return "IMPLAUSIBLE", "all samples of a process of new are equal to the last digit"
    if (void := void_of(both.new)) and not void_of(both.base):
        return "ERROR", f"its answers are no longer those of plain fp32: {void}"
    return None


def _compare(both: Both, *, mode: Mode, margin: float) -> Compared:
    base, new = timed_records(both.base), timed_records(both.new)
    if mode == "A/B":
        return in_pairs(slices(base), slices(new), margin=margin)
    return relative_to_control(base, new, margin=margin)


def _judged(both: Both, seen: Compared, *, margin: float, mode: Mode, control: ControlSeen | None) -> Said:
    if seen.bounds is None:
        what = "pair" if mode == "A/B" else "process of each arm"
        return "INCONCLUSIVE", f"one {what} says nothing: two are needed at least, and better {LEAST_PAIRS}"
    if doubt := too_fast(seen.bounds, both.new):
        return "IMPLAUSIBLE", doubt
    disturbed = disturbance(control, margin=margin) if mode == "A/B" else None
    if disturbed is not None:
        return disturbed
    state = decide(seen.bounds, margin=margin)
    return state, _why(state, seen.bounds, margin=margin)


def _why(state: State, seen: Bounds, *, margin: float) -> str:
    if state == "FAIL":
        return f"at least {seen.low - 1:.1%} slower"
    if state == "INCONCLUSIVE":
        return (
            f"anything from {seen.low:.3f} to {seen.high:.3f} times as long: too wide for a margin of {margin:.1%}"
        )
    return ""


def _confirmed(verdict: Verdict, second: Second, *, margin: float) -> Verdict:
    """A FAIL with what the second series says of it. Where that saw nothing the FAIL stands, and says so."""
    row = second.rows.get(verdict.case)
    seen = _compare(row, mode="A/B", margin=margin) if row is not None else None
    if seen is None or seen.bounds is None:
        return msgspec.structs.replace(verdict, reason=f"{verdict.reason}; it could not be measured a second time")
    state, reason = _again(verdict, seen.bounds, disturbance(second.control, margin=margin), margin=margin)
    return msgspec.structs.replace(
        verdict, state=state, reason=reason, confirmed=seen.bounds, confirmation=seen.series
    )


def _again(verdict: Verdict, seen: Bounds, disturbed: Said | None, *, margin: float) -> Said:
    if disturbed is not None:
        return disturbed[0], f"in the second series: {disturbed[1]}"
    if decide(seen, margin=margin) == "FAIL":
        return "FAIL", f"{verdict.reason}, and at least {seen.low - 1:.1%} in a second series"
    said = f"{seen.value:.3f} ({seen.low:.3f} to {seen.high:.3f})"
    return "NOT_REPRODUCED", f"{verdict.reason} at first, but {said} times as long in a second series"


def _facts(both: Both, seen: Compared) -> dict[str, str]:
    """What people should know of the numbers besides them."""
    failed = both.base.failed
    facts = {
        "pairs of one arm alone, left out": str(seen.left_out or ""),
        "failed processes of the base, left out": str(len(failed) or ""),
        "answers of both arms": void_of(both.new) and f"void: {void_of(both.new)}",
    }
    return {name: said for name, said in facts.items() if said}
