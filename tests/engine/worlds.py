"""A clock and a device for tests of the timer: only work and waiting move them."""

from collections.abc import Callable

import torch

from benchbox.engine.sampling import take_samples
from benchbox.engine.stopwatch import EventStopwatch
from benchbox.plan.spec import TimingSpec


class World:
    """A device that is behind by what it was asked to do, and the host's clock, which waits for it."""

    def __init__(self, cost: Callable[[], float]) -> None:
        self.now, self.pending, self.cost = 0.0, 0.0, cost
        self.calls = 0

    def call(self) -> None:
        self.pending += self.cost()
        self.calls += 1

    def synchronise(self) -> None:
        self.now += self.pending
        self.pending = 0.0

    def clock(self) -> float:
        return self.now


def samples_of(world: World, *, estimate: float, **timing: float) -> tuple[tuple[float, ...], str]:
    """The samples of a world's call, and why they ended; `timing` are fields of TimingSpec."""
    taken = take_samples(
        world.call,
        TimingSpec(**timing),  # type: ignore[arg-type]
        estimate=estimate,
        clock=world.clock,
        synchronise=world.synchronise,
    )
    return taken.seconds, taken.reason


class FakeEvent:
    """Marks a place in a world's queue; like CUDA's, it knows milliseconds."""

    def __init__(self, world: World) -> None:
        self.world, self.at, self.streams = world, 0.0, list[object]()

    def record(self, stream: object) -> None:
        self.at = self.world.now + self.world.pending
        self.streams.append(stream)

    def elapsed_time(self, other: "FakeEvent") -> float:
        return (other.at - self.at) * 1000


class FakeCuda:
    """Stands in for torch.cuda where events are made."""

    def __init__(self, world: World) -> None:
        self.world, self.events = world, list[FakeEvent]()

    def Event(self, *, enable_timing: bool) -> FakeEvent:  # noqa: N802 # torch's name
        assert enable_timing
        self.events.append(FakeEvent(self.world))
        return self.events[-1]

    def current_stream(self, device: torch.device) -> str:
        return f"stream of {device}"


class InMilliseconds(EventStopwatch):
    """A stopwatch whose author forgot the unit."""

    def seconds(self) -> float | None:
        return float(self._first.elapsed_time(self._last))
