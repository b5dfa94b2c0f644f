"""Pairs: fresh processes of both arms, again and again, until the ratios are known or the time is up.

A pair is the replicate of a gate. Its arms are alive together and take turns in short slices; where memory forbids
that, processes that have a row to themselves follow one another, A B B A. Never is the verdict looked at, only how
well the ratios are known.
"""

import math
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from statistics import median

from benchbox.errors import Interrupted
from benchbox.plan.gate import FIRST_OF_MEMORY, PROCESSES_OF_MEMORY, GateSeries
from benchbox.records.events import Observer
from benchbox.records.groups import free_bytes
from benchbox.runner.measuring import MakeArm, Measuring, Pair
from benchbox.runner.places import ArmPlace
from benchbox.runner.rows_arm import ArmRefused

__all__ = ["ArmRefused", "Pair", "measure_memory", "measure_pairs"]


def measure_pairs(
    series: GateSeries,
    arms: Sequence[ArmPlace],
    *,
    folder: Path,
    dataset: Path,
    watcher: Observer,
    is_known: Callable[[Sequence[Pair]], bool],
    clock: Callable[[], float] = time.monotonic,
    deadline: float = math.inf,
    make_arm: MakeArm | None = None,
    free_memory: Callable[[], int] = free_bytes,
) -> Iterator[Pair]:
    """Pairs of the arms, one or two, each given when it has ended, until `is_known` of all so far.

    There are at least `series.least` of them and at most `series.most`; one that would end after the `deadline`, by
    the `clock` and what they usually take, is not begun. A series also ends where no row is left, and where memory
    no longer allows the schedule of its pairs. What the arms print goes to files in `folder`. Raises ArmRefused
    where an arm cannot be measured or imports what is not its own, and Interrupted after a signal, when what was
    cut off has been given.
    """
    measuring = Measuring(
        series=series,
        places=tuple(arms),
        folder=folder,
        dataset=dataset,
        watcher=watcher,
        clock=clock,
        deadline=deadline,
        make_arm=make_arm,
        free_memory=free_memory,
    )
    made: list[Pair] = []
    for pair in _made(measuring, measuring.measure, range(series.first, series.first + series.most)):
        made.append(pair)
        yield pair
        if not measuring.is_cut_off and len(made) >= series.least and is_known(tuple(made)):
            return


def measure_memory(
    series: GateSeries,
    arms: Sequence[ArmPlace],
    *,
    folder: Path,
    dataset: Path,
    watcher: Observer,
    clock: Callable[[], float] = time.monotonic,
    deadline: float = math.inf,
    make_arm: MakeArm | None = None,
) -> Iterator[Pair]:
    """Peak memory, in processes that have one row to themselves: of each row and arm PROCESSES_OF_MEMORY.

    Each round of them is given as a pair without times, numbered from FIRST_OF_MEMORY and with no schedule. It ends
    and raises as `measure_pairs` does.
    """
    measuring = Measuring(
        series=series,
        places=tuple(arms),
        folder=folder,
        dataset=dataset,
        watcher=watcher,
        clock=clock,
        deadline=deadline,
        make_arm=make_arm,
    )
    numbers = range(FIRST_OF_MEMORY, FIRST_OF_MEMORY + PROCESSES_OF_MEMORY)
    yield from _made(measuring, measuring.measure_memory, numbers)


def _made(measuring: Measuring, measure: Callable[[int], Pair | None], numbers: Sequence[int]) -> Iterator[Pair]:
    """One pair after the other, as long as rows are left and another one would end in time."""
    seconds: list[float] = []
    for number in numbers:
        if not measuring.rows or measuring.clock() + _usual(seconds) >= measuring.deadline:
            return
        pair = measure(number)
        if pair is None:
            return
        seconds.append(pair.seconds)
        yield pair
        if measuring.is_cut_off:
            raise Interrupted


def _usual(seconds: Sequence[float]) -> float:
    """What another pair will take. The first one makes passes that no other makes, and begins on cold files."""
    return median(seconds[1:] or seconds) if seconds else 0.0
