"""How far a fit has come, and how long it took: what changes in it besides the learner."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager

from benchbox.engine.loops import Batch, Totals, no_totals
from benchbox.engine.sampling import Clock
from benchbox.engine.training_state import Position, Standing


class Course:
    """The epoch that is going on (from 1) with its sums so far, and what was reached before it.

    It goes on from a position, with the times used until then. The clock of an epoch runs only while it trains:
    neither evaluations nor the saving of states are training. It `is_whole` between two steps: in the middle of one
    weights and random numbers belong to no step.
    """

    def __init__(self, position: Position, totals: Totals, *, clock: Clock, now: float) -> None:
        self.epoch, self.totals, self.is_whole = position.epoch, totals, True
        self.best, self.last, self.breaks = position.best, position.last, position.breaks
        self._clock, self._began = clock, now - position.seconds
        self._trained = position.epoch_seconds
        self._since: float | None = None

    @property
    def seconds(self) -> float:
        """Seconds of the fit, those before a break included."""
        return self._clock() - self._began

    @property
    def epoch_seconds(self) -> float:
        """Seconds of training in the epoch that is going on."""
        return self._trained + (0.0 if self._since is None else self._clock() - self._since)

    @contextmanager
    def training(self) -> Iterator[None]:
        """The epoch's clock runs in here."""
        self._since = self._clock()
        try:
            yield
        finally:
            self._trained, self._since = self.epoch_seconds, None

    @contextmanager
    def pausing(self) -> Iterator[None]:
        """The epoch's clock stands in here, where it runs."""
        is_running = self._since is not None
        self._trained, self._since = self.epoch_seconds, None
        yield
        self._since = self._clock() if is_running else None

    def steps(self, batches: Iterable[Batch]) -> Iterator[Batch]:
        """The batches themselves; a step begins where its batch is asked for, and ends by `end_step`."""
        self.is_whole = False
        for batch in batches:
            yield batch
            self.is_whole = False
        self.is_whole = True

    def end_step(self, totals: Totals) -> None:
        """A step is made, with these sums."""
        self.totals, self.is_whole = totals, True

    def end_epoch(self, *, judged: Standing, held_out: Standing) -> None:
        """The epoch is over, by its standing on the side that chooses and on the held-out pictures."""
        if judged.is_better_than(self.best):
            self.best = judged
        self.last = held_out
        self.epoch += 1
        self.totals, self._trained = no_totals(self.totals.loss.device), 0.0

    def position(self, curves: Mapping[str, tuple[float, ...]]) -> Position:
        """Where the fit stands now; `curves` are those of the epochs before."""
        return Position(
            epoch=self.epoch,
            step=self.totals.steps,
            pictures=self.totals.pictures,
            epoch_seconds=self.epoch_seconds,
            seconds=self.seconds,
            curves=dict(curves),
            best=self.best,
            last=self.last,
            breaks=self.breaks,
        )
