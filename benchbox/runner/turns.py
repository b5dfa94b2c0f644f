"""Runs that take turns: a group of a plan's places, all alive at once, each working a slice while the others sleep.

Fresh processes one after another differ by more than what is asked for, and the machine drifts between them;
arms that take turns are seen at the same moments, so that their ratios hold. How an arm lives is in `arms`, the
order in `plan.schedule`, the ratios in `records.ratios`.
"""

import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import psutil

from benchbox.errors import Interrupted
from benchbox.plan.requests import RunRequest
from benchbox.plan.schedule import IN_TURNS, SLICES_A_BLOCK, block_order, least_blocks, slice_seconds
from benchbox.plan.slices import Ready
from benchbox.plan.spec import Plan, RunSpec, TimingSpec
from benchbox.records.events import AnyEvent, Noted, Observer, PhaseBegan, Progress
from benchbox.records.ratios import slowdown
from benchbox.records.record import STOPPED, Record
from benchbox.runner.arms import Arm, LiveArm
from benchbox.runner.folder import OUTPUT
from benchbox.runner.outcome import make_outcome
from benchbox.runner.request import make_request
from benchbox.runner.watcher import Watcher

# Every look is a chance to stop on a lucky interval. Asked for in two blocks after one another, the interval still
# covers the true ratio in 95 % to 98 % of simulated groups, by the noise; in one alone, in 93 % to 97 %.
CALM_BLOCKS = 2
# What an arm before this one held at most must be free, and this much more, before the next is set up.
MEMORY_MARGIN = 1.2
GIB = 2**30

MakeArm = Callable[[RunRequest, Observer], Arm]


@dataclass(kw_only=True)
class Group:
    """The arms of one group by their places, in the plan's order.

    `ready` are those that got warm, `refused` the records of those that were not begun, `samples` the seconds a
    call of every slice so far.
    """

    specs: Mapping[int, RunSpec]
    arms: dict[int, Arm] = field(default_factory=dict)
    ready: dict[int, Ready] = field(default_factory=dict)
    refused: dict[int, Record] = field(default_factory=dict)
    samples: dict[int, list[float]] = field(default_factory=dict)

    def living(self) -> list[int]:
        """The places of the arms that still take part."""
        return [place for place in self.ready if self.arms[place].record is None]

    def records(self) -> Iterator[tuple[int, Record]]:
        """What came of every place; those that were never begun were cut off."""
        for place, spec in self.specs.items():
            arm = self.arms.get(place)
            record = self.refused.get(place) or (arm.record if arm else None)
            yield place, record or make_outcome(spec, "interrupted", STOPPED, began=datetime.now(UTC))


def run_turns(
    plan: Plan,
    places: Sequence[int],
    *,
    names: Sequence[str],
    folder: Path,
    dataset: Path,
    watcher: Watcher,
    first: int = 0,
    make_arm: MakeArm | None = None,
    clock: Callable[[], float] = time.monotonic,
    free_memory: Callable[[], int] | None = None,
) -> Iterator[Record]:
    """Let the runs at `places` of a plan take turns, and give the record of each, in that order, once all are over.

    `names` are those of all runs of the plan, `first` is the number of runs before the group. The watcher sees the
    first run from the start of the group to its end, and the start of every other one just before its record is
    given; that a run has ended is told by the caller, who keeps the record. An arm that fails leaves its record
    and the others go on. One for which there is no room beside the others ends as `oom`: on a CPU it is not even
    begun. After a signal all records are given, those that were cut off as `interrupted`.
    """
    make_arm = make_arm or _live_arms(plan, folder)
    watcher.run_started(first, plan.specs[places[0]], plan.labels[places[0]])
    group = Group(specs={place: plan.specs[place] for place in places})
    with ExitStack() as ends, suppress(KeyboardInterrupt, Interrupted):
        for place in places:
            if record := _refusal(plan, place, group, free_memory or _free_memory):
                group.refused[place] = record
                continue
            observer = watcher if place == places[0] else _named(watcher, plan.labels[place])
            arm = make_arm(make_request(plan, place, name=names[place], folder=folder, dataset=dataset), observer)
            ends.callback(arm.stop)
            group.arms[place] = arm
            if ready := arm.prepare():
                group.ready[place] = ready
        _measure(group, plan.specs[places[0]], watcher, clock=clock)
    for number, (place, record) in enumerate(group.records()):
        if number:
            watcher.run_started(first + number, plan.specs[place], plan.labels[place])
        yield record


def _live_arms(plan: Plan, folder: Path) -> MakeArm:
    def make_arm(request: RunRequest, observer: Observer) -> Arm:
        return LiveArm(request, observer=observer, output=folder / OUTPUT, timeout=plan.timeout)

    return make_arm


def _named(watcher: Observer, label: str) -> Observer:
    """Events of an arm that is not the watcher's current run say whose they are."""

    def observer(event: AnyEvent, /) -> None:
        if isinstance(event, PhaseBegan):
            event = PhaseBegan(name=f"{label}: {event.name}")
        elif isinstance(event, Noted):
            event = Noted(text=f"{label}: {event.text}")
        watcher(event)

    return observer


def _free_memory() -> int:
    return int(psutil.virtual_memory().available)


def _refusal(plan: Plan, place: int, group: Group, free_memory: Callable[[], int]) -> Record | None:
    """The record of an arm that is not begun: the plan says why, or memory would run out.

    All arms are alive together, and on a CPU the kernel's choice of whom to kill would be anybody.
    """
    spec, began = plan.specs[place], datetime.now(UTC)
    if reason := plan.refusals.get(plan.labels[place]):
        return make_outcome(spec, "unsupported", reason, began=began)
    needed = MEMORY_MARGIN * max((ready.peak for ready in group.ready.values()), default=0)
    free = free_memory()
    if spec.placement.device != "cpu" or free >= needed:
        return None
    reason = (
        f"{free / GIB:.1f} GiB are free and an arm needs about {needed / GIB:.1f} GiB beside the "
        f"{len(group.living())} that wait; a smaller --batch-size or --image-size needs less"
    )
    return make_outcome(spec, "oom", reason, began=began)


def _measure(group: Group, spec: RunSpec, watcher: Watcher, *, clock: Callable[[], float]) -> None:
    """The slices of all arms that are ready, the machine's state around them, and what follows."""
    _look(group)
    watcher(PhaseBegan(name="taking turns"))
    reasons = take_turns(group, spec.timing, seed=spec.seed, observer=watcher, clock=clock)
    _look(group)
    watcher(PhaseBegan(name="after the turns"))
    for place in group.living():
        group.arms[place].finish(reasons[place])


def _look(group: Group) -> None:
    processes = tuple(group.ready[place].process for place in group.living())
    for place in group.living():
        group.arms[place].look(processes)


def take_turns(
    group: Group, timing: TimingSpec, *, seed: int, observer: Observer, clock: Callable[[], float]
) -> dict[int, str]:
    """Block after block until every ratio to the first arm is known to ± `timing.goal`, or the time is used.

    The time is `timing.seconds` for each arm. Never is the verdict looked at, only how well the ratios are known.
    Returns by place why it stopped.
    """
    budget, least = timing.seconds * len(group.ready), 0
    if group.ready:
        least = least_blocks([ready.call_seconds for ready in group.ready.values()])
    group.samples = {place: [] for place in group.ready}
    began, block, calm = clock(), 0, 0
    while group.living():
        _work_a_block(group, block, seed=seed, seconds=slice_seconds(timing.seconds))
        block += 1
        used = clock() - began
        calm = calm + 1 if _are_known(group, timing.goal) else 0
        if block >= least and (calm >= CALM_BLOCKS or used >= budget):
            return _reasons(group, used=used, is_known=calm >= CALM_BLOCKS)
        observer(Progress(done=block, total=max(least, block + 1, math.ceil(budget * block / max(used, 1e-9)))))
    return {}


def _work_a_block(group: Group, block: int, *, seed: int, seconds: float) -> None:
    for place in block_order(group.living(), block, seed=seed):
        # An arm may be lost in its first slice of a block: `work` then says nothing in its second.
        if sliced := group.arms[place].work(seconds):
            group.samples[place].append(sliced.seconds)


def _are_known(group: Group, goal: float) -> bool:
    widths = [_width(group, place) for place in group.living()[1:]]
    return all(width is not None and width <= goal for width in widths)


def _width(group: Group, place: int) -> float | None:
    """How far the interval of a ratio to the first living arm reaches, None while there is no interval."""
    seen = slowdown(group.samples[group.living()[0]], group.samples[place])
    return seen.half_width if seen is not None and seen.is_interval else None


def _reasons(group: Group, *, used: float, is_known: bool) -> dict[int, str]:
    living = group.living()
    if not living:
        return {}
    blocks = len(group.samples[living[0]]) // SLICES_A_BLOCK
    ended = (
        f"{blocks} blocks {IN_TURNS}, {used:.1f} s" if is_known else f"budget used by {blocks} blocks {IN_TURNS}"
    )
    widths = {place: _width(group, place) for place in living[1:]}
    said = {place: ended if width is None else f"ratio ±{width:.1%}, {ended}" for place, width in widths.items()}
    return {living[0]: ended, **said}
