"""One session of a gate: arms that are alive together, rows that are set up in each, and their turns.

Whoever is told to work works alone: the others sleep. Rows take their turns block by block, in an order that is
drawn anew for each, and the control among them.
"""

import math
import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from benchbox.errors import BenchboxError, Interrupted
from benchbox.plan.gate import CONTROL_SECONDS, CONTROL_SHARE, Identity, Opened, Passes
from benchbox.plan.requests import RunRequest
from benchbox.plan.schedule import LEAST_BLOCKS, block_order, slice_seconds
from benchbox.plan.spec import FEW_SAMPLES, GIB
from benchbox.records.events import Observer, PhaseBegan, Progress
from benchbox.records.groups import free_bytes
from benchbox.records.record import Record
from benchbox.runner.child import GRACE_SECONDS
from benchbox.runner.rows_arm import ArmLost, RowsArm

# What the arm before held at most must be free, and this much more, before the rows of the next are set up.
MEMORY_MARGIN = 1.2
# After a second signal: enough for an arm that sleeps to say what it has, too short to wait for one that works.
HURRIED_SECONDS = 1.0
# What CUDA says of a GPU that a process has to itself (compute mode EXCLUSIVE_PROCESS) to every other one.
BUSY = "busy or unavailable"

Ask = Literal["times", "times and all passes", "memory"]


class NoRoom(BenchboxError):  # noqa: N818 - an event, not a fault
    """Memory ran out, or would, or one process has the GPU, where several arms or rows are alive together.

    Each may have the room alone.
    """


@dataclass(kw_only=True)
class Session:
    """What is alive, what it is to do, and what came of it.

    `requests` are those of the rows, by their places in the series. `seconds` are those of work of a row in one
    arm; `ask` says what is measured. `seed` draws the order. The arms are started and set up in their order, or,
    where `is_reversed`, the last one first. `identified` is told what each arm imported before any takes a turn,
    and may raise ArmRefused. `records` holds for each arm those of the rows that are over. `is_cut_off` says that
    a signal ended it.
    """

    arms: Sequence[RowsArm]
    requests: Mapping[int, RunRequest]
    seconds: float
    seed: str
    ask: Ask = "times"
    is_reversed: bool = False
    identified: Callable[[Sequence[Identity]], None]
    observer: Observer
    clock: Callable[[], float] = time.monotonic
    free_memory: Callable[[], int] = free_bytes
    records: list[dict[int, Record]] = field(init=False)
    is_cut_off: bool = field(init=False, default=False)
    # The arm that was asked last, and the rows that are open in each; of these, the rows that take turns.
    _asked: int = field(init=False, default=0)
    _open: list[set[int]] = field(init=False)
    _rows: list[int] = field(init=False)
    _processes: tuple[int, ...] = field(init=False, default=())
    _call_seconds: dict[int, float] = field(init=False, default_factory=dict)
    # By row, None for the control: seconds of all arms together, and blocks.
    _used: dict[int | None, float] = field(init=False, default_factory=dict)
    _blocks: dict[int | None, int] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self.records = [{} for _ in self.arms]
        self._open = [set() for _ in self.arms]
        self._rows = list(self.requests)

    def run(self) -> None:
        """Set up, take turns, and end, all arms whatever happens.

        A row that fails is over in all arms, and the others go on. Where a row takes its process with it, only
        its own records are left: the other rows are to be measured again. Raises NoRoom where something ran out
        that was shared, ArmLost where a process was lost in which no row worked, and ArmRefused. After a signal the
        records of what was cut off are kept.
        """
        try:
            self._set_up()
            if self.ask != "memory":
                self._take_turns()
            self._finish()
        except ArmLost as lost:
            self._give_up(lost)
        except (KeyboardInterrupt, Interrupted):
            self.is_cut_off = True
            self._stop()
        finally:
            self._end()

    def _arm(self, index: int) -> RowsArm:
        """An arm that is about to be asked: where it is lost, it is this one."""
        self._asked = index
        return self.arms[index]

    def _set_up(self) -> None:
        """Start all processes, which import for seconds, then set the rows of one arm up after the other.

        Whoever comes first finds other memory free, and colder files: each arm does in every other pair.
        """
        self.observer(PhaseBegan(name="setting up"))
        everyone = range(len(self.arms))
        order = everyone[::-1] if self.is_reversed else everyone
        for index in order:
            self._arm(index).start()
        hellos = [self._arm(index).greet() for index in everyone]
        peak = 0
        for index in order:
            self._require_room(peak)
            peak = max(peak, self._open_rows(index))
        self.identified([self._arm(index).identify() for index in everyone])
        self._processes = tuple(hello.process for hello in hellos)

    def _open_rows(self, index: int) -> int:
        """Set up all rows in an arm, also those that another has lost; the most bytes that its process held."""
        peak = 0
        for row, request in self.requests.items():
            opened = self._arm(index).open(row, request)
            if isinstance(opened, Opened):
                self._open[index].add(row)
                peak = max(peak, opened.peak)
                self._call_seconds[row] = max(opened.call_seconds, self._call_seconds.get(row, 0.0))
            else:
                self._lose(index, row, opened)
        return peak

    def _require_room(self, peak: int) -> None:
        """On a CPU the kernel would choose whom to end, and that could be anybody."""
        device = next(iter(self.requests.values())).spec.placement.device
        needed, free = MEMORY_MARGIN * peak, self.free_memory() if peak and device == "cpu" else math.inf
        if free < needed:
            raise NoRoom(f"{free / GIB:.1f} GiB are free and a second arm needs about {needed / GIB:.1f} GiB")

    def _lose(self, index: int, row: int, record: Record) -> None:
        """A row is over in an arm, and takes no turns any more."""
        if _lacked_room(record) and self._has_company:
            raise NoRoom(record.reason)
        self._keep(index, row, record)
        if row in self._rows:
            self._rows.remove(row)

    def _keep(self, index: int, row: int, record: Record) -> None:
        self.records[index][row] = record
        self._open[index].discard(row)

    @property
    def _has_company(self) -> bool:
        """Whether somebody else may have taken the memory that a row lacked."""
        return len(self.arms) > 1 or len(self.requests) > 1

    def _take_turns(self) -> None:
        """Round after round, in each of which every row that is not done has one block, until all are done."""
        self._look()
        self.observer(PhaseBegan(name="taking turns"))
        block = 0
        while going := [row for row in self._rows if self._wants_more(row)]:
            turns: list[int | None] = [*going, *([None] if self._is_control_due() else [])]
            random.Random(f"{self.seed} {block}").shuffle(turns)
            for row in turns:
                if row in self._rows or (row is None and self._rows):
                    self._work_a_block(row, block)
            block += 1
            self.observer(Progress(done=block, total=max(block, self._expected_blocks(block))))
        self._look()

    def _wants_more(self, row: int) -> bool:
        """Of six blocks the median stands firm; three must do where a call is longer than a slice.

        Quick rows end with A B B A and B A A B equally often: what comes of an arm's place in a block falls out.
        """
        is_quick = self._call_seconds[row] <= slice_seconds(self.seconds)
        blocks, least = self._blocks.get(row, 0), LEAST_BLOCKS if is_quick else FEW_SAMPLES
        is_uneven = is_quick and blocks % 2 == 1
        return blocks < least or is_uneven or self._used.get(row, 0.0) < self.seconds * len(self.arms)

    def _is_control_due(self) -> bool:
        """In the first block, and then as often as it takes no more than its share of the time."""
        blocks, used = self._blocks.get(None, 0), self._used.get(None, 0.0)
        next_one = used / blocks if blocks else 0.0
        return used + next_one <= CONTROL_SHARE * (math.fsum(self._used.values()) + next_one)

    def _expected_blocks(self, block: int) -> int:
        whole = self.seconds * len(self.arms)
        return max(
            (math.ceil(block * whole / max(self._used.get(row, 0.0), 1e-9)) for row in self._rows), default=0
        )

    def _work_a_block(self, row: int | None, block: int) -> None:
        """One block of a row, or of the control: every arm twice."""
        seed = random.Random(f"{self.seed} {row}").getrandbits(32)
        seconds = CONTROL_SECONDS if row is None else slice_seconds(self.seconds)
        began = self.clock()
        for index in block_order(range(len(self.arms)), block, seed=seed):
            done = self._arm(index).work(row, block=block, seconds=seconds)
            if isinstance(done, Record):
                assert row is not None, "the control has no record"
                self._lose(index, row, done)
                return
        self._used[row] = self._used.get(row, 0.0) + self.clock() - began
        self._blocks[row] = self._blocks.get(row, 0) + 1

    def _look(self) -> None:
        """The machine's state around the turns, for the rows that are open."""
        for index, rows in enumerate(self._open):
            if rows:
                self._arm(index).look(self._processes)

    def _finish(self) -> None:
        """End the rows that are open, also those that another arm has lost meanwhile."""
        self.observer(PhaseBegan(name="after the turns"))
        for index, rows in enumerate(self._open):
            for row in sorted(rows):
                self._keep(index, row, self._finish_row(index, row))

    def _finish_row(self, index: int, row: int) -> Record:
        passes: Passes = "none"
        if self.ask == "memory":
            passes = "memory"
        elif self.ask == "times and all passes" and row in self._rows:
            passes = "all"
        used = self._used.get(row, 0.0) / len(self.arms)
        reason = f"{self._blocks.get(row, 0)} blocks in turns, {used:.1f} s"
        return self._arm(index).finish(row, reason=reason, passes=passes)

    def _give_up(self, lost: ArmLost) -> None:
        """An arm was lost. What is known of rows that failed is kept, in all arms, and nothing of the others."""
        index, record = self._asked, lost.record
        is_memory = lost.is_memory or (record is not None and _lacked_room(record))
        if is_memory and self._has_company:
            raise NoRoom(lost.reason) from lost
        if record is None:
            raise lost
        row = next(row for row, request in self.requests.items() if request.spec == record.spec)
        self._keep(index, row, record)
        self._open[index].clear()
        failed = {row for records in self.records for row, record in records.items() if record.status != "ok"}
        for other, rows in enumerate(self._open):
            self._finish_beside(other, sorted(rows & failed))
        self.records = [{row: seen[row] for row in seen if row in failed} for seen in self.records]

    def _finish_beside(self, index: int, rows: Sequence[int]) -> None:
        """The records of rows whose other arm was lost, as far as this one lives."""
        try:
            for row in rows:
                reason = "lost in the other arm"
                self._keep(index, row, self._arm(index).finish(row, reason=reason, passes="none"))
        except ArmLost as lost:
            if lost.record is not None:
                self._keep(index, row, lost.record)

    def _stop(self) -> None:
        """End all arms, and keep what they say; after a second signal those that are left must hurry."""
        seconds = GRACE_SECONDS
        for index, arm in enumerate(self.arms):
            try:
                self.records[index] |= arm.stop(seconds)
            except (KeyboardInterrupt, Interrupted):
                seconds = HURRIED_SECONDS

    def _end(self) -> None:
        """End all processes; one whose end a signal cut short has been killed."""
        for arm in self.arms:
            try:
                arm.end()
            except (KeyboardInterrupt, Interrupted):
                self.is_cut_off = True


def _lacked_room(record: Record) -> bool:
    """Whether a row may have failed for what somebody else holds: memory, or a whole GPU."""
    return record.status == "oom" or (record.status == "crashed" and BUSY in record.reason)
