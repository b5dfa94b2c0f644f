"""What is seen to after each step of an epoch: the loss is a number, whoever watches is told, states are saved."""

import math

from benchbox.engine.course import Course
from benchbox.engine.keeper import Keeper
from benchbox.engine.loops import Learner, Totals
from benchbox.engine.stage import Context
from benchbox.errors import NotFiniteError
from benchbox.records.events import StepSeen


class Lookout:
    """Follows the steps of one epoch; `epochs` and `steps` of each are what is planned.

    The loss is read back at most every `sync_seconds`, but the step and the learning rate at which it was first no
    number are known all the same: the sums of all steps since the last look are kept.
    """

    def __init__(
        self, context: Context, learner: Learner, course: Course, keeper: Keeper, *, epochs: int, steps: int
    ) -> None:
        self._context, self._learner, self._course, self._keeper = context, learner, course, keeper
        self._epochs, self._steps = epochs, steps
        self._looked = context.clock()
        self._unseen: list[tuple[Totals, float]] = []
        self._rate = learner.rate
        # Of the step that was made last; before the first, of that one.
        self.last_rate = self._rate

    def __call__(self, totals: Totals) -> None:
        """After each step."""
        self._course.end_step(totals)
        self._unseen.append((totals, self._rate))
        self.last_rate, self._rate = self._rate, self._learner.rate
        now = self._context.clock()
        if self._keeper.is_due(now, within_epoch=True):
            with self._course.pausing():
                self._keeper.save_state(self._course)
        if now - self._looked >= self._context.spec.placement.sync_seconds:
            self._tell(self.finite_loss())
            self._looked = self._context.clock()

    def finite_loss(self) -> float:
        """The epoch's mean loss so far. Raises NotFiniteError with the step and the rate that first showed it."""
        totals = self._course.totals
        loss = float(totals.loss) / totals.pictures
        if math.isfinite(loss):
            self._unseen.clear()
            return loss
        first, rate = next((seen, rate) for seen, rate in self._unseen if not math.isfinite(float(seen.loss)))
        raise NotFiniteError(
            f"the loss is {loss} in epoch {self._course.epoch} at step {first.steps} of {self._steps}, "
            f"{advice(rate, self._keeper)}"
        )

    def _tell(self, loss: float) -> None:
        course, totals = self._course, self._course.totals
        seconds = course.epoch_seconds
        steps_left = self._steps * (self._epochs - course.epoch + 1) - totals.steps
        self._context.observer(
            StepSeen(
                epoch=course.epoch,
                epochs=self._epochs,
                step=totals.steps,
                steps=self._steps,
                loss=loss,
                accuracy=int(totals.correct) / totals.pictures,
                pictures_per_second=totals.pictures / seconds,
                seconds_left=steps_left * seconds / totals.steps,
            )
        )


def advice(rate: float, keeper: Keeper) -> str:
    """How a reason ends that tells of a loss which is no number: the rate, what may help, and what is left."""
    said = f"at a learning rate of {rate:.3g}; a lower --lr may help"
    left = keeper.last_good()
    return f"{said}; {left}" if left else said
