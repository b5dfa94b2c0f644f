"""A series of pairs under way: which rows are left, by which schedule they are measured, what each arm imports.

One pair is made of one session or of several (`runner.session`): where a row took its process with it the others
are measured again without it, and where memory forbids arms that are alive together they follow one another.
"""

import math
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from msgspec.structs import replace

from benchbox.gate.verdict import Schedule
from benchbox.plan.gate import GateSeries, Identity
from benchbox.plan.requests import RunRequest
from benchbox.plan.schedule import block_order
from benchbox.plan.spec import DataSpec, RunSpec, case
from benchbox.records.events import AnyEvent, Noted, Observer, PhaseBegan
from benchbox.records.groups import free_bytes
from benchbox.records.halves import join_halves
from benchbox.records.record import STOPPED, Record
from benchbox.runner.arm_process import ArmProcess
from benchbox.runner.folder import OUTPUT
from benchbox.runner.outcome import make_outcome
from benchbox.runner.own_code import Imports
from benchbox.runner.places import ArmPlace
from benchbox.runner.rows_arm import ArmLost, ArmRefused, LiveRows, RowsArm
from benchbox.runner.session import Ask, NoRoom, Session

MakeArm = Callable[[ArmPlace], RowsArm]
# An arm may be lost so often in one pair with no row at fault: whoever ended it may not do it again.
MOST_LOSSES = 1
ARMS = ("base", "new")
# An arm that hangs may keep a series so long beyond its deadline: about what the slowest honest answer takes, as a
# first one does where torch is read from a slow disk.
LEAST_TIMEOUT = 60.0
# Pictures that are found by their names, wherever an arm stands.
NAMED = ("auto", "coil20", "turntable")


@dataclass(frozen=True, kw_only=True)
class Pair:
    """One fresh process of each arm, or of the only one.

    `records` holds for each arm those of its rows, in the order of the series. A row that failed has its records in
    this pair, and none in later ones. `identities` tell what each arm imported, as far as it is known. `seconds` is
    what the whole took.
    """

    number: int
    records: tuple[tuple[Record, ...], ...]
    schedule: Schedule
    identities: tuple[Identity, ...]
    seconds: float


@dataclass(kw_only=True)
class Measuring:
    """How the pairs of a series are made, one after the other. `rows` are those that are left.

    `is_cut_off` says that a signal ended the last one. For the other fields see `pairs.measure_pairs`.
    """

    series: GateSeries
    places: tuple[ArmPlace, ...]
    folder: Path
    dataset: Path
    watcher: Observer
    clock: Callable[[], float] = time.monotonic
    deadline: float = math.inf
    make_arm: MakeArm | None = None
    free_memory: Callable[[], int] = free_bytes
    rows: list[int] = field(init=False)
    is_cut_off: bool = field(init=False, default=False)
    # That of the pairs so far, empty before the first.
    _schedule: Schedule = field(init=False, default="")
    _imports: Imports = field(init=False)
    # Of the pair that is being made: by arm, then by row.
    _records: list[dict[int, Record]] = field(init=False)
    _losses: int = field(init=False, default=0)

    def __post_init__(self) -> None:
        self.rows = list(range(len(self.series.specs)))
        asked = [self._request(row, self.series.first).spec for row in self.rows]
        self._imports = Imports(places=self.places, networks={case(spec): spec.model.name for spec in asked})
        self._begin()

    @property
    def timeout(self) -> float | None:
        """How long an arm that starts now may take for any one answer, None for no limit."""
        left = max(0.0, self.deadline - self.clock()) + LEAST_TIMEOUT
        limit = left if self.series.timeout is None else min(self.series.timeout, left)
        return limit if math.isfinite(limit) else None

    def measure(self, number: int) -> Pair | None:
        """One pair, by the schedule for which there is room; None where that of the pairs so far has none any more.

        Processes that follow one another differ by several times as much as those that take turns: pairs of both
        kinds would be no sample of anything.
        """
        began = self.clock()
        if self._schedule != "blocks":
            has_room = self._has_room_together(number)
            if not has_room and self._schedule == "slices":
                self._note("there is no room for another pair of this series, which ends here")
                return None
            self._schedule = "slices" if has_room else "blocks"
        if self._schedule == "blocks":
            self._begin()
            self._measure_apart(number)
        return self._pair(number, began, schedule=self._schedule)

    def _has_room_together(self, number: int) -> bool:
        """Measure all at once where there is room. Where there was before, it may be back in a moment."""
        for _ in range(2 if self._schedule == "slices" else 1):
            self._begin()
            try:
                self._measure_together(number)
            except NoRoom as reason:
                self._note(f"no room for all at once: {reason}")
            else:
                return True
        return False

    def _note(self, text: str) -> None:
        self.watcher(Noted(text=text))

    def measure_memory(self, number: int) -> Pair:
        """One process of each row and arm that has it to itself."""
        began = self.clock()
        self._begin()
        for row in self._shuffled(number):
            for index in self._order(number)[: len(self.places)]:
                self._run([index], [row], number, ask="memory")
        return self._pair(number, began, schedule="")

    def _begin(self) -> None:
        self._records, self._losses = [{} for _ in self.places], 0

    def _pair(self, number: int, began: float, *, schedule: Schedule) -> Pair:
        """What was seen; rows that failed take part no more."""
        if self.is_cut_off:
            for seen in self._records:
                for row in self.rows:
                    seen.setdefault(row, self._interrupted(row, number))
        failed = {row for seen in self._records for row, record in seen.items() if record.status != "ok"}
        self.rows = [row for row in self.rows if row not in failed]
        return Pair(
            number=number,
            records=tuple(tuple(seen[row] for row in sorted(seen)) for seen in self._records),
            schedule=schedule,
            identities=self._imports.identities,
            seconds=self.clock() - began,
        )

    def _interrupted(self, row: int, number: int) -> Record:
        return make_outcome(self._spec(row, number), "interrupted", STOPPED, began=datetime.now(UTC))

    def _measure_together(self, number: int) -> None:
        """All rows in one process of each arm, all alive; again without a row that took its process with it."""
        everyone = range(len(self.places))
        while (rows := self._left()) and not self.is_cut_off:
            self._run(everyone, rows, number, ask=self._ask(number))
            over = [row for row in rows if row not in self._left()]
            for index in everyone:
                # Rows that took another arm with them before they were set up in this one.
                for row in [row for row in over if row not in self._records[index]]:
                    self._run([index], [row], number)
            if self._left() and self._is_late():
                self._note("the time is up, so that nothing is measured once more")
                return

    def _is_late(self) -> bool:
        """Whether what was lost is left out of this pair."""
        return self.clock() >= self.deadline

    def _left(self) -> list[int]:
        """The rows of which no arm has a record in this pair."""
        return [row for row in self.rows if not any(row in seen for seen in self._records)]

    def _ask(self, number: int) -> Ask:
        """Answers and splits are looked at once, in the first pair of the first series: they cost too much."""
        return "times and all passes" if number == 0 else "times"

    def _measure_apart(self, number: int) -> None:
        """Each row in two processes of each arm, which follow one another in the order of a block."""
        for row in self._shuffled(number):
            halves: list[list[Record]] = [[] for _ in self.places]
            for index in self._order(number):
                if all(half.status == "ok" for half in halves[index]):
                    self._run([index], [row], number, seconds=self.series.seconds / 2, ask=self._ask(number))
                    halves[index] += [self._records[index].pop(row)] if row in self._records[index] else []
            for index, seen in enumerate(halves):
                if seen:
                    self._records[index][row] = join_halves(seen)

    def _order(self, number: int) -> tuple[int, ...]:
        return block_order(range(len(self.places)), number, seed=self.series.seed)

    def _shuffled(self, number: int) -> list[int]:
        return random.Random(f"{self.series.seed} {number}").sample(self.rows, len(self.rows))

    def _run(
        self,
        indices: Sequence[int],
        rows: Sequence[int],
        number: int,
        *,
        seconds: float | None = None,
        ask: Ask = "times",
    ) -> None:
        """One session of some arms and rows; once more where an arm was lost in which no row worked."""
        while not self.is_cut_off:
            session = Session(
                arms=[self._make(index) for index in indices],
                requests={row: self._request(row, number) for row in rows},
                seconds=self.series.seconds if seconds is None else seconds,
                seed=f"{self.series.seed} {number}",
                ask=ask,
                is_reversed=number % 2 == 1,
                identified=partial(self._imports.add, indices),
                observer=self._named(number),
                clock=self.clock,
                free_memory=self.free_memory,
            )
            try:
                session.run()
            except ArmLost as lost:
                self._excuse(lost)
                if self._is_late():
                    return
                continue
            self._take(session, indices, number)
            return

    def _excuse(self, lost: ArmLost) -> None:
        """Raises ArmRefused where arms are lost again and again."""
        self._losses += 1
        if self._losses > MOST_LOSSES:
            raise ArmRefused(f"an arm was lost twice in which no row worked: {lost.reason}") from lost
        self._note(f"an arm was lost in which no row worked ({lost.reason}); once more")

    def _take(self, session: Session, indices: Sequence[int], number: int) -> None:
        """Keep what a session saw, each record under the spec as it was asked for."""
        for index, records in zip(indices, session.records, strict=True):
            for row, record in records.items():
                spec = self._spec(row, number)
                self._records[index][row] = replace(record, spec=spec, case=case(spec))
        self.is_cut_off |= session.is_cut_off

    def _make(self, index: int) -> RowsArm:
        place = self.places[index]
        if self.make_arm is not None:
            return self.make_arm(place)
        # Each has a file of its own, so that what it said last is not what the other said.
        name = OUTPUT if len(self.places) < 2 else f"{ARMS[index]}-{OUTPUT}"
        process = ArmProcess(place.root, output=(self.folder / name).resolve())
        return LiveRows(place, process, timeout=self.timeout)

    def _named(self, number: int) -> Observer:
        """Phases say of which pair they are."""

        def observer(event: AnyEvent, /) -> None:
            if isinstance(event, PhaseBegan):
                event = PhaseBegan(name=f"pair {number}: {event.name}")
            self.watcher(event)

        return observer

    def _spec(self, row: int, number: int) -> RunSpec:
        """A row's spec in the pair of that number, as records keep it."""
        spec = self.series.specs[row]
        return replace(spec, repeat=number, timing=replace(spec.timing, seconds=self.series.seconds))

    def _request(self, row: int, number: int) -> RunRequest:
        """What an arm is asked for: it stands in another folder, but takes the same pictures."""
        spec = self._spec(row, number)
        return RunRequest(
            spec=replace(spec, data=from_anywhere(spec.data)),
            name=self.series.labels[row],
            folder=str(self.folder.resolve()),
            dataset=str(self.dataset.resolve()),
        )


def from_anywhere(data: DataSpec) -> DataSpec:
    """The same pictures, named so that an arm finds them, in whichever folder it stands."""
    path = Path(data.source).expanduser()
    is_path = data.source not in NAMED and path.exists()
    return replace(data, source=str(path.resolve())) if is_path else data
