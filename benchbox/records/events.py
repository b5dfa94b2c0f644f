"""What a run says while it is going on. Events are for the display and the log; records are what counts."""

from typing import Protocol

import msgspec


class Event(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """The base of all events; they travel as tagged JSON from a child process to its parent."""


class PhaseBegan(Event, frozen=True, kw_only=True):
    """A named part of a run began: build, first batch, warm-up, timing, memory, rendering, decoding, …"""

    name: str


class Progress(Event, frozen=True, kw_only=True):
    """`done` of `total` pieces of the current phase are finished."""

    done: int
    total: int


class StepSeen(Event, frozen=True, kw_only=True):
    """A look at a fit in an epoch; sent at most every `sync_seconds`."""

    epoch: int
    epochs: int
    step: int
    steps: int
    loss: float
    accuracy: float
    pictures_per_second: float
    seconds_left: float


class EpochEnded(Event, frozen=True, kw_only=True):
    """An epoch's numbers; `is_best` says that its weights are the best so far.

    `val_loss` and `val_accuracy` are those of the pictures set aside, None where there are none.
    """

    epoch: int
    epochs: int
    train_loss: float
    train_accuracy: float
    test_loss: float
    test_accuracy: float
    val_loss: float | None = None
    val_accuracy: float | None = None
    pictures_per_second: float
    seconds_left: float
    is_best: bool


class Noted(Event, frozen=True, kw_only=True):
    """A warning or a remark for the user, in one line that says what to do next."""

    text: str


AnyEvent = PhaseBegan | Progress | StepSeen | EpochEnded | Noted


class Observer(Protocol):
    """Whoever wants to see events: the display, the log, a test's list."""

    def __call__(self, event: AnyEvent, /) -> None:
        """See one event; must return quickly and never raise."""


def ignore(event: AnyEvent, /) -> None:
    """The observer for callers who do not look."""
