"""Time by the device's own clock: CUDA events around a sample. Other devices are timed by the host alone."""

from typing import Any, Protocol

import torch

# elapsed_time() is in milliseconds (torch.cuda.Event).
MILLISECONDS = 1e3


class Stopwatch(Protocol):
    """Marks the ends of a sample in the device's queue. Neither mark waits for the device."""

    def begin(self) -> None:
        """Before the sample's first call."""

    def end(self) -> None:
        """After the sample's last call."""

    def seconds(self) -> float | None:
        """Seconds between the marks, None where the device has no clock; asked once the device was waited for."""


class NoStopwatch:
    """For devices without a clock of their own."""

    def begin(self) -> None:
        """Nothing to mark."""

    def end(self) -> None:
        """Nothing to mark."""

    def seconds(self) -> float | None:
        """Not known."""
        return None


class EventStopwatch:
    """Two CUDA events, used for every sample again. `cuda` is `torch.cuda`, or a test's stand-in."""

    def __init__(self, device: torch.device, *, cuda: Any = torch.cuda) -> None:
        self._device, self._cuda = device, cuda
        self._first, self._last = cuda.Event(enable_timing=True), cuda.Event(enable_timing=True)

    def begin(self) -> None:
        """Mark the queue of the device itself: an event's default is the current device's."""
        self._first.record(self._cuda.current_stream(self._device))

    def end(self) -> None:
        """Mark the same queue again."""
        self._last.record(self._cuda.current_stream(self._device))

    def seconds(self) -> float | None:
        """Seconds from the first mark to the last."""
        return float(self._first.elapsed_time(self._last)) / MILLISECONDS
