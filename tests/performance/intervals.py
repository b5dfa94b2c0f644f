"""Which interval the gate should take: coverage first, width second, over many gates that are drawn.

Student's t, means trimmed by 10 and 20 % at each end (Yuen 1974), and Hodges and Lehmann's estimate with the
interval of Wilcoxon's signed ranks, which is the one that the gate takes. Where a ledger of real gates of equal
arms is kept, their differences are drawn from as well. Seeded: every run sees the same. No torch.
"""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
from rich.progress import track
from scipy.stats import ttest_ind
from simulation import (
    NOISES,
    Array,
    Ended,
    Interval,
    differences,
    end_at,
    end_when_known,
    fit_noise,
    hodges_lehmann,
    student,
)

from benchbox.gate.decision import CONFIDENCE, LEAST_PAIRS, MOST_PAIRS
from benchbox.gate.ledger import LEDGER, read_ledger
from benchbox.gate.rules import PRESETS
from performance.claim import Claim

GATES = 20_000
SEED = 20_261_124
COUNTS = (LEAST_PAIRS, 8, 12, MOST_PAIRS)
# What a 98 % interval shall at least cover, with a series that ends by its width.
LEAST_COVERAGE = 0.97
KEPT = Path("reports/gate") / LEDGER
LEAST_RECORDED = 60
TAKEN = "HL"


def trimmed(values: Array, *, trim: float) -> tuple[Array, Array]:
    """Yuen's t for one sample: Welch's against a number that is known, so that it adds no variance."""
    known = np.zeros((len(values), 2))
    ends = ttest_ind(values, known, axis=1, equal_var=False, trim=trim).confidence_interval(2 * CONFIDENCE - 1)
    return np.asarray(ends.low), np.asarray(ends.high)


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
        limit=f"{TAKEN} from {_percent(LEAST_COVERAGE)}",
        holds=coverage[TAKEN] >= LEAST_COVERAGE,
        raw={each: [coverage[each], half[each]] for each in CANDIDATES},
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
        limit=f"{TAKEN} from {_percent(LEAST_COVERAGE)}",
        holds=seen[TAKEN][0] >= LEAST_COVERAGE,
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
    return f"{100 * share:.1f}%"
