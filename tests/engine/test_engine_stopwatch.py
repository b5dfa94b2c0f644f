"""CUDA events as a stopwatch: sign, unit and queue, on a stand-in; and the real ones where there is a GPU."""

import time

import pytest
import torch
from worlds import FakeCuda, World

from benchbox.engine.place import make_place
from benchbox.engine.sampling import time_calls
from benchbox.engine.stopwatch import EventStopwatch
from benchbox.plan.spec import PlacementSpec


def test_the_time_between_the_marks_is_positive_and_in_seconds() -> None:
    world = World(lambda: 0.25)
    stopwatch = EventStopwatch(torch.device("cuda:1"), cuda=FakeCuda(world))
    world.pending = 3.0
    stopwatch.begin()
    world.call()
    stopwatch.end()
    world.synchronise()
    assert stopwatch.seconds() == pytest.approx(0.25)


def test_marks_go_to_the_queue_of_the_device_in_use() -> None:
    cuda = FakeCuda(World(lambda: 0.25))
    stopwatch = EventStopwatch(torch.device("cuda:1"), cuda=cuda)
    stopwatch.begin()
    stopwatch.end()
    assert [event.streams for event in cuda.events] == [["stream of cuda:1"]] * 2


def test_a_cpu_is_timed_by_the_host_alone() -> None:
    assert make_place(PlacementSpec(device="cpu", precision="fp32", threads=1)).stopwatch() is None


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device")
def test_events_agree_with_the_wall_on_a_gpu() -> None:
    place = make_place(PlacementSpec(device="cuda:0", precision="fp32", threads=1))
    square = torch.rand(2048, 2048, device="cuda:0")
    square @ square
    seen = time_calls(
        lambda: square @ square,
        20,
        clock=time.perf_counter,
        synchronise=place.synchronise,
        stopwatch=place.stopwatch(),
    )
    assert seen.is_by_device
    assert 0.3 * seen.wall < seen.seconds
