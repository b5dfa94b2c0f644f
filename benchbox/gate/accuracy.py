"""Accuracy: of the same weights picture by picture, of trained networks seed by seed. Differences are of shares.

One training against one other says nothing of the code, however many pictures are held out: seeds differ by more
than most changes do.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, median, variance

from benchbox.gate.decision import CONFIDENCE, POWER, half_width
from benchbox.gate.hard_keys import RowKeys, in_words
from benchbox.gate.pairing import Both
from benchbox.gate.rows import SCORED, RowSeen
from benchbox.gate.rules import LEAST_PICTURES, LEAST_SEEDS, Rules
from benchbox.gate.verdict import Bounds, Series, State, Verdict
from benchbox.records.estimate import wilson

METRIC = "top1"
SAME = "the very same records"
# Ratios of counts that are nearer than this are one and the same.
ALIKE = 1e-9

Said = tuple[State, str]
Answers = Mapping[str, bool]


@dataclass(frozen=True, kw_only=True)
class _Judged:
    """What is said of a row's accuracy, and what it rests on: one difference a picture or seed."""

    said: Said
    bounds: Bounds | None = None
    differences: tuple[float, ...] = ()
    facts: Mapping[str, str]


def accuracy_verdict(both: Both, keys: RowKeys, rules: Rules) -> Verdict:
    """The verdict on the held-out accuracy of a row of which the base has one."""
    base, new = _by_seed(both.base), _by_seed(both.new)
    margin = _margin(both.base, rules)
    refused = _refused(both, keys)
    if refused is not None:
        judged = _Judged(said=refused, facts={})
    elif both.base.spec.task == "evaluate":
        judged = _same_weights(both, margin=margin)
    else:
        judged = _trained(base, new, margin=margin)
    return Verdict(
        case=both.case,
        row=both.name,
        metric=METRIC,
        group="accuracy",
        state=judged.said[0],
        reason=judged.said[1],
        base=fmean(base.values()),
        new=fmean(new.values()) if new else None,
        bounds=judged.bounds,
        margin=margin,
        facts=dict(judged.facts),
        series=Series(
            differences=judged.differences,
            base=tuple(base[seed] for seed in sorted(base)),
            new=tuple(new[seed] for seed in sorted(new)),
        ),
    )


def has_accuracy(row: RowSeen) -> bool:
    """Whether a row is an evaluation or a fit with a held-out accuracy."""
    return row.spec.task in SCORED and bool(row.measured(METRIC))


def _by_seed(row: RowSeen) -> dict[int, float]:
    return {record.spec.seed: record.values(METRIC)[-1] for record in row.measured(METRIC)}


def _margin(row: RowSeen, rules: Rules) -> float:
    if row.spec.task != "evaluate":
        return rules.trained_margin
    pictures = row.measured(METRIC)[0].last("pictures")
    return max(rules.accuracy_margin, LEAST_PICTURES / pictures) if pictures else rules.accuracy_margin


def _refused(both: Both, keys: RowKeys) -> Said | None:
    """What is said without looking at the difference, None where that decides."""
    base, new = _by_seed(both.base), _by_seed(both.new)
    if not new:
        return "MISSING", "the base has an accuracy and new has not"
    if both.is_same:
        return "PASS", SAME
    if differing := keys.of("accuracy"):
        return "INCOMPARABLE", in_words(differing)
    if lost := sorted(base.keys() - new.keys()):
        return "INCOMPARABLE", f"new lacks the seeds {', '.join(map(str, lost))}"
    return None


def _same_weights(both: Both, *, margin: float) -> _Judged:
    """Picture by picture over the base's seeds, of which there mostly is one."""
    seeds = sorted(_by_seed(both.base))
    pairs = [(both.base.answers.get(seed), both.new.answers.get(seed)) for seed in seeds]
    told = [(base, new) for base, new in pairs if base is not None and new is not None]
    refused = _pictures_refused(both, told) if len(told) == len(pairs) else _said("no predictions of both arms")
    if refused is not None:
        return _Judged(said=refused, facts={})
    pictures = sorted(told[0][0])
    differences = [fmean(new[picture] - base[picture] for base, new in told) for picture in pictures]
    seen = _bounds(differences, margin=margin, least=_unseen_share(len(pictures)))
    facts = _paired_facts(*told[0]) if len(told) == 1 else {}
    state, reason = _decided(seen, margin=margin)
    if state == "INCONCLUSIVE" and seen.high - seen.low >= 2 * margin:
        reason = f"test set too small: {_would_see(seen, len(pictures), margin=margin)}"
    return _Judged(
        said=(state, reason), bounds=seen, differences=tuple(differences), facts=facts | _weights_facts(both)
    )


def _said(reason: str) -> Said:
    return "INCOMPARABLE", reason


def _pictures_refused(both: Both, told: Sequence[tuple[Answers, Answers]]) -> Said | None:
    first = told[0][0].keys()
    if any(answers.keys() != first for pair in told for answers in pair):
        return _said("the arms were not scored on the same pictures")
    scored = {record.last("pictures") for row in (both.base, both.new) for record in row.measured(METRIC)}
    if scored != {float(len(first))}:
        return _said(f"there are predictions of {len(first)} pictures, but not so many were scored")
    return None


def _would_see(seen: Bounds, pictures: int, *, margin: float) -> str:
    """What so many pictures would have shown, in percentage points."""
    detectable = abs(seen.detectable or 0)
    return f"{pictures} pictures show a loss of {100 * detectable:.1f} points, and the margin is {100 * margin:.1f}"


def _trained(base: Mapping[int, float], new: Mapping[int, float], *, margin: float) -> _Judged:
    """Seed by seed: the same seed begins with the same weights and sees the pictures in the same order."""
    differences = tuple(new[seed] - base[seed] for seed in sorted(base))
    count = len(differences)
    if count < LEAST_SEEDS:
        said = "n = 1" if count == 1 else f"{count} seeds"
        return _Judged(
            said=("INCONCLUSIVE", f"{said}: {LEAST_SEEDS} seeds of each arm are needed"),
            differences=differences,
            facts={},
        )
    seen = _bounds(differences, margin=margin)
    return _Judged(said=_decided(seen, margin=margin), bounds=seen, differences=differences, facts={})


def _decided(seen: Bounds, *, margin: float) -> Said:
    if seen.high < -margin:
        return "FAIL", f"at least {-100 * seen.high:.1f} points worse"
    if seen.low > margin:
        return "IMPROVED", f"at least {100 * seen.low:.1f} points better: record a new baseline"
    if seen.low > -margin:
        return "PASS", ""
    return "INCONCLUSIVE", f"anything from {100 * seen.low:+.1f} to {100 * seen.high:+.1f} points"


def _bounds(differences: Sequence[float], *, margin: float, least: float = 0.0) -> Bounds:
    """The mean of paired differences with its one-sided 99 % bounds by Student's t, not narrower than `least`."""
    from scipy.special import stdtrit

    count, centre = len(differences), fmean(differences)
    half = max(least, _half_width(differences))
    more = float(stdtrit(count - 1, POWER) / stdtrit(count - 1, CONFIDENCE)) if count > 1 else 1.0
    return Bounds(
        value=centre,
        low=centre - half,
        high=centre + half,
        count=count,
        method="Student's t",
        detectable=-(margin + half * (1 + more)),
    )


def _half_width(differences: Sequence[float]) -> float:
    middle, count = median(differences), len(differences)
    if all(abs(difference - middle) <= ALIKE for difference in differences):
        return 0.0
    return half_width(variance(differences) / count, freedom=count - 1)


def _unseen_share(pictures: int) -> float:
    """The largest share of all pictures that may be answered otherwise where none of so many was (Clopper–Pearson).

    No test set tells less than this apart: 144 pictures that are all answered as before still leave 3 %.
    """
    from scipy.stats import binomtest

    interval = binomtest(0, pictures).proportion_ci(2 * CONFIDENCE - 1, method="exact")
    return float(interval.high)


def _paired_facts(base: Answers, new: Answers) -> dict[str, str]:
    """Exact McNemar on the pictures that one arm alone is right on, and Wilson's interval of each arm."""
    only_base = sum(right and not new[picture] for picture, right in base.items())
    only_new = sum(right and not base[picture] for picture, right in new.items())
    return {
        "right in the base": _wilson(base),
        "right in new": _wilson(new),
        "right in one alone": f"{only_base} in the base, {only_new} in new",
        "exact McNemar p": f"{_mcnemar(only_base, only_new):.3g}",
    }


def _wilson(answers: Answers) -> str:
    right, total = sum(answers.values()), len(answers)
    seen = wilson(right, total)
    return f"{right} of {total}: {seen.value:.1%}, Wilson 95 % {seen.low:.1%} to {seen.high:.1%}"


def _mcnemar(only_base: int, only_new: int) -> float:
    from statsmodels.stats.contingency_tables import mcnemar

    return float(mcnemar([[0, only_base], [only_new, 0]], exact=True).pvalue)


def _weights_facts(both: Both) -> dict[str, str]:
    """Which weights each arm scored, where they are not of one path."""
    base, new = (str(row.spec.checkpoint) for row in (both.base, both.new))
    return {"weights": f"{base} → {new}"} if base != new else {}
