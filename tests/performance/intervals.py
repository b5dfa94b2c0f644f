"""Which interval the gate should take: coverage first, width second, over many gates that are drawn.

Student's t, means trimmed by 10 and 20 % at each end (Yuen 1974), and Hodges and Lehmann's estimate with the
interval of Wilcoxon's signed ranks. Where a ledger of real gates of equal arms is kept, their differences are drawn
from as well. Seeded: every run sees the same. No torch.
"""

import math
from collections.abc import Sequence
from functools import cache, partial
from pathlib import Path

import numpy as np
from rich.progress import track
from scipy.stats import ttest_ind, wilcoxon
from simulation import NOISES, Array, Ended, Interval, differences, end_at, end_when_known, fit_noise, student

from benchbox.gate.decision import CONFIDENCE, MOST_PAIRS
from benchbox.gate.ledger import LEDGER, read_ledger
from benchbox.gate.rules import PRESETS
from performance.claim import Claim

GATES = 20_000
SEED = 20_261_124
COUNTS = (6, 8, 12, 20)
# An honest 98 % interval of real noise: fewer would alarm too often, more waste pairs.
COVERAGE = (0.97, 0.99)
KEPT = Path("reports/gate") / LEDGER
LEAST_RECORDED = 60
TAKEN = "t"


def trimmed(values: Array, *, trim: float) -> tuple[Array, Array]:
    """Yuen's t for one sample: Welch's against a number that is known, so that it adds no variance."""
    known = np.zeros((len(values), 2))
    ends = ttest_ind(values, known, axis=1, equal_var=False, trim=trim).confidence_interval(2 * CONFIDENCE - 1)
    return np.asarray(ends.low), np.asarray(ends.high)


def hodges_lehmann(values: Array) -> tuple[Array, Array]:
    """The averages of two that Wilcoxon's exact signed-rank test does not reject; without bounds below seven."""
    rank = _rejected(values.shape[1])
    if rank is None:
        return np.full(len(values), -math.inf), np.full(len(values), math.inf)
    first, second = np.triu_indices(values.shape[1])
    averages = np.sort((values[:, first] + values[:, second]) / 2, axis=1)
    return averages[:, rank], averages[:, -1 - rank]


@cache
def _rejected(count: int) -> int | None:
    """The largest sum of positive ranks that the test still rejects, None where it never does."""
    rejected = None
    for total in range(count * (count + 1) // 2):
        if wilcoxon(_with_sum(count, total), alternative="less", method="exact").pvalue > 1 - CONFIDENCE:
            break
        rejected = total
    return rejected


def _with_sum(count: int, total: int) -> Array:
    """1 to `count` with signs, so that the positive ones add up to `total`."""
    values = -np.arange(1.0, count + 1)
    for rank in range(count, 0, -1):
        if rank <= total:
            values[rank - 1], total = rank, total - rank
    return values


CANDIDATES: dict[str, Interval] = {
    "t": student,
    "10 %": partial(trimmed, trim=0.1),
    "20 %": partial(trimmed, trim=0.2),
    "HL": hodges_lehmann,
}


def claims() -> list[Claim]:
    """For every noise a claim for each number of pairs, and one for each preset with gates that end when known."""
    seen: list[Claim] = []
    for name, values in track(_drawn().items(), description="intervals", transient=True):
        seen += [_at(name, values, count) for count in COUNTS]
        seen += [_when_known(name, values, preset, margin) for preset, margin in PRESETS.items()]
    return seen


def _drawn() -> dict[str, Array]:
    drawn = {name: differences(noise, gates=GATES, seed=SEED) for name, noise in NOISES.items()}
    recorded = _recorded()
    if len(recorded) >= LEAST_RECORDED:
        random = np.random.default_rng(SEED)
        # Either arm may be called the new one: equal arms differ by nothing, which is the truth to be covered.
        signs = random.choice((-1.0, 1.0), (GATES, MOST_PAIRS))
        drawn["as recorded"] = random.choice(np.asarray(recorded), (GATES, MOST_PAIRS)) * signs
        drawn["fitted to what was recorded"] = differences(fit_noise(recorded), gates=GATES, seed=SEED)
    return drawn


def _recorded() -> Sequence[float]:
    """All differences of equal arms in the ledger that is kept, none without one."""
    trials = read_ledger(KEPT)
    return [each for trial in trials if trial.kind == "same" for row in trial.rows for each in row.differences]


def _at(name: str, values: Array, count: int) -> Claim:
    ended = {candidate: end_at(values, count, interval=interval) for candidate, interval in CANDIDATES.items()}
    coverage = {candidate: float(each.covers().mean()) for candidate, each in ended.items()}
    half = {candidate: float(np.median(each.high - each.low)) / 2 for candidate, each in ended.items()}
    return Claim(
        what=f"{name}, {count} pairs: coverage ± half-width",
        seen=_joined({each: f"{_percent(coverage[each])} ± {_percent(half[each])}" for each in CANDIDATES}),
        limit=f"{TAKEN} from {_percent(COVERAGE[0])}",
        holds=coverage[TAKEN] >= COVERAGE[0],
        raw={each: [coverage[each], half[each]] for each in CANDIDATES if math.isfinite(half[each])},
    )


def _when_known(name: str, values: Array, preset: str, margin: float) -> Claim:
    ended = {
        candidate: end_when_known(values, margin=margin, interval=interval)
        for candidate, interval in CANDIDATES.items()
    }
    seen = {candidate: _answers(each, margin) for candidate, each in ended.items()}
    return Claim(
        what=f"{name}, {preset}: coverage, unchanged passes, twice the margin fails (and again), pairs",
        seen=_joined({each: " ".join((*map(_percent, seen[each][:4]), f"{seen[each][4]:.1f}")) for each in seen}),
        limit=f"{TAKEN} from {_percent(COVERAGE[0])}",
        holds=seen[TAKEN][0] >= COVERAGE[0],
        raw=seen,
    )


def _answers(ended: Ended, margin: float) -> list[float]:
    twice = ended.slower_by(2 * margin)
    return [
        float(each.mean())
        for each in (
            ended.covers(),
            ended.passes(margin),
            twice.fails(margin),
            twice.confirmed(margin),
            ended.pairs,
        )
    ]


def _joined(seen: dict[str, str]) -> str:
    return "\n".join(f"{name}: {text}" for name, text in seen.items())


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %" if math.isfinite(share) else "none"
