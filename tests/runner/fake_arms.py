"""Arms of a gate that compute nothing: their calls take the seconds that they are told, by a clock of their own."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from factories import STARTED, measured

from benchbox.plan.gate import Hello, Identity, Opened, Passes, Turned
from benchbox.plan.requests import RunRequest
from benchbox.plan.spec import RunSpec, case
from benchbox.records.record import Actual, Record, Status, make_record
from benchbox.runner.places import ArmPlace
from benchbox.runner.rows_arm import ArmLost

# What a row may meet: a status of its own, or that its process dies in it.
Fault = Status | BaseException
DEATH = "death"
CONTROL_CALL = 0.01


@dataclass(kw_only=True)
class World:
    """A machine and its clock. `slowness` is what work takes, for one second of it, at a moment.

    `calls` are seconds a call by arm and model. `faults` come when an arm does something, by its name and words
    such as `open lenet`, `turn lenet`, `turn control`, `finish lenet`, `start`, each time the next; None is none.
    Of what arms import `files` have contents, `networks` are where a network lies, `elsewhere` other files and
    `benchbox` the package, all by arm. `fault_reason` is that of a row that fails by its status.
    """

    calls: dict[str, dict[str, float]]
    slowness: Callable[[float], float] = lambda now: 1.0
    faults: dict[tuple[str, str], Iterator[Fault | str | None]] = field(default_factory=dict)
    peak: int = 0
    files: dict[str, dict[str, str]] = field(default_factory=dict)
    networks: dict[str, str] = field(default_factory=dict)
    elsewhere: dict[str, str] = field(default_factory=dict)
    benchbox: dict[str, str] = field(default_factory=dict)
    fault_reason: str = "why so"
    now: float = 0.0
    told: list[tuple[str, str]] = field(default_factory=list)
    arms: "list[FakeArm]" = field(default_factory=list)

    def clock(self) -> float:
        return self.now

    def run(self, seconds: float) -> float:
        taken = seconds * self.slowness(self.now)
        self.now += taken
        return taken

    def make_arm(self, place: ArmPlace) -> "FakeArm":
        self.arms.append(FakeArm(self, place))
        return self.arms[-1]

    def living(self) -> "list[FakeArm]":
        return [arm for arm in self.arms if arm.is_alive]

    def turns(self, arm: str = "") -> list[tuple[str, str]]:
        """Who had which turn, in order, without the control."""
        return [
            (name, word.removeprefix("turn "))
            for name, word in self.told
            if word.startswith("turn ") and word != "turn control" and arm in ("", name)
        ]


class FakeArm:
    """One arm: `place.asked` is its name."""

    def __init__(self, world: World, place: ArmPlace) -> None:
        self.world, self.place, self.name = world, place, place.asked
        self.is_alive = False
        self.requests: dict[int, RunRequest] = {}
        self.open_rows: dict[int, RunSpec] = {}
        self.samples: dict[int, list[float]] = {}
        self.passes: dict[int, Passes] = {}

    def start(self) -> None:
        self.is_alive = True
        self._tell("start")

    def greet(self) -> Hello:
        self._tell("greet")
        package = self.world.benchbox.get(self.name, f"/installed/{self.name}/benchbox")
        return Hello(protocol=1, benchbox=package, version="1", schema=4, control="c", python="3", process=id(self))

    def open(self, row: int, request: RunRequest) -> Opened | Record:
        self.requests[row] = request
        self.open_rows[row], self.samples[row] = request.spec, []
        if record := self._tell(f"open {request.spec.model.name}", row):
            return record
        self.world.run(1.0)
        return Opened(row=row, call_seconds=self._call_seconds(row), peak=self.world.peak)

    def _call_seconds(self, row: int) -> float:
        return self.world.calls[self.name][self.requests[row].spec.model.name]

    def work(self, row: int | None, *, block: int, seconds: float) -> Turned | Record:
        word = "control" if row is None else self.requests[row].spec.model.name
        if record := self._tell(f"turn {word}", row):
            return record
        call = CONTROL_CALL if row is None else self._call_seconds(row)
        calls = max(1, round(seconds / call))
        self.world.run(call)
        taken = self.world.run(calls * call) / calls
        if row is not None:
            self.samples[row].append(taken)
        return Turned(calls=calls, seconds=taken)

    def look(self, processes: tuple[int, ...]) -> None:
        self._tell("look")

    def identify(self) -> Identity:
        self._tell("identify")
        file, elsewhere = self.world.networks.get(self.name, "net.py"), self.world.elsewhere.get(self.name)
        return Identity(
            hello=self.greet(),
            imported={case(row): file for row in self.open_rows.values()},
            files=dict(self.world.files.get(self.name, {"net.py": self.name})),
            elsewhere=(elsewhere,) if elsewhere else (),
        )

    def finish(self, row: int, *, reason: str, passes: Passes) -> Record:
        self.passes[row] = passes
        if record := self._tell(f"finish {self.requests[row].spec.model.name}", row):
            return record
        return self._record(row, "ok", "")

    def stop(self, seconds: float = 30.0) -> dict[int, Record]:
        self._tell(f"stop within {seconds:g} s")
        self.is_alive = False
        return {row: self._record(row, "interrupted", "stopped") for row in list(self.open_rows)}

    def end(self) -> None:
        if self.is_alive:
            self._tell("end")
        self.is_alive = False

    def _tell(self, word: str, row: int | None = None) -> Record | None:
        """Note what it does, and meet the fault that waits there."""
        self.world.told.append((self.name, word))
        key = (self.name, word.partition(" within")[0])
        fault = next(self.world.faults.get(key, iter(())), None)
        if fault is None:
            return None
        if isinstance(fault, BaseException):
            raise fault
        if fault == DEATH:
            self.is_alive = False
            record = None if row is None else self._record(row, "crashed", "died")
            raise ArmLost("died", record=record)
        assert row is not None
        return self._record(row, fault, self.world.fault_reason)  # type: ignore[arg-type]

    def _record(self, row: int, status: Status, reason: str) -> Record:
        """What it saw of a row, which is over."""
        spec, seen = self.open_rows.pop(row), self.samples[row]
        return make_record(
            spec,
            status=status,
            reason=reason,
            started=STARTED,
            seconds=1.0,
            actual=Actual(in_turns=bool(seen)),
            measurements=measured(sample_seconds=seen) if seen else (),
        )


def places(*names: str) -> tuple[ArmPlace, ...]:
    return tuple(ArmPlace(asked=name, root=Path("/", name)) for name in names)
