"""Runs that take turns: a group of a plan's places, all alive at once, each working a slice while the others sleep.

Fresh processes one after another differ by more than what is asked for, and the machine drifts between them;
arms that take turns are seen at the same moments, so that their ratios hold. How an arm lives is in `arms`, the
order in `plan.schedule`, the ratios in `records.ratios`.
"""

import math
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from benchbox.errors import Interrupted
from benchbox.plan.requests import RunRequest
from benchbox.plan.schedule import SLICES_A_BLOCK, block_order, least_blocks, slice_seconds
from benchbox.plan.slices import Ready
from benchbox.plan.spec import GIB, Plan, RunSpec, TimingSpec
from benchbox.records.estimate import median
from benchbox.records.events import AnyEvent, Noted, Observer, PhaseBegan, Progress
from benchbox.records.groups import free_bytes
from benchbox.records.ratios import slowdown
from benchbox.records.record import STOPPED, Record
from benchbox.runner.arms import Arm, LiveArm
from benchbox.runner.child import GRACE_SECONDS
from benchbox.runner.folder import OUTPUT
from benchbox.runner.outcome import make_outcome
from benchbox.runner.request import make_request
from benchbox.runner.watcher import Watcher

# Every look is a chance to stop on a lucky interval. Asked for in two blocks after one another, the interval still
# covers the true ratio in 95 % to 98 % of simulated groups, by the noise; in one alone, in 93 % to 97 %.
CALM_BLOCKS = 2
# What an arm before this one held at most must be free, and this much more, before the next is set up.
MEMORY_MARGIN = 1.2
# After a second signal: enough for an arm that sleeps to say what it has, too short to wait for one that works.
HURRIED_SECONDS = 1.0

MakeArm = Callable[[RunRequest, Observer], Arm]


@dataclass(kw_only=True)
class Group:
    """The arms of one group by their places, in the plan's order.

    `current` is the place whose run the watcher sees. `ready` are those that got warm, `refused` the records of
    those that were not begun, `samples` the seconds a call of every slice so far.
    """

    specs: Mapping[int, RunSpec]
    current: int
    arms: dict[int, Arm] = field(default_factory=dict)
    ready: dict[int, Ready] = field(default_factory=dict)
    refused: dict[int, Record] = field(default_factory=dict)
    samples: dict[int, list[float]] = field(default_factory=dict)

    def living(self) -> list[int]:
        """The places of the arms that still take part."""
        return [place for place in self.ready if self.arms[place].record is None]

    def record(self, place: int) -> Record:
        """What came of a place whose arm is over; one that was never begun was cut off."""
        arm = self.arms.get(place)
        record = self.refused.get(place) or (arm.record if arm else None)
        return record or make_outcome(self.specs[place], "interrupted", STOPPED, began=datetime.now(UTC))


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
    free_memory: Callable[[], int] = free_bytes,
) -> Generator[Record]:
    """Let the runs at `places` of a plan take turns, and give the record of each, in that order, when it ends.

    `names` are those of all runs of the plan, `first` is the number of runs before the group. The watcher sees the
    first run from the start of the group to its end, and every other one from when the one before it has ended;
    that a run has ended is told by the caller, who keeps the record. An arm that fails leaves its record and the
    others go on. One for which there is no room beside the others ends as `oom`: on a CPU it is not even begun.
    After a signal, also one that the caller throws in, all records are given, those that were cut off as
    `interrupted`, and Interrupted is raised; a second signal only makes that quicker.
    """
    group = Group(specs={place: plan.specs[place] for place in places}, current=places[0])
    given, is_cut_off = 0, False

    def tell_start(number: int) -> None:
        group.current = places[number]
        watcher.run_started(first + number, plan.specs[group.current], plan.labels[group.current])

    def make(place: int) -> Arm:
        request = make_request(plan, place, name=names[place], folder=folder, dataset=dataset)
        observer = _named(watcher, group, place, label=plan.labels[place])
        return (make_arm or _live_arms(plan, folder))(request, observer)

    tell_start(0)
    try:
        _begin_all(group, plan, make, free_memory)
        reasons = _measure(group, plan.specs[places[0]], watcher, clock=clock)
        for number, place in enumerate(places):
            if number:
                tell_start(number)
            if place in reasons:
                group.arms[place].finish(reasons[place])
            given += 1
            yield group.record(place)
    except (KeyboardInterrupt, Interrupted):
        is_cut_off = True
    finally:
        # Also where the caller wants no more: nobody may stay behind.
        is_cut_off |= _stop_all(group)
    for number in range(given, len(places)):
        if group.current != places[number]:
            tell_start(number)
        yield group.record(places[number])
    if is_cut_off:
        raise Interrupted


def _begin_all(group: Group, plan: Plan, make: Callable[[int], Arm], free_memory: Callable[[], int]) -> None:
    """Set one arm up after the other; those that are not begun leave their records."""
    for place in group.specs:
        if record := _refusal(plan, place, group, free_memory):
            group.refused[place] = record
            continue
        group.arms[place] = make(place)
        if ready := group.arms[place].prepare():
            group.ready[place] = ready


def _stop_all(group: Group) -> bool:
    """End all arms that live; whether a signal came meanwhile, after which those that are left must hurry."""
    is_hurried = False
    left = [arm for arm in group.arms.values() if arm.record is None]
    while left:
        try:
            left[-1].stop(HURRIED_SECONDS if is_hurried else GRACE_SECONDS)
            left.pop()
        except (KeyboardInterrupt, Interrupted):
            is_hurried = True
    return is_hurried


def _live_arms(plan: Plan, folder: Path) -> MakeArm:
    def make_arm(request: RunRequest, observer: Observer) -> Arm:
        return LiveArm(request, observer=observer, output=folder / OUTPUT, timeout=plan.timeout)

    return make_arm


def _named(watcher: Observer, group: Group, place: int, *, label: str) -> Observer:
    """Events of an arm that is not the watcher's current run say whose they are."""

    def observer(event: AnyEvent, /) -> None:
        if group.current == place:
            pass
        elif isinstance(event, PhaseBegan):
            event = PhaseBegan(name=f"{label}: {event.name}")
        elif isinstance(event, Noted):
            event = Noted(text=f"{label}: {event.text}")
        watcher(event)

    return observer


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


def _measure(group: Group, spec: RunSpec, watcher: Watcher, *, clock: Callable[[], float]) -> dict[int, str]:
    """The slices of all arms that are ready, and the machine's state around them; why those that live stopped."""
    _look(group)
    watcher(PhaseBegan(name="taking turns"))
    reasons = take_turns(group, spec.timing, seed=spec.seed, observer=watcher, clock=clock)
    _look(group)
    watcher(PhaseBegan(name="after the turns"))
    return reasons


def _look(group: Group) -> None:
    processes = tuple(group.ready[place].process for place in group.living())
    for place in group.living():
        group.arms[place].look(processes)


def take_turns(
    group: Group, timing: TimingSpec, *, seed: int, observer: Observer, clock: Callable[[], float]
) -> dict[int, str]:
    """Block after block until every ratio to the first arm is known to ± `timing.goal`, or the time is used.

    The time is `timing.seconds` for each arm; those that live share that of a block. Never is the verdict looked
    at, only how well the ratios are known; of an arm that is alone, how well its median is. Returns by place why it
    stopped.
    """
    least = 0
    if group.ready:
        least = least_blocks([ready.call_seconds for ready in group.ready.values()])
    group.samples = {place: [] for place in group.ready}
    began, block, calm, share = clock(), 0, 0, 0.0
    while arms := len(group.living()):
        block_began = clock()
        _work_a_block(group, block, seed=seed, seconds=slice_seconds(timing.seconds))
        block += 1
        share += (clock() - block_began) / arms
        calm = calm + 1 if _are_known(group, timing.goal) else 0
        if block >= least and (calm >= CALM_BLOCKS or share >= timing.seconds):
            return _reasons(group, used=clock() - began, is_known=calm >= CALM_BLOCKS)
        expected = math.ceil(timing.seconds * block / max(share, 1e-9))
        observer(Progress(done=block, total=max(least, block + 1, expected)))
    return {}


def _work_a_block(group: Group, block: int, *, seed: int, seconds: float) -> None:
    for place in block_order(group.living(), block, seed=seed):
        # An arm may be lost in its first slice of a block: `work` then says nothing in its second.
        if sliced := group.arms[place].work(seconds):
            group.samples[place].append(sliced.seconds)


def _are_known(group: Group, goal: float) -> bool:
    living = group.living()
    widths = [_width(group, place) for place in living[1:] or living]
    return all(width is not None and width <= goal for width in widths)


def _width(group: Group, place: int) -> float | None:
    """How far the interval of a ratio to the first living arm reaches, None while there is no interval.

    Of that arm itself, the interval of its median.
    """
    base, samples = group.samples[group.living()[0]], group.samples[place]
    seen = median(samples) if samples is base else slowdown(base, samples)
    return seen.half_width if seen is not None and seen.is_interval else None


def _reasons(group: Group, *, used: float, is_known: bool) -> dict[int, str]:
    living = group.living()
    if not living:
        return {}
    blocks = len(group.samples[living[0]]) // SLICES_A_BLOCK
    ended = f"{blocks} blocks in turns, {used:.1f} s" if is_known else f"budget used by {blocks} blocks in turns"
    what = "ratio" if len(living) > 1 else "median"
    widths = {place: _width(group, place) for place in living[1:] or living}
    said = {place: ended if width is None else f"{what} ±{width:.1%}, {ended}" for place, width in widths.items()}
    return {living[0]: ended} | said
