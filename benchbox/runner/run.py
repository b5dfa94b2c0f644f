"""Runner: every run of a plan in its turn, each record in the journal before the next run starts."""

from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from benchbox.errors import Interrupted
from benchbox.plan.spec import Plan
from benchbox.records.checkpoints import state_beside
from benchbox.records.events import Noted
from benchbox.records.files import file_names
from benchbox.records.journal import JOURNAL, append, mend
from benchbox.records.record import GOOD, STOPPED, Record
from benchbox.runner.child import ENGINE, ChildError, TimedOut, call
from benchbox.runner.folder import OUTPUT
from benchbox.runner.lock import writing
from benchbox.runner.oom import count_oom_kills
from benchbox.runner.outcome import make_outcome, outcome_of_death, outcome_of_timeout
from benchbox.runner.pace import epoch_seconds, why_not_fit
from benchbox.runner.request import make_request
from benchbox.runner.resume import remaining
from benchbox.runner.watcher import Watcher
from benchbox.signals import signals_held

__all__ = ["EXECUTE", "Runner", "Watcher"]

EXECUTE = f"{ENGINE}:execute"
UNSAVED = "it was ended before it could save; --resume goes on from its newest state, or begins it anew"


def run_turns(plan: Plan, places: Sequence[int], **options: Any) -> Iterator[Record]:
    """As `runner.turns.run_turns`, imported when it is needed: it takes scipy, and `benchbox --help` must not."""
    from benchbox.runner import turns

    return turns.run_turns(plan, places, **options)


@dataclass(frozen=True, kw_only=True)
class Runner:
    """How the runs of a plan are made: where files go, who watches, and what runs a function by its name.

    `resumes` lets fits go on from the states that an earlier command left in the folder. `call` uses a child
    process unless told otherwise, `append` puts a record into the journal. `oom_kills` counts the processes that
    the kernel has killed for memory so far. `turns` makes the runs of a group: it tells the
    watcher of starts, the first with the index `first`, and yields one record for each place, also after an
    interruption, which it raises then; the ends are told here. None makes every run of a group by itself, as where
    there are no other processes.
    """

    folder: Path
    watcher: Watcher
    dataset: Path = Path("dataset")
    resumes: bool = False
    call: Callable[..., Record] = call
    append: Callable[[Path, Record], None] = append
    oom_kills: Callable[[], int] = count_oom_kills
    turns: Callable[..., Iterator[Record]] | None = run_turns

    def run(self, plan: Plan, *, done: Sequence[Record] = ()) -> Iterator[Record]:
        """Make the runs that `done` leaves, in the plan's order, and yield each record once it is in the journal.

        `done` are the records of a report that is resumed. The journal is held meanwhile: RecordError is raised
        where another process writes it, StorageError where it cannot be written, and Interrupted after the records
        of the runs that were cut off.
        """
        journal = self.folder / JOURNAL
        with writing(journal):
            mend(journal)
            for record in done:
                self._forget_state(record)
            yield from self._run_all(plan, list(done))

    def _run_all(self, plan: Plan, records: list[Record]) -> Iterator[Record]:
        index = 0
        steps = remaining(plan if self.turns else replace(plan, turns=()), records)
        for places in steps:
            yield from self._keep_all(self._run_step(plan, places, records, index), records)
            index += len(places)

    def _keep_all(self, step: Generator[Record], records: list[Record]) -> Iterator[Record]:
        """The records of a step, each kept; a signal that comes between them is handed to the step, once.

        Raises Interrupted at its end where one of them was cut off.
        """
        is_cut_off = is_told = False
        with closing(step):
            record = _advance(step)
            while record is not None:
                is_signalled = self._keep(record)
                records.append(record)
                yield record
                is_cut_off |= is_signalled or record.status == "interrupted"
                record = _advance(step, is_cut_off=is_signalled and not is_told)
                is_told |= is_signalled
        if is_cut_off:
            raise Interrupted

    def _keep(self, record: Record) -> bool:
        """Put a record into the journal, and tell whether a signal came meanwhile."""
        is_signalled = False
        try:
            # A signal waits, or the journal could hold a record that nobody else has seen.
            with signals_held():
                self.append(self.folder / JOURNAL, record)
                self._forget_state(record)
        except (Interrupted, KeyboardInterrupt):
            is_signalled = True
        self.watcher.run_ended(record)
        return is_signalled

    def _forget_state(self, record: Record) -> None:
        """A fit needs its state no more once it is over and in the journal, and not before."""
        last = record.files.get("last")
        if last is not None and record.status in GOOD:
            state_beside(self.folder / last).unlink(missing_ok=True)

    def _run_step(
        self, plan: Plan, places: tuple[int, ...], records: list[Record], index: int
    ) -> Generator[Record]:
        """The records of one run, or of a group whose runs take turns; then raises Interrupted after a signal."""
        names = file_names(plan.labels)
        if len(places) > 1 and self.turns is not None:
            yield from self.turns(
                plan,
                places,
                names=names,
                folder=self.folder,
                dataset=self.dataset,
                watcher=self.watcher,
                first=index,
            )
            return
        [place] = places
        self.watcher.run_started(index, plan.specs[place], plan.labels[place])
        is_cut_off, began = False, datetime.now(UTC)
        try:
            record = self._run_one(plan, place, names[place], records)
        except (Interrupted, KeyboardInterrupt) as stop:
            is_cut_off = True
            # A run that ended in the very moment of the signal, or still saved what it had, keeps its own record.
            said = getattr(stop, "answer", None)
            record = said if isinstance(said, Record) else self._cut_off(plan, place, began)
        yield record
        if is_cut_off:
            raise Interrupted

    def _cut_off(self, plan: Plan, place: int, began: datetime) -> Record:
        """The record of a run that a signal ended before it said anything; of a fit, that nothing was saved."""
        record = make_outcome(plan.specs[place], "interrupted", STOPPED, began=began)
        if not plan.keeps_checkpoints or record.spec.task != "fit":
            return record
        self.watcher(Noted(text=UNSAVED))
        return replace(record, actual=replace(record.actual, notes=(UNSAVED,)))

    def _run_one(self, plan: Plan, place: int, name: str, records: list[Record]) -> Record:
        spec, label, began = plan.specs[place], plan.labels[place], datetime.now(UTC)
        if label in plan.refusals:
            return make_outcome(spec, "unsupported", plan.refusals[label], began=began)
        pace = epoch_seconds(spec, records, plan.facts.data) if plan.facts else None
        if reason := why_not_fit(spec, pace):
            return make_outcome(spec, "skipped", reason, began=began)
        request = make_request(
            plan,
            place,
            name=name,
            folder=self.folder,
            dataset=self.dataset,
            epoch_seconds=pace,
            resumes=self.resumes,
        )
        killed, output = self.oom_kills(), self.folder / OUTPUT
        try:
            return self.call(
                EXECUTE, request, returns=Record, observer=self.watcher, output=output, timeout=plan.timeout
            )
        except TimedOut as late:
            return outcome_of_timeout(spec, late, began=began)
        except ChildError as error:
            return outcome_of_death(spec, error, began=began, oom_kills=self.oom_kills() - killed)


def _advance(step: Generator[Record], *, is_cut_off: bool = False) -> Record | None:
    """The next record of a step, None after its last one; `is_cut_off` tells it that a signal came."""
    try:
        return step.throw(Interrupted()) if is_cut_off else next(step)
    except StopIteration:
        return None
