"""Both sides of a gate measured here, and judged: accuracy, memory, pairs, and once more what seems slower.

Imported when it is needed: the judge takes scipy, which --help must not wait for.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from pathlib import Path

from msgspec.structs import replace

from benchbox.cli.gate_known import how_known
from benchbox.cli.gate_output import BASE, NEW
from benchbox.cli.gate_rows import GateRow
from benchbox.cli.options import DATASET
from benchbox.gate.evidence import Arm, make_arm
from benchbox.gate.judge import flagged, judge
from benchbox.gate.rules import Rules
from benchbox.gate.settings import Settings
from benchbox.gate.verdict import GateReport, Schedule, Source
from benchbox.plan.gate import PROCESSES_OF_MEMORY, GateSeries, Identity
from benchbox.plan.spec import RunSpec, case
from benchbox.records.events import Observer
from benchbox.records.files import append_line
from benchbox.records.journal import storing
from benchbox.records.record import Record, encode
from benchbox.runner.measuring import ARMS, from_anywhere
from benchbox.runner.own_code import Imports
from benchbox.runner.pairs import Pair, measure_memory, measure_pairs
from benchbox.runner.places import ArmPlace
from benchbox.runner.scoring import score_rows

# Of the time for pairs the first series has this share: what is flagged in it needs a second one, and a second
# one that is cut short would call real regressions not reproduced.
FIRST_SHARE = 0.6
# Of the time for pairs, whatever memory took: one pair is begun, since a row without any would count as missing.
LEAST_SECONDS = 1.0
JOURNALS = (BASE, NEW)

Tell = Callable[[str], None]
MakePairs = Callable[..., Iterator[Pair]]


@dataclass(frozen=True, kw_only=True)
class Gate:
    """What a gate measures and by which rules it judges.

    `rows` are those that the gated metrics say something of, timed ones and those with a checkpoint. `reproduce` is
    the command that does it again, `notes` say what else people should know.
    """

    rows: tuple[GateRow, ...]
    settings: Settings
    rules: Rules
    reproduce: str = ""
    notes: tuple[str, ...] = ()

    @property
    def timed(self) -> tuple[GateRow, ...]:
        """The rows that take turns."""
        return tuple(row for row in self.rows if not row.is_scored)

    @property
    def scored(self) -> tuple[GateRow, ...]:
        """The rows whose weights are evaluated."""
        return tuple(row for row in self.rows if row.is_scored)

    @property
    def has_pairs(self) -> bool:
        """Whether rows are timed."""
        return "time" in self.rules.groups and bool(self.timed)

    @property
    def rounds(self) -> int:
        """How many processes of each row and side are made for memory; where nothing is timed one counts sizes."""
        groups = self.rules.groups
        if not self.timed:
            return 0
        return PROCESSES_OF_MEMORY if "memory" in groups else int("exact" in groups and "time" not in groups)

    def series(self, rows: Sequence[GateRow], *, is_second: bool = False) -> GateSeries:
        """A series of some rows; the second one has other pairs and another order."""
        least, most = self.settings.pairs
        return GateSeries(
            specs=tuple(row.spec for row in rows),
            labels=tuple(row.name for row in rows),
            seconds=self.settings.seconds,
            least=least,
            most=most,
            seed=self.settings.seed + is_second,
            first=most * is_second,
        )


@dataclass(kw_only=True)
class Seen:
    """What both arms brought so far. `schedule` is that of the last pair."""

    records: tuple[list[Record], list[Record]] = field(default_factory=lambda: ([], []))
    schedule: Schedule = ""

    def add(self, pair: Pair) -> None:
        """Keep a pair."""
        for own, brought in zip(self.records, pair.records, strict=True):
            own += brought
        self.schedule = pair.schedule or self.schedule


@dataclass(kw_only=True)
class Bench:
    """Where a gate is measured: its two places, the folder of its report, and who is told.

    `observer` sees events, `tell` is given a line after every pair. `pairs` and `memory` make them.
    """

    gate: Gate
    places: tuple[ArmPlace, ArmPlace]
    folder: Path
    observer: Observer
    tell: Tell
    clock: Callable[[], float] = time.monotonic
    pairs: MakePairs = measure_pairs
    memory: MakePairs = measure_memory
    imports: Imports = field(init=False)

    def __post_init__(self) -> None:
        networks = {_case_in_arm(row.spec): row.spec.model.name for row in self.gate.rows}
        self.imports = Imports(places=self.places, networks=networks)

    def run(self) -> GateReport:
        """Measure and judge; what seems slower is measured once more, and judged again.

        Every record is on the disk before the next pair begins. Raises ArmRefused where an arm cannot be
        measured, and Interrupted after a signal.
        """
        seen = Seen()
        # An evaluation is never cut short, so that the limit is of what comes after it.
        self._score(seen)
        end = self.clock() + 60 * self.gate.settings.time_limit
        self._measure_memory(seen, end)
        if self.gate.has_pairs:
            now = self.clock()
            series = self.gate.series(self.gate.timed)
            self._measure_pairs(seen, series, deadline=now + FIRST_SHARE * max(LEAST_SECONDS, end - now))
        report = self._judge(seen)
        again = [row for row in self.gate.timed if row.case in flagged(report)]
        if not again:
            return report
        self.tell(f"slower, so measured once more: {', '.join(row.name for row in again)}")
        second = Seen()
        self._measure_pairs(second, self.gate.series(again, is_second=True), deadline=end)
        return self._judge(seen, second)

    def _score(self, seen: Seen) -> None:
        """The accuracy of the checkpoints, each with both arms' own code."""
        for index, (own, arm, journal) in enumerate(zip(seen.records, ARMS, JOURNALS, strict=True)):
            for record in score_rows(
                self.places[index],
                [row.spec for row in self.gate.scored],
                labels=[f"{arm} {row.name}" for row in self.gate.scored],
                folder=self.folder,
                dataset=DATASET,
                observer=self.observer,
                identified=partial(self.imports.add, [index]),
            ):
                own.append(record)
                keep(self.folder / journal, record)

    def _measure_memory(self, seen: Seen, deadline: float) -> None:
        """Peak memory, or what is exact, in processes of their own."""
        if not self.gate.rounds:
            return
        rounds = self.memory(
            self.gate.series(self.gate.timed),
            self.places,
            folder=self.folder,
            dataset=DATASET,
            watcher=self.observer,
            clock=self.clock,
            deadline=deadline,
        )
        for pair in islice(rounds, self.gate.rounds):
            self._keep(seen, pair)

    def _measure_pairs(self, seen: Seen, series: GateSeries, *, deadline: float) -> None:
        known = how_known(self.gate.rules, series)

        def is_known(pairs: Sequence[Pair]) -> bool:
            return known(pairs).is_enough

        made: list[Pair] = []
        for pair in self.pairs(
            series,
            self.places,
            folder=self.folder,
            dataset=DATASET,
            watcher=self.observer,
            is_known=is_known,
            clock=self.clock,
            deadline=deadline,
        ):
            self._keep(seen, pair)
            made.append(pair)
            self.tell(known(made).words(series, left=deadline - self.clock()))

    def _keep(self, seen: Seen, pair: Pair) -> None:
        seen.add(pair)
        if len(pair.identities) == len(self.places):
            self.imports.add(range(len(self.places)), pair.identities)
        for journal, records in zip(JOURNALS, pair.records, strict=True):
            for record in records:
                keep(self.folder / journal, record)

    def _judge(self, seen: Seen, second: Seen | None = None) -> GateReport:
        return judge(
            *self._arms(seen),
            rules=self.gate.rules,
            mode="A/B",
            confirmation=self._arms(second) if second is not None else None,
            schedule=seen.schedule,
            reproduce=self.gate.reproduce,
            notes=self.gate.notes,
        )

    def _arms(self, seen: Seen) -> tuple[Arm, Arm]:
        known = self.imports.identities
        identities = known if len(known) == len(self.places) else (None, None)
        base, new = (
            make_arm(records, self._source(place, identity), self.folder)
            for records, place, identity in zip(seen.records, self.places, identities, strict=True)
        )
        return base, new

    def _source(self, place: ArmPlace, identity: Identity | None) -> Source:
        moved = {_case_in_arm(row.spec): row.name for row in self.gate.rows}
        imported = {} if identity is None else identity.imported
        return Source(
            asked=place.asked,
            commit=place.commit,
            is_dirty=place.is_dirty,
            digest="" if identity is None else identity.digest,
            imported={moved.get(row, row): file for row, file in imported.items()},
            benchbox="" if identity is None else identity.hello.version,
        )


def _case_in_arm(spec: RunSpec) -> str:
    """The case by which an arm knows a row: with the place where it finds the pictures."""
    return case(replace(spec, data=from_anywhere(spec.data)))


def keep(journal: Path, record: Record) -> None:
    """Add a record to an arm's journal, on the disk at once. Raises StorageError."""
    with storing(journal):
        append_line(journal, encode(record))
