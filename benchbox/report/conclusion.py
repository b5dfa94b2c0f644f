"""What an ablation shows of one network, in a sentence that says no more than its numbers. Numbers to text only.

Accuracies come first; the arms that they do not tell apart are then told by their epochs to the highest share
that all of them reached.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from benchbox.records.comparison import Difference, sign_p
from benchbox.records.contest import Contest, Side, Standing
from benchbox.report import text
from benchbox.report.differences import EPOCHS, POINTS, Unit, p_text

ONE_SEED = "nothing can be concluded from one seed"
UNPAIRED = "nothing can be concluded, since no two seeds ended well in both"
TOO_FEW = "too few to test"
NOTHING = "nothing was shown: "
NO_ACCURACY = "no difference in accuracy was shown: "


def conclusion(contest: Contest) -> str:
    """What was shown of one network, or that nothing was; then at which learning rates, where they were chosen."""
    scored = [side for side in contest.sides if side.accuracy]
    missing = f"{_lost(contest.sides)}{_untried(contest.sides)}"
    said = f"{contest.network}{_after(scored)}: {_said(contest, scored)}{missing}."
    return " ".join([said, *_rates(contest.sides)])


def _said(contest: Contest, scored: Sequence[Side]) -> str:
    if len(scored) < 2:
        return f"nothing can be compared, since {f'only {scored[0].name}' if scored else 'no arm'} has a result"
    if contest.common < 2:
        is_single = all(side.planned == 1 for side in contest.sides)
        return f"{', '.join(map(_named, scored))}: {ONE_SEED if is_single else UNPAIRED}"
    standing = contest.by_accuracy
    accuracy = _of_two(contest, standing) if len(scored) == 2 else _of_several(contest, standing)
    return "; ".join([f"{_lead(contest, standing)}{accuracy}", *_among(contest, standing), *_pace(contest)])


def _lead(contest: Contest, standing: Standing) -> str:
    """That nothing was shown, where that is so of every pair."""
    if standing.is_level or any(seen.is_sure for seen in contest.accuracy.values()):
        return ""
    pace = contest.by_epochs
    return NO_ACCURACY if pace is not None and pace.behind else NOTHING


def _among(contest: Contest, standing: Standing) -> list[str]:
    """What was shown between arms that are not told apart from the best, which may be a noisy one."""
    others = {*standing.equal, *standing.ahead, *standing.tied, *standing.unpaired}
    shown = [
        _higher(contest.sides[base], contest.sides[arm], seen)
        for (base, arm), seen in contest.accuracy.items()
        if seen.is_sure and {base, arm} <= others
    ]
    return [f"among the others {text.listed(shown)}"] if shown else []


def _higher(base: Side, arm: Side, seen: Difference) -> str:
    higher, lower = (arm, base) if seen.mean > 0 else (base, arm)
    return f"{higher.name} is higher than {lower.name} by {_distance(seen, POINTS)}"


def _of_two(contest: Contest, standing: Standing) -> str:
    best = contest.sides[standing.best]
    if standing.is_level:
        return _level("both", [best, *(contest.sides[place] for place in standing.equal)])
    (place,) = (*standing.behind, *standing.tied)
    both = f"{_named(best)}, {_named(contest.sides[place])}"
    if place in standing.behind:
        return f"{both}: {best.name} is higher by {_distance(standing.behind[place], POINTS)}"
    seen = standing.tied[place]
    return f"{both}: {_distance(seen, POINTS, ' apart')}{_could_show(seen, POINTS, start=', and ')}"


def _level(who: str, sides: Sequence[Side]) -> str:
    if all(min(side.values) >= 1 for side in sides):
        return f"{who} reach 100 % in every seed"
    return f"{who} reach the same accuracy in {_seeds(sides)} ({_results(sides)})"


def _seeds(sides: Sequence[Side]) -> str:
    """In which seeds arms are alike that are so wherever they meet the first."""
    first, *others = sides
    if _have_same_seeds(sides):
        return "every seed"
    if len(others) == 1:
        common = first.accuracy.keys() & others[0].accuracy.keys()
        return f"the {text.plural(len(common), 'seed')} that both have"
    return f"the seeds that they share with {first.name}"


def _results(sides: Sequence[Side]) -> str:
    """The result that all have, or each one's own where they have other seeds."""
    return result(sides[0]) if _have_same_seeds(sides) else ", ".join(map(_named, sides))


def _have_same_seeds(sides: Sequence[Side]) -> bool:
    return all(side.accuracy.keys() == sides[0].accuracy.keys() for side in sides)


def _of_several(contest: Contest, standing: Standing) -> str:
    sides = contest.sides
    best = sides[standing.best]
    first = [best, *(sides[place] for place in standing.equal)]
    if standing.is_level:
        return _level(f"all {len(first)}", first)
    top = text.joined([side.name for side in first])
    are = f"are the highest, alike in {_seeds(first)}" if standing.equal else "is the highest"
    groups = {
        "lower": _by(sides, standing.behind),
        "higher than it in the seeds that both have": _by(sides, standing.ahead),
        "not told apart from it": [
            _listed(sides[place], _doubt(seen, POINTS)) for place, seen in standing.tied.items()
        ],
        "without two seeds in common with it": [_listed(sides[place]) for place in standing.unpaired],
    }
    rest = [f"{words}: {text.joined(arms)}" for words, arms in groups.items() if arms]
    return "; ".join([f"{top} {are}: {_results(first)}", *rest])


def _by(sides: Sequence[Side], apart: Mapping[int, Difference]) -> list[str]:
    """Arms, and by how much each is apart from the best."""
    return [f"{_listed(sides[place])} by {_distance(seen, POINTS)}" for place, seen in apart.items()]


def _pace(contest: Contest) -> list[str]:
    """What the epochs tell of the arms that accuracies do not tell apart."""
    standing, share = contest.by_epochs, contest.share
    if standing is None or share is None or len(contest.leaders) < 2:
        return []
    first = contest.sides[standing.best]
    if standing.is_level:
        level = [first, *(contest.sides[place] for place in standing.equal)]
        counts = _epochs(first, share) if _have_same_seeds(level) else _epochs_each(level, share)
        return [f"the epochs to {_share(share)} are the same in {_seeds(level)} ({counts})"]
    said = [_slower(first, contest.sides[place], share, seen) for place, seen in standing.behind.items()]
    return said + _untold(contest, standing, share)


def _slower(first: Side, other: Side, share: float, seen: Difference) -> str:
    times = _mean_epochs(other, share) / _mean_epochs(first, share)
    counts = f"{_epochs(other, share)} against {_epochs(first, share)}"
    more = f"{EPOCHS.number(seen.mean)} more{_certainty(seen, EPOCHS)}"
    return f"{other.name} needs {times:.1f} times the epochs of {first.name} to {_share(share)}: {counts}, {more}"


def _untold(contest: Contest, standing: Standing, share: float) -> list[str]:
    """The arms whose epochs are not told apart from the fewest."""
    doubts = {place: _doubt(seen, EPOCHS) for place, seen in standing.tied.items()}
    sides = {place: contest.sides[place] for place in (*standing.equal, *standing.tied)}
    if not sides:
        return []
    first = contest.sides[standing.best]
    arms = [f"{side.name} ({_epochs(side, share)}{doubts.get(place, '')})" for place, side in sides.items()]
    between = f"{first.name} ({_epochs(first, share)}) and {text.joined(arms)}"
    return [f"no difference was shown in the epochs to {_share(share)} between {between}"]


def _mean_epochs(side: Side, share: float) -> float:
    return float(np.mean(list(side.epochs[share].values())))


def _epochs(side: Side, share: float) -> str:
    return f"{_mean_epochs(side, share):.1f}"


def _epochs_each(sides: Sequence[Side], share: float) -> str:
    return ", ".join(f"{side.name} {_epochs(side, share)}" for side in sides)


def _after(scored: Sequence[Side]) -> str:
    """` after 10 epochs`; empty where none was trained."""
    trained = text.several((count for side in scored for count in side.trained), "epoch")
    return f" after {trained}" if trained else ""


def _lost(sides: Sequence[Side]) -> str:
    """Which seeds the sentence had to do without."""
    lost = [
        f"{side.name} {len(side.accuracy)} of {side.planned}"
        for side in sides
        if side.is_tried and len(side.accuracy) < side.planned
    ]
    return f"; seeds that ended well: {', '.join(lost)}" if lost else ""


def _untried(sides: Sequence[Side]) -> str:
    """Which arms the sentence says nothing of, since a rate that would have been better may be missing."""
    untried = [side.name for side in sides if not side.is_tried]
    return f"; not all rates were tried: {', '.join(untried)}" if untried else ""


def _rates(sides: Sequence[Side]) -> list[str]:
    """At which learning rates the arms were compared, and whose may not be the best; nothing without a choice."""
    chosen = [side for side in sides if side.rate is not None]
    if not chosen:
        return []
    grid = text.joined([text.setting(rate) for rate in sorted({rate for side in chosen for rate in side.rates})])
    rates = ", ".join(f"{side.name} {text.setting(side.rate)}" for side in chosen)
    edge = [side.name for side in chosen if side.is_at_edge]
    said = [f"Each at its own best of the learning rates {grid}, chosen on pictures set aside: {rates}."]
    warned = f"At the edge of these rates, beyond which a better one may lie: {text.joined(edge)}."
    return [*said, warned] if edge else said


def result(side: Side) -> str:
    """`99.8 ± 0.3 %`, the mean and standard deviation over seeds; `100 %` where every seed is right throughout."""
    values = side.values
    if min(values) >= 1:
        return "100 %"
    spread = f" ± {100 * float(np.std(values, ddof=1)):.1f}" if len(values) > 1 else ""
    return f"{text.percent(float(np.mean(values)))}{spread} %"


def _named(side: Side) -> str:
    return f"{side.name} {result(side)}"


def _listed(side: Side, more: str = "") -> str:
    return f"{side.name} ({result(side)}{more})"


def _share(ratio: float) -> str:
    return f"{100 * ratio:g} %"


def _distance(seen: Difference, unit: Unit, word: str = "") -> str:
    upwards = seen if seen.mean >= 0 else seen.turned
    return f"{unit.amount(upwards.mean)}{word}{_certainty(upwards, unit)}"


def _certainty(seen: Difference, unit: Unit) -> str:
    """The interval and p of a difference; of one that is the same in every seed, what that shows."""
    if not seen.is_constant:
        return f" (95 % interval {unit.interval(seen)}, {_p(seen)})"
    shows = f" (sign test, p {p_text(sign_p(len(seen.seeds)))})" if seen.is_sure else f", {TOO_FEW}"
    return f" in each of the {len(seen.seeds)} seeds alike{shows}"


def _p(seen: Difference) -> str:
    """The corrected p; where the correction alone leaves nothing shown, the bare one as well."""
    if seen.p is None or seen.holm is None:
        return "untested"
    bare = f"p {p_text(seen.p)} alone, {p_text(seen.holm)} Holm"
    return bare if seen.is_only_corrected_away else f"p {p_text(seen.holm)} Holm"


def _could_show(seen: Difference, unit: Unit, *, start: str) -> str:
    """What the seeds could have shown, where they did not show it even without a correction."""
    if seen.could_show is None or seen.is_only_corrected_away:
        return ""
    return f"{start}{text.plural(len(seen.seeds), 'seed')} could have shown {unit.amount(seen.could_show)}"


def _doubt(seen: Difference, unit: Unit) -> str:
    """Why an arm is not told apart: `; p 0.021 alone, 0.13 Holm`, or what its seeds could have shown."""
    if seen.is_constant:
        return f"; {_distance(seen, unit, ' apart')}"
    return f"; {_p(seen)}" if seen.is_only_corrected_away else _could_show(seen, unit, start="; ")
