"""The records of an arm, row by row: which of them count, and whether two claim to be one and the same process."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from msgspec.structs import replace

from benchbox.gate.evidence import Arm
from benchbox.gate.lines import Fault
from benchbox.plan.spec import PlacementSpec, RunSpec, case
from benchbox.records.record import GOOD, Record

# Tasks of which seeds, not processes, are the replicates.
SCORED = ("evaluate", "fit")


@dataclass(frozen=True, kw_only=True)
class RowSeen:
    """One row of an arm: the records of its processes or seeds that count, in their order.

    `faults` say what of it is broken, `ambiguity` that two records claim to be the same process or seed. `answers`
    are those of `Arm` by seed.
    """

    case: str
    spec: RunSpec
    records: tuple[Record, ...] = ()
    faults: tuple[str, ...] = ()
    ambiguity: str = ""
    answers: Mapping[int, Mapping[str, bool]] = field(default_factory=dict)

    @property
    def work(self) -> str:
        """The case of the same work in any place and form."""
        return case(replace(self.spec, placement=PlacementSpec()))

    @property
    def good(self) -> tuple[Record, ...]:
        """The records that ended well."""
        return tuple(record for record in self.records if record.status == "ok")

    @property
    def failed(self) -> tuple[Record, ...]:
        """The records that did not, apart from those that were skipped on purpose."""
        return tuple(record for record in self.records if record.status not in GOOD)

    def measured(self, metric: str) -> tuple[Record, ...]:
        """The good records with values of a metric."""
        return tuple(record for record in self.good if record.values(metric))


def rows_of(arm: Arm) -> dict[str, RowSeen]:
    """The rows of an arm by case, in the order of their first records, those that are only faults last.

    The case is computed anew: a journal of an older release then has that of today.
    """
    records: dict[str, list[Record]] = defaultdict(list)
    for record in _counting(arm.records):
        records[case(record.spec)].append(record)
    faults: dict[str, list[Fault]] = defaultdict(list)
    for fault in arm.faults:
        if fault.spec is not None:
            faults[case(fault.spec)].append(fault)
    answers: dict[str, dict[int, Mapping[str, bool]]] = defaultdict(dict)
    for (whose, seed), right in arm.answers.items():
        answers[whose][seed] = right
    return {name: _row(name, records[name], faults[name], answers[name]) for name in (*records, *faults)}


def _row(
    name: str, records: Sequence[Record], faults: Sequence[Fault], answers: Mapping[int, Mapping[str, bool]]
) -> RowSeen:
    ordered = tuple(sorted(records, key=_process))
    specs = [*(record.spec for record in ordered), *(fault.spec for fault in faults if fault.spec is not None)]
    return RowSeen(
        case=name,
        spec=specs[0],
        records=ordered,
        faults=tuple(fault.reason for fault in faults),
        ambiguity=_ambiguity(ordered),
        answers=answers,
    )


def _counting(records: Sequence[Record]) -> list[Record]:
    """The records without those that did not end well and were made again when their run was resumed.

    What ended well is never made again: two such records of one process both stand, and which counts is not known.
    """
    last = {_identity(record): record for record in records}
    return [record for record in records if record.status in GOOD or record is last[_identity(record)]]


def _identity(record: Record) -> tuple[bool, RunSpec]:
    return record.actual.in_turns, record.spec


def _process(record: Record) -> tuple[bool, int, int]:
    """Which replicate a record is: a process of a timed cell, or the seed of what is scored."""
    repeat = 0 if record.spec.task in SCORED else record.spec.repeat
    return record.actual.in_turns, record.spec.seed, repeat


def _ambiguity(ordered: Sequence[Record]) -> str:
    """Which replicate two records claim to be; empty where none."""
    for one, other in pairwise(ordered):
        if _process(one) == _process(other):
            spec = one.spec
            replicate = f"seed {spec.seed}" if spec.task in SCORED else f"process {spec.repeat}"
            paths = dict.fromkeys(str(record.spec.checkpoint) for record in (one, other))
            return f"two records of {replicate}" + (f": {' and '.join(paths)}" if len(paths) > 1 else "")
    return ""
