"""What a baseline is made of: two independent series of the code as it stands, or counts alone.

Imported when it is needed: the judge takes scipy, which --help must not wait for.
"""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from msgspec.structs import replace

from benchbox.cli.conduct import Conduct
from benchbox.cli.flow import gather_facts
from benchbox.cli.gate_known import how_known_alone
from benchbox.cli.gate_measure import Gate, MakePairs
from benchbox.cli.options import DATASET
from benchbox.cli.output import Output
from benchbox.gate.baseline import disagreeing
from benchbox.gate.declared import ANYWHERE, Row, spec_of
from benchbox.gate.evidence import make_arm
from benchbox.gate.judge import judge
from benchbox.gate.verdict import Source, Verdict
from benchbox.plan.resolve import resolve_model
from benchbox.plan.spec import RunSpec
from benchbox.records.counting import Counted, CountRequest
from benchbox.records.events import Observer
from benchbox.records.record import Record
from benchbox.runner.child import ENGINE, call
from benchbox.runner.measuring import NAMED
from benchbox.runner.pairs import Pair, measure_memory, measure_pairs
from benchbox.runner.places import ArmPlace, open_place
from benchbox.runner.scoring import score_rows

COUNT = f"{ENGINE}.count:count_rows"
# Of the pictures that have a name.
NAMED_CLASSES = 20

Tell = Callable[[str], None]


def exact_specs(rows: Iterable[Row]) -> tuple[RunSpec, ...]:
    """The runs whose networks are counted, the same on every machine: one for rows that differ in place or form."""
    return tuple(dict.fromkeys(_exact(spec_of(row)) for row in rows))


def _exact(spec: RunSpec) -> RunSpec:
    source = "turntable" if spec.data.source in NAMED else spec.data.source
    return replace(
        spec,
        model=resolve_model(spec.model, spec.data),
        data=replace(spec.data, source=source),
        placement=ANYWHERE,
    )


def count(specs: Sequence[RunSpec], output: Output, *, observer: Observer) -> tuple[Record, ...]:
    """The records of exact metrics alone, each network made for the classes of its pictures."""
    by_classes: dict[int, list[RunSpec]] = {}
    for spec in specs:
        by_classes.setdefault(_classes(spec, output), []).append(spec)
    found: dict[RunSpec, Record] = {}
    for classes, some in by_classes.items():
        request = CountRequest(specs=tuple(some), classes=classes)
        counted = call(COUNT, request, returns=Counted, observer=observer)
        found |= {record.spec: record for record in counted.records}
    return tuple(found[spec] for spec in specs)


def _classes(spec: RunSpec, output: Output) -> int:
    if spec.data.source in NAMED:
        return NAMED_CLASSES
    facts = gather_facts(RunSpec(data=spec.data, placement=spec.placement), [], output, Conduct())
    return len(facts.data.classes)


def measure_twice(
    gate: Gate,
    *,
    folder: Path,
    observer: Observer,
    tell: Tell,
    clock: Callable[[], float] = time.monotonic,
    pairs: MakePairs = measure_pairs,
    memory: MakePairs = measure_memory,
) -> tuple[tuple[Record, ...], tuple[Verdict, ...]]:
    """The records of two series of the code as it stands, and the verdicts in which these disagree.

    Peak memory is measured once, and so is accuracy. What is written meanwhile, predictions among it, goes to
    `folder`. `pairs` and `memory` make processes of the one arm. Raises ArmRefused, and Interrupted after a signal.
    """
    once = _Recording(
        gate=gate,
        place=open_place(),
        folder=folder,
        observer=observer,
        tell=tell,
        clock=clock,
        pairs=pairs,
        memory=memory,
    )
    shared = (*once.score(), *once.measure_memory())
    first, second = once.measure_series(is_second=False), once.measure_series(is_second=True)
    return (*first, *second, *shared), _apart(gate, [*shared, *first], [*shared, *second])


@dataclass(frozen=True, kw_only=True)
class _Recording:
    """What the parts of a baseline are measured with."""

    gate: Gate
    place: ArmPlace
    folder: Path
    observer: Observer
    tell: Tell
    clock: Callable[[], float]
    pairs: MakePairs
    memory: MakePairs

    def score(self) -> tuple[Record, ...]:
        """Accuracy of the rows with a checkpoint."""
        rows = self.gate.scored
        scored = score_rows(
            self.place,
            [row.spec for row in rows],
            labels=[row.name for row in rows],
            folder=self.folder,
            dataset=DATASET,
            observer=self.observer,
        )
        return tuple(scored)

    def measure_memory(self) -> tuple[Record, ...]:
        """Peak memory of the timed rows, or what is exact, each in processes of its own."""
        if not self.gate.rounds:
            return ()
        series = self.gate.series(self.gate.timed)
        rounds = self.memory(series, [self.place], folder=self.folder, dataset=DATASET, watcher=self.observer)
        return _of_one(islice(rounds, self.gate.rounds))

    def measure_series(self, *, is_second: bool) -> tuple[Record, ...]:
        """One of two series, which may take half of the time."""
        if not self.gate.has_pairs:
            return ()
        series = self.gate.series(self.gate.timed, is_second=is_second)
        known = how_known_alone(self.gate.rules, series)
        deadline = self.clock() + 60 * self.gate.settings.time_limit / 2
        made: list[Pair] = []
        for process in self.pairs(
            series,
            [self.place],
            folder=self.folder,
            dataset=DATASET,
            watcher=self.observer,
            is_known=lambda processes: known(processes).is_enough,
            clock=self.clock,
            deadline=deadline,
        ):
            made.append(process)
            self.tell(known(made).words(series, left=deadline - self.clock()))
        return _of_one(made)


def _of_one(processes: Iterable[Pair]) -> tuple[Record, ...]:
    return tuple(record for process in processes for record in process.records[0])


def _apart(gate: Gate, first: Sequence[Record], second: Sequence[Record]) -> tuple[Verdict, ...]:
    """One series judged by the other, as a stored run by its baseline."""
    # Accuracy was evaluated once, and memory measured once: there is nothing to compare.
    groups = tuple(group for group in gate.rules.groups if group in ("exact", "time"))
    if not groups:
        return ()
    arms = [
        make_arm(records, Source(asked=name))
        for name, records in (("first series", first), ("second series", second))
    ]
    # A regression that was accepted is one of the code, which is the same in both series.
    rules = replace(gate.rules, groups=groups, accepted=())
    return disagreeing(judge(*arms, rules=rules, mode="stored"))
