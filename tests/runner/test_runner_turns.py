"""Taking turns: ratios hold where the machine drifts, it stops on precision, and who is lost is a row."""

import math
import random
from collections.abc import Callable, Generator, Iterator, Sequence
from pathlib import Path

import pytest
from factories import STARTED, sample_facts, sample_spec
from msgspec.structs import replace

from benchbox.errors import Interrupted
from benchbox.plan.requests import RunRequest
from benchbox.plan.slices import Looked, Ready, Sliced
from benchbox.plan.spec import Plan, RunSpec, TimingSpec
from benchbox.records.estimate import median
from benchbox.records.events import AnyEvent, Noted, Observer, PhaseBegan, Progress
from benchbox.records.ratios import block_ratios, slowdown
from benchbox.records.record import Record, Status, make_record
from benchbox.runner.turns import MakeArm, run_turns

GIB = 2**30
# Where a fake arm fails other than in a slice, of which -1 is the set-up.
FINISH, STOP, ENDED = -2, -3, -4


class Machine:
    """A clock, and how slow the machine is at every moment of it."""

    def __init__(self, slowness: Callable[[float], float]) -> None:
        self.now, self._slowness = 0.0, slowness

    def clock(self) -> float:
        return self.now

    def run(self, seconds: float) -> float:
        """Work of so many seconds on the quiet machine; returns what it took."""
        taken = seconds * self._slowness(self.now)
        self.now += taken
        return taken


class FakeArm:
    """An arm whose call takes `seconds` on the quiet machine; in slice n, from 0, it does what `faults` say."""

    def __init__(
        self,
        spec: RunSpec,
        machine: Machine,
        seconds: float,
        *,
        faults: dict[int, Status | BaseException] | None = None,
        peak: int = 0,
    ) -> None:
        self.record: Record | None = None
        self.samples: list[float] = []
        self.told: list[str] = []
        self._spec, self._machine, self._seconds = spec, machine, seconds
        self._faults, self._peak = faults or {}, peak

    def prepare(self) -> Ready | None:
        if -1 in self._faults:
            self._fail(self._faults[-1])
            return None
        return Ready(process=id(self), call_seconds=self._seconds, peak=self._peak)

    def look(self, processes: tuple[int, ...]) -> Looked:
        self.told.append("look")
        return Looked()

    def work(self, seconds: float) -> Sliced | None:
        if self.record is not None:
            return None
        if len(self.samples) in self._faults:
            self._fail(self._faults[len(self.samples)])
            return None
        calls = max(1, round(seconds / self._seconds))
        taken = self._machine.run(calls * self._seconds) / calls
        self.samples.append(taken)
        return Sliced(calls=calls, seconds=taken)

    def finish(self, reason: str) -> None:
        if FINISH in self._faults:
            self._fail(self._faults[FINISH])
        self._end("ok", reason)
        if ENDED in self._faults:
            self._fail(self._faults[ENDED])

    def stop(self, seconds: float = 30.0) -> None:
        self.told.append(f"stop within {seconds:g} s")
        if STOP in self._faults:
            self._fail(self._faults.pop(STOP))
        if self.record is None:
            self._end("interrupted", "stopped")

    def _fail(self, fault: Status | BaseException) -> None:
        if isinstance(fault, BaseException):
            raise fault
        self._end(fault, "why so")

    def _end(self, status: Status, reason: str) -> None:
        self.record = make_record(self._spec, status=status, reason=reason, started=STARTED, seconds=1.0)


class Watching:
    def __init__(self) -> None:
        self.told: list[str] = []
        self.events: list[AnyEvent] = []

    def run_started(self, index: int, spec: RunSpec, label: str, /) -> None:
        self.told.append(f"{index} {label}")

    def __call__(self, event: AnyEvent, /) -> None:
        self.events.append(event)

    def run_ended(self, record: Record, /) -> None:
        raise AssertionError("whoever keeps the record tells that")


class Bench:
    """Runs a group of fake arms, and keeps them by their place."""

    def __init__(self, machine: Machine, *calls: float, timing: TimingSpec | None = None) -> None:
        self.machine, self.calls, self.watcher = machine, calls, Watching()
        self.faults: dict[int, dict[int, Status | BaseException]] = {}
        self.peaks = [0] * len(calls)
        self.arms: dict[int, FakeArm] = {}
        timing = timing or TimingSpec(seconds=10.0)
        specs = [
            replace(sample_spec("lenet", "train_step"), timing=timing, seed=place) for place in range(len(calls))
        ]
        labels = tuple(f"rung {place}" for place in range(len(calls)))
        self.plan = Plan(command="ablate speed", specs=tuple(specs), labels=labels, facts=sample_facts())

    def run(self, places: Sequence[int] | None = None, **options: object) -> list[Record]:
        return list(self.step(places, **options))

    def step(self, places: Sequence[int] | None = None, **options: object) -> Generator[Record]:
        places = range(len(self.calls)) if places is None else places
        given: dict[str, object] = {"make_arm": self._make_arm(), "clock": self.machine.clock} | options
        return run_turns(
            self.plan,
            places,
            names=self.plan.labels,
            folder=Path(),
            dataset=Path(),
            watcher=self.watcher,
            **given,  # type: ignore[arg-type]
        )

    def _make_arm(self) -> MakeArm:
        def make_arm(request: RunRequest, observer: Observer) -> FakeArm:
            place = self.plan.specs.index(request.spec)
            observer(PhaseBegan(name="build"))
            observer(Noted(text="a remark"))
            self.arms[place] = FakeArm(
                request.spec,
                self.machine,
                self.calls[place],
                faults=self.faults.get(place),
                peak=self.peaks[place],
            )
            return self.arms[place]

        return make_arm


def until_interrupted(step: Iterator[Record]) -> list[Record]:
    """All records of a group that a signal cuts off."""
    records: list[Record] = []
    with pytest.raises(Interrupted):
        records.extend(step)
    return records


def quiet() -> Machine:
    return Machine(lambda now: 1.0)


def drifting() -> Machine:
    """30 % slower within a minute, with noise of 2 % on top."""
    chance = random.Random(5)
    return Machine(lambda now: (1 + 0.005 * now) * math.exp(chance.gauss(0, 0.02)))


def test_the_ratio_is_found_on_a_drifting_machine_where_separate_runs_err() -> None:
    bench = Bench(drifting(), 0.050, 0.055, timing=TimingSpec(seconds=30.0))
    bench.run()
    seen = slowdown(bench.arms[0].samples, bench.arms[1].samples)
    assert seen is not None
    assert seen.low <= 1.1 <= seen.high
    assert seen.value == pytest.approx(1.1, abs=0.015)
    machine = drifting()
    one, other = ([machine.run(seconds) for _ in range(600)] for seconds in (0.050, 0.055))
    assert sorted(other)[300] / sorted(one)[300] > 1.2


def test_it_stops_as_soon_as_all_ratios_are_known() -> None:
    bench = Bench(quiet(), 0.05, 0.1)
    records = bench.run()
    assert [record.status for record in records] == ["ok", "ok"]
    assert {len(arm.samples) for arm in bench.arms.values()} == {14}
    assert records[1].reason.startswith("ratio ±0.0%, 7 blocks in turns")


def test_it_stops_when_its_time_is_used_and_says_how_well_it_knows() -> None:
    chance = random.Random(1)
    bench = Bench(Machine(lambda now: chance.uniform(0.5, 2)), 0.1, 0.1, timing=TimingSpec(seconds=5.0, goal=0.01))
    records = bench.run()
    assert bench.machine.now == pytest.approx(2 * 5, rel=0.2)
    assert "budget used by" in records[1].reason
    assert records[1].reason.startswith("ratio ±")


def test_slow_calls_have_three_blocks_and_one_call_a_slice() -> None:
    bench = Bench(quiet(), 9.0, 1.0)
    bench.run()
    assert [arm.samples for arm in bench.arms.values()] == [[9.0] * 6, [1.0] * 6]


def test_the_verdict_does_not_decide_when_it_stops() -> None:
    """An arm twice as slow is not known any sooner than one of equal speed under the same noise."""

    def blocks(ratio: float) -> int:
        noise = random.Random(2)
        bench = Bench(Machine(lambda now: math.exp(noise.gauss(0, 0.02))), 0.1, 0.1 * ratio)
        bench.run()
        return len(bench.arms[1].samples)

    assert blocks(1.0) == blocks(1.5)


def test_two_looks_keep_the_interval_honest() -> None:
    """Stopped on precision, the interval covers the true ratio in 93 % of groups or more."""
    covered = 0
    for seed in range(300):
        noise = random.Random(seed)
        bench = Bench(Machine(lambda now, noise=noise: math.exp(noise.gauss(0, 0.02))), 0.1, 0.1)  # type: ignore[misc]
        bench.run()
        seen = slowdown(bench.arms[0].samples, bench.arms[1].samples)
        covered += seen is not None and seen.low <= 1 <= seen.high
    assert covered >= 0.93 * 300


@pytest.mark.parametrize("status", ["oom", "timeout", "crashed"])
@pytest.mark.parametrize("slice_number", [-1, 0, 3])
def test_an_arm_that_is_lost_is_a_row_and_the_others_go_on(status: Status, slice_number: int) -> None:
    bench = Bench(quiet(), 0.1, 0.1, 0.2)
    bench.faults[1] = {slice_number: status}
    records = bench.run()
    assert [record.status for record in records] == ["ok", status, "ok"]
    assert records[1].reason == "why so"
    seen = slowdown(bench.arms[0].samples, bench.arms[2].samples)
    assert seen is not None
    assert seen.value == pytest.approx(2.0)


def test_the_others_go_on_without_the_first_and_after_each_other() -> None:
    bench = Bench(quiet(), 0.1, 0.1, 0.2)
    bench.faults = {0: {2: "oom"}, 2: {-1: "crashed"}}
    assert [record.status for record in bench.run()] == ["oom", "ok", "crashed"]
    assert len(bench.arms[1].samples) >= 12


@pytest.mark.parametrize("slice_number", [-1, 1, 12])
def test_all_may_be_lost(slice_number: int) -> None:
    bench = Bench(quiet(), 0.1, 0.1)
    bench.faults = {0: {slice_number: "oom"}, 1: {slice_number: "oom"}}
    assert [record.status for record in bench.run()] == ["oom", "oom"]


@pytest.mark.parametrize("signal", [Interrupted("interrupted"), KeyboardInterrupt()])
@pytest.mark.parametrize("slice_number", [-1, 5])
def test_after_a_signal_every_run_has_its_record(signal: BaseException, slice_number: int) -> None:
    bench = Bench(quiet(), 0.1, 0.1, 0.1)
    bench.faults = {0: {2: "oom"}, 1: {slice_number: signal}}
    records = until_interrupted(bench.step())
    assert [record.status for record in records] == [
        "oom" if slice_number > 0 else "interrupted",
        "interrupted",
        "interrupted",
    ]
    assert [record.spec for record in records] == list(bench.plan.specs)


def test_what_ended_before_a_signal_keeps_its_record_and_the_plan_ends() -> None:
    bench = Bench(quiet(), 0.1, 0.1)
    bench.faults = {1: {FINISH: Interrupted()}}
    records = until_interrupted(bench.step())
    assert [record.status for record in records] == ["ok", "interrupted"]


def test_the_plan_ends_also_where_every_arm_still_ended_well() -> None:
    bench = Bench(quiet(), 0.1, 0.1)
    bench.faults = {1: {ENDED: KeyboardInterrupt()}}
    records = until_interrupted(bench.step())
    assert [record.status for record in records] == ["ok", "ok"]


def test_a_second_signal_loses_no_record_and_hurries_the_rest() -> None:
    bench = Bench(quiet(), 0.1, 0.1, 0.1)
    bench.faults = {0: {4: "oom"}, 1: {6: KeyboardInterrupt()}, 2: {STOP: KeyboardInterrupt()}}
    records = until_interrupted(bench.step())
    assert [record.status for record in records] == ["oom", "interrupted", "interrupted"]
    assert [bench.arms[place].told[1:] for place in (2, 1)] == [
        ["stop within 30 s", "stop within 1 s"],
        ["stop within 1 s"],
    ]


def test_a_record_is_given_before_the_next_arm_goes_on_and_a_signal_may_be_thrown_in() -> None:
    bench = Bench(quiet(), 0.1, 0.1, 0.1)
    step = bench.step()
    assert next(step).status == "ok"
    assert [arm.record is None for arm in bench.arms.values()] == [False, True, True]
    assert bench.watcher.told == ["0 rung 0"]
    assert step.throw(Interrupted()).status == "interrupted"
    assert [record.status for record in until_interrupted(step)] == ["interrupted"]


def test_whoever_wants_no_more_leaves_no_arm_behind() -> None:
    bench = Bench(quiet(), 0.1, 0.1)
    step = bench.step()
    next(step)
    step.close()
    assert [arm.record.status for arm in bench.arms.values() if arm.record] == ["ok", "interrupted"]


def test_an_arm_that_is_alone_goes_on_until_its_own_median_is_known() -> None:
    noise = random.Random(4)
    bench = Bench(Machine(lambda now: math.exp(noise.gauss(0, 0.1))), 0.1, 0.1, timing=TimingSpec(seconds=60.0))
    bench.faults = {1: {-1: "oom"}}
    records = bench.run()
    seen = median(bench.arms[0].samples)
    assert seen.is_interval
    assert seen.half_width <= bench.plan.specs[0].timing.goal
    assert len(bench.arms[0].samples) > 2 * 7, "more than the least"
    assert records[0].reason.startswith("median ±")


def test_an_arm_that_is_alone_stops_when_its_own_time_is_used() -> None:
    noise = random.Random(4)
    timing = TimingSpec(seconds=5.0, goal=0.001)
    bench = Bench(Machine(lambda now: math.exp(noise.gauss(0, 0.1))), 0.1, 0.1, 0.1, timing=timing)
    bench.faults = {1: {-1: "oom"}, 2: {0: "oom"}}
    records = bench.run()
    assert bench.machine.now == pytest.approx(5, rel=0.1)
    assert "budget used by" in records[0].reason


def test_a_refused_run_is_not_begun() -> None:
    bench = Bench(quiet(), 0.1, 0.1, 0.1)
    bench.plan = replace(bench.plan, refusals={"rung 1": "too small"})
    records = bench.run()
    assert [record.status for record in records] == ["ok", "unsupported", "ok"]
    assert 1 not in bench.arms


def test_what_would_not_fit_beside_the_others_is_not_begun() -> None:
    bench = Bench(quiet(), 0.1, 0.1, 0.1)
    bench.peaks = [3 * GIB, GIB, GIB]
    records = bench.run(free_memory=lambda: 4 * GIB if len(bench.arms) < 2 else 2 * GIB)
    assert [record.status for record in records] == ["ok", "ok", "oom"]
    assert records[2].reason.startswith("2.0 GiB are free and an arm needs about 3.6 GiB beside the 2 that wait")


def test_the_watcher_sees_one_run_after_the_other_and_progress_between_blocks() -> None:
    bench = Bench(quiet(), 0.1, 0.1)
    list(bench.run(first=4))
    assert bench.watcher.told == ["4 rung 0", "5 rung 1"]
    phases = [event.name for event in bench.watcher.events if isinstance(event, PhaseBegan)]
    assert phases == ["build", "rung 1: build", "taking turns", "after the turns"]
    assert [event.text for event in bench.watcher.events if isinstance(event, Noted)] == [
        "a remark",
        "rung 1: a remark",
    ]
    progress = [event for event in bench.watcher.events if isinstance(event, Progress)]
    assert [event.done for event in progress] == [1, 2, 3, 4, 5, 6]
    assert all(event.total > event.done for event in progress)


def test_the_machine_is_looked_at_before_and_after_all_slices() -> None:
    bench = Bench(quiet(), 0.1, 0.1)
    bench.run()
    assert [arm.told for arm in bench.arms.values()] == [["look", "look"]] * 2


def test_only_the_named_places_take_part() -> None:
    bench = Bench(quiet(), 0.1, 0.1, 0.1, 0.1)
    records = bench.run(places=[1, 3])
    assert [record.spec for record in records] == [bench.plan.specs[1], bench.plan.specs[3]]
    assert set(bench.arms) == {1, 3}
    assert len(block_ratios(bench.arms[1].samples, bench.arms[3].samples)) == 7
