"""Gates that are drawn, not run: pairs of processes with all that disturbs them, and rules that judge them.

A pair's value is made as the real one: slices in the real order, a ratio a block, the median of its logarithm. What
comes of many gates is judged here in arrays, by the same calls of scipy and the same constants as in
`benchbox.gate.decision`; that both agree is a test.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.stats import median_abs_deviation, ttest_1samp

from benchbox.gate.decision import CONFIDENCE, LEAST_PAIRS, MOST_PAIRS, SHARE, outer_averages
from benchbox.plan.schedule import SLICES_A_BLOCK, block_order

Array = NDArray[np.float64]
Small = NDArray[np.float32]
# Log-ratios of pairs, gates × pairs, to the lower and upper end of each gate's 98 % interval.
Interval = Callable[[Array], tuple[Array, Array]]

ARMS = 2
# Gates that are drawn at once: their slices fit into a processor's cache.
CHUNK = 100
# A pair further from the others than so many (robust) standard deviations counts as an odd one.
FAR = 4.0


@dataclass(frozen=True, kw_only=True)
class Noise:
    """What disturbs a gate; all but shares and counts are of the logarithm of time.

    Measured on two cores of a shared virtual machine, networks of 5 to 100 ms a call, bf16: fresh pairs of live
    processes differ by 1.4 to 5 % (one standard deviation), and an occasional pair by 8 to 13 %. Slices of 0.1 s,
    70 an arm in a pair, vary by 2 to 5 % from one to the next, and over the seconds of a pair by 3 to 14 %.

    `pair` is the standard deviation between fresh pairs, of which each process has its part, for good. A share
    `odd` of pairs has one process that is slower by `odd_size`. A share `slow` of processes is in a mode that is
    slower by `slow_size`. `slice` is the standard deviation of a slice, `wander` that of the host's step from slice
    to slice, which both arms see, and `drift` how much slower the host becomes over the whole gate. A share
    `spikes` of slices takes `spike_size` times as long. A pair has `blocks`.
    """

    pair: float = 0.014
    odd: float = 0.0
    odd_size: tuple[float, float] = (0.08, 0.13)
    slow: float = 0.0
    slow_size: float = 0.0
    slice: float = 0.03
    wander: float = 0.01
    drift: float = 0.0
    spikes: float = 0.02
    spike_size: float = 3.0
    blocks: int = 35


# A host of one's own, the lower and the upper end of what was measured, and what could go wrong beside that.
NOISES: dict[str, Noise] = {
    "quiet": Noise(pair=0.005, slice=0.01),
    "usual": Noise(),
    "odd pairs": Noise(odd=0.05),
    "drifting": Noise(drift=0.2),
    "spiky": Noise(spikes=0.06),
    "two modes": Noise(pair=0.01, slow=0.3, slow_size=0.03),
    "rough": Noise(pair=0.03, slice=0.05, odd=0.08),
}


def differences(noise: Noise, *, gates: int, pairs: int = MOST_PAIRS, seed: int) -> Array:
    """Log-ratios of equal arms that took turns, gates × pairs. A slowdown only adds its logarithm."""
    drawn = [pair_values(base, new) for base, new in slices(noise, gates=gates, pairs=pairs, seed=seed)]
    return np.concatenate(drawn)


def pair_values(base: Small, new: Small) -> Array:
    """From slices to a number a pair: the median over blocks of the log-ratio, gates × pairs."""
    return np.asarray(np.median(block_ratios(base, new), axis=-1))


def block_ratios(base: Small, new: Small) -> Array:
    """Log-ratios of blocks, gates × pairs × blocks."""
    ratios: Array = np.log(new.sum(axis=-1) / base.sum(axis=-1)).astype(np.float64)
    return ratios


def slices(
    noise: Noise, *, gates: int, pairs: int = MOST_PAIRS, seed: int, in_turns: bool = True
) -> Iterator[tuple[Small, Small]]:
    """Seconds of both arms' slices, gates × pairs × blocks × 2 each, some gates at a time.

    Not `in_turns` all processes of the base come first, then all of new: the order that drift deceives. The rest of
    the noise is the same.
    """
    random = np.random.default_rng(seed)
    for begin in range(0, gates, CHUNK):
        yield _some_slices(noise, (min(CHUNK, gates - begin), pairs), random, in_turns=in_turns)


def _some_slices(
    noise: Noise, size: tuple[int, int], random: np.random.Generator, *, in_turns: bool
) -> tuple[Small, Small]:
    places = _places(noise.blocks)
    host = random.standard_normal((*size, places.size), dtype=np.float32).cumsum(axis=-1) * np.float32(noise.wander)
    own = _processes(noise, size, random)
    when = _times(places, size[1], in_turns=in_turns)
    base, new = (
        _seconds(host[..., places[arm]] + noise.drift * when[arm] + own[arm], noise, random) for arm in range(ARMS)
    )
    return base, new


def _places(blocks: int) -> NDArray[np.int64]:
    """Where each arm's slices lie in a pair, arms × blocks × 2, in the order in which real arms take turns."""
    turns = np.array([block_order(range(ARMS), block, seed=0) for block in range(blocks)])
    within = np.stack([np.nonzero(turns == arm)[1].reshape(blocks, SLICES_A_BLOCK) for arm in range(ARMS)])
    return within + ARMS * SLICES_A_BLOCK * np.arange(blocks)[:, None]


def _times(places: NDArray[np.int64], pairs: int, *, in_turns: bool) -> Small:
    """When in a gate each slice comes, from 0 to 1: arms × pairs × blocks × 2."""
    within = places[:, None] / places.size
    number = np.arange(pairs)[:, None, None]
    if in_turns:
        return ((number + within) / pairs).astype(np.float32)
    halves = np.arange(ARMS)[:, None, None, None]
    return ((halves + (number + within) / pairs) / ARMS).astype(np.float32)


def _processes(noise: Noise, size: tuple[int, int], random: np.random.Generator) -> list[Small]:
    """Each arm's own level in each pair, to be added to that of its slices."""
    odd = np.where(random.random(size) < noise.odd, random.uniform(*noise.odd_size, size), 0.0)
    is_base = random.random(size) < 0.5
    levels = []
    for takes_it in (is_base, ~is_base):
        own = random.standard_normal(size) * noise.pair / math.sqrt(ARMS) + odd * takes_it
        own += noise.slow_size * (random.random(size) < noise.slow)
        levels.append(own.astype(np.float32)[..., None, None])
    return levels


def _seconds(level: Small, noise: Noise, random: np.random.Generator) -> Small:
    level = level + np.float32(noise.slice) * random.standard_normal(level.shape, dtype=np.float32)
    spikes = random.random(level.shape, dtype=np.float32) < noise.spikes
    return np.exp(level) * np.where(spikes, np.float32(noise.spike_size), np.float32(1))


def hodges_lehmann(values: Array) -> tuple[Array, Array]:
    """The averages of two that Wilcoxon's exact signed-rank test does not reject: what the gate takes."""
    outer = outer_averages(values.shape[1])
    first, second = np.triu_indices(values.shape[1])
    averages = np.sort((values[:, first] + values[:, second]) / 2, axis=1)
    return averages[:, outer - 1], averages[:, -outer]


def student(values: Array) -> tuple[Array, Array]:
    """Student's t over pairs: what the gate would take if pairs had no heavy tails."""
    ends = ttest_1samp(values, 0.0, axis=1).confidence_interval(2 * CONFIDENCE - 1)
    return np.asarray(ends.low), np.asarray(ends.high)


def pooled(base: Small, new: Small) -> tuple[Array, Array]:
    """The wrong rule: Student's t over all blocks of all pairs, as if each were independent of the others."""
    return student(block_ratios(base, new).reshape(len(base), -1))


@dataclass(frozen=True, kw_only=True)
class Ended:
    """Gates that ended: how many pairs each took, and its interval of the log-ratio."""

    pairs: NDArray[np.int64]
    low: Array
    high: Array

    def slower_by(self, slowdown: float) -> "Ended":
        """The same gates of an arm that is slower by a ratio less 1."""
        more = math.log1p(slowdown)
        return replace(self, low=self.low + more, high=self.high + more)

    def covers(self, slowdown: float = 0.0) -> NDArray[np.bool_]:
        """Which intervals hold the truth."""
        truth = math.log1p(slowdown)
        return (self.low <= truth) & (truth <= self.high)

    def fails(self, margin: float) -> NDArray[np.bool_]:
        """Which first series fail."""
        return self.low > math.log1p(margin)

    def passes(self, margin: float) -> NDArray[np.bool_]:
        """Which pass, be it as improved."""
        return self.high < math.log1p(margin)

    def confirmed(self, margin: float) -> NDArray[np.bool_]:
        """Which fail and fail again in a second series: that of another gate, which is independent of the first."""
        failed = self.fails(margin)
        return failed & np.roll(failed, len(failed) // 2)


def end_at(values: Array, count: int, *, interval: Interval = hodges_lehmann) -> Ended:
    """Gates of `count` pairs each."""
    low, high = interval(values[:, :count])
    return Ended(pairs=np.full(len(values), count), low=low, high=high)


def end_when_known(values: Array, *, margin: float, interval: Interval = hodges_lehmann) -> Ended:
    """Gates that end when they are known well enough, as `decision.is_known` says, or have no more pairs."""
    most = values.shape[1]
    pairs, low, high = np.full(len(values), most), np.empty(len(values)), np.empty(len(values))
    going = np.arange(len(values))
    for count in range(LEAST_PAIRS, most + 1):
        seen_low, seen_high = interval(values[going, :count])
        ends = ((seen_high - seen_low) / 2 <= SHARE * math.log1p(margin)) | (count == most)
        over = going[ends]
        pairs[over], low[over], high[over] = count, seen_low[ends], seen_high[ends]
        going = going[~ends]
        if not len(going):
            break
    return Ended(pairs=pairs, low=low, high=high)


def fit_noise(recorded: Sequence[float], *, like: Noise = NOISES["usual"]) -> Noise:
    """Noise with the spread and the odd pairs of recorded log-ratios of equal arms; the rest is as in `like`.

    The spread is the median absolute deviation's, since odd pairs shall not count twice; those that lie within FAR
    of it are part of it.
    """
    seen = np.asarray(recorded, dtype=np.float64)
    spread = float(median_abs_deviation(seen, scale="normal"))
    off = np.abs(seen - np.median(seen))
    far = off[off > FAR * spread]
    # What slices leave in the median of a pair: that of n normal numbers varies by √(π / 2n) of their deviation.
    within = like.slice * math.sqrt(math.pi / 2 / like.blocks)
    return replace(
        like,
        pair=math.sqrt(max(spread**2 - within**2, 0.0)),
        odd=len(far) / len(seen),
        odd_size=(float(far.min()), float(far.max())) if len(far) else like.odd_size,
    )
