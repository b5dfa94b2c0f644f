"""The search for the largest batch, by doubling, then bisecting. What a try does is its caller's business."""

from collections.abc import Callable
from dataclasses import dataclass, field

from benchbox.engine.sampling import Clock

# Batch norm on a 1×1 map needs two pictures, so that one is asked for only if two do not fit.
FIRST = 2
LARGEST = 65_536


@dataclass(frozen=True, kw_only=True)
class Found:
    """The batches that fitted and those that did not, in the order tried, and how sure the last word is."""

    fitted: tuple[int, ...]
    refused: tuple[int, ...]
    reason: str


@dataclass(kw_only=True)
class _Search:
    """What is known so far: `low` fits (0: nothing yet), `high` does not (None: not met yet)."""

    ends: float
    low: int = 0
    high: int | None = None
    seconds: float = 0.0
    fitted: list[int] = field(default_factory=list)
    refused: list[int] = field(default_factory=list)

    def next_batch(self) -> int | None:
        """The batch to try now, None where nothing is left to learn."""
        if self.high is None and not self.low:
            return FIRST
        if self.high is None:
            return min(2 * self.low, LARGEST) if self.low < LARGEST else None
        return None if self.high - self.low == 1 else (self.low + self.high) // 2

    def add(self, batch: int, seconds: float | None) -> None:
        """Learn from a try."""
        if seconds is None:
            self.refused.append(batch)
            self.high = batch
        else:
            self.fitted.append(batch)
            self.low, self.seconds = batch, seconds

    def predicted(self, batch: int) -> float:
        """Seconds of a try by the largest that fitted: more pictures take no less than their share."""
        return self.seconds * batch / self.low if self.low else 0.0

    def found(self, reason: str) -> Found:
        """The answer, as it stands."""
        return Found(fitted=tuple(self.fitted), refused=tuple(self.refused), reason=reason)


def find_largest_batch(attempt: Callable[[int], float | None], *, seconds: float, clock: Clock) -> Found:
    """The largest batch that fits, where a batch fits if all smaller ones do.

    `attempt` answers the seconds that a step on so many pictures took, None where it did not fit. A try that is
    predicted to end after `seconds` is not made, nor one above 65,536 pictures: the answer is then a lower bound,
    and the reason says so.
    """
    search = _Search(ends=clock() + seconds)
    while (batch := search.next_batch()) is not None:
        predicted = search.predicted(batch)
        if clock() + predicted > search.ends:
            return search.found(f"{_bounds(search)}: the next try would take about {predicted:.2g} s")
        search.add(batch, attempt(batch))
    if search.high is None:
        return search.found(f"at least {LARGEST}: no larger batch is tried")
    if not search.low:
        return search.found("not even one picture fits")
    return search.found(f"{search.low} fits, {search.high} does not")


def _bounds(search: _Search) -> str:
    at_least = f"at least {search.low}"
    return at_least if search.high is None else f"{at_least}, less than {search.high}"
