"""Hard keys: what must be the same in both arms before their numbers may be compared, each by its name.

The machine and its software decide times and memory; the workload (pictures, split, what really ran) decides
accuracy too. The source of the network is no key: it is what is judged. What is not known in one arm differs from
everything, also from what is not known in the other.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from msgspec.structs import asdict

from benchbox.gate.rows import RowSeen
from benchbox.gate.verdict import Group, KeyDifference, Mode
from benchbox.plan.spec import RunSpec
from benchbox.records.fingerprint import SHOWN, Fingerprint, short_hash
from benchbox.records.record import Record

TIMED = ("infer", "train_step")
UNKNOWN = "unknown"
# Kernels and drivers of one version set aside a little more or less.
ALIKE_MEMORY = 0.01
# In a reason; all of them are in the report.
MOST_NAMED = 3

_ON_A_GPU = ("gpu", "gpus", "gpu_memory", "driver", "cuda", "cudnn")
_FIELDS = (
    "cpu",
    "vector",
    "cores",
    "quota",
    "memory",
    "device",
    *_ON_A_GPU,
    "torch",
    "torchvision",
    "python",
    "system",
    "threads",
    "interop_threads",
    "benchbox",
)
_MEMORY = ("memory", "gpu_memory")
# What a side has that does not name a key which is one of many, by the key's first word.
_ABSENT = {"instructions": "no", "variable": "not set", "flag": "not set"}

Table = Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class RowKeys:
    """In which hard keys the arms of one row differ: machine and placement, the workload's, those of its timing."""

    machine: tuple[KeyDifference, ...] = ()
    workload: tuple[KeyDifference, ...] = ()
    timing: tuple[KeyDifference, ...] = ()

    def of(self, group: Group) -> tuple[KeyDifference, ...]:
        """Those that forbid to compare a group of metrics.

        Counts are the same on every machine; only another number of classes makes another network.
        """
        if group == "exact":
            return tuple(difference for difference in self.workload if difference.key == "classes")
        if group == "accuracy":
            return self.workload
        return self.machine + self.workload + (self.timing if group == "time" else ())


def row_keys(base: RowSeen, new: RowSeen, *, mode: Mode) -> RowKeys:
    """In which hard keys two sides of a row differ. The very same records differ in nothing.

    A row that ran in another place or form in each arm also differs by what its runs were told.
    """
    if base.records == new.records:
        return RowKeys()
    workload = _compared(base.good, new.good, _workload)
    if base.spec.task not in TIMED:
        return RowKeys(workload=workload)
    timed = timed_records(base), timed_records(new)
    machine = _machine(base.good, new.good, mode=mode)
    named = {difference.key for difference in machine + workload}
    placed = _differences([_placement(base.spec)], [_placement(new.spec)])
    return RowKeys(
        machine=(*machine, *(difference for difference in placed if difference.key not in named)),
        workload=workload,
        timing=_compared(*timed, _timing) if all(timed) else (),
    )


def timed_records(row: RowSeen) -> tuple[Record, ...]:
    """The records whose samples count: those that took turns, where there are any, else those that did not."""
    sampled = row.measured("sample_seconds")
    return tuple(record for record in sampled if record.actual.in_turns) or sampled


def _workload(record: Record) -> Table:
    actual = record.actual
    return {
        "data": actual.data_digest[:SHOWN],
        "classes": str(len(actual.classes)),
        "split seed": str(record.spec.data.split_seed),
        "training pictures": str(actual.train),
        "held-out pictures": str(actual.test),
        "pictures set aside": str(actual.validation),
        "precision": actual.precision,
        "memory format": actual.memory_format,
    }


def _placement(spec: RunSpec) -> Table:
    """Every field of a placement by its name in words: `keeps memory`."""
    told = asdict(spec.placement)
    return {name.replace("_", " "): "auto" if value is None else str(value) for name, value in told.items()}


def _timing(record: Record) -> Table:
    measured = "in turns" if record.actual.in_turns else "by itself"
    return {"control": record.actual.control[:SHOWN], "measured": measured}


def _schema(record: Record) -> Table:
    return {"schema": str(record.schema)}


def _compared(
    base: Sequence[Record], new: Sequence[Record], keys: Callable[[Record], Table]
) -> tuple[KeyDifference, ...]:
    return _differences([keys(record) for record in base], [keys(record) for record in new])


def _machine(base: Sequence[Record], new: Sequence[Record], *, mode: Mode) -> tuple[KeyDifference, ...]:
    """Arms that ran here (A/B) may each bring their own release, and share what cannot be known of the machine."""
    schemas = _compared(base, new, _schema)
    sides = _fingerprints(base), _fingerprints(new)
    if any(None in side for side in sides):
        return (*schemas, KeyDifference(key="fingerprint", base=_hashes(sides[0]), new=_hashes(sides[1])))
    is_here = mode == "A/B"
    tables = [[_table(each, is_here=is_here) for each in side if each is not None] for side in sides]
    return schemas + _differences(*tables)


def _fingerprints(records: Iterable[Record]) -> list[Fingerprint | None]:
    """The different fingerprints of some records: nearly always one."""
    found: list[Fingerprint | None] = []
    for record in records:
        if record.fingerprint not in found:
            found.append(record.fingerprint)
    return found


def _hashes(seen: Iterable[Fingerprint | None]) -> str:
    return " and ".join(UNKNOWN if each is None else short_hash(each) for each in seen)


def _table(fingerprint: Fingerprint, *, is_here: bool) -> Table:
    """Every key of a fingerprint by its name, those of its tables one by one; empty where it is not known."""
    names = [name for name in _FIELDS if not (is_here and name == "benchbox")]
    return {
        **{name: _text(fingerprint, name, is_here=is_here) for name in names},
        **{f"instructions {name}": "yes" for name in fingerprint.instructions},
        **{f"variable {name}": value or "empty" for name, value in fingerprint.variables.items()},
        **{f"flag {name}": value or "empty" for name, value in fingerprint.flags.items()},
    }


def _text(fingerprint: Fingerprint, name: str, *, is_here: bool) -> str:
    value = getattr(fingerprint, name)
    may_be_empty = name == "quota" or (name in _ON_A_GPU and fingerprint.device != "cuda")
    return str(value) if value else "none" if is_here or may_be_empty else ""


def _differences(base: Sequence[Table], new: Sequence[Table]) -> tuple[KeyDifference, ...]:
    """The keys in which tables differ between two sides or within one, or that one side does not know."""
    if len(base) == len(new) == 1 and base == new and all(base[0].values()):
        return ()
    found = []
    for name in dict.fromkeys(name for table in (*base, *new) for name in table):
        absent = _ABSENT.get(name.partition(" ")[0], "")
        sides = [list(dict.fromkeys(table.get(name, absent) for table in side)) for side in (base, new)]
        if not _are_alike(name, [value for side in sides for value in side]):
            found.append(KeyDifference(key=name, base=_said(sides[0]), new=_said(sides[1])))
    return tuple(found)


def _are_alike(name: str, values: Sequence[str]) -> bool:
    if not all(values):
        return False
    if name in _MEMORY and all(value.isdigit() for value in values):
        sizes = [int(value) for value in values]
        return max(sizes) - min(sizes) <= ALIKE_MEMORY * max(sizes)
    return len(set(values)) == 1


def _said(values: Sequence[str]) -> str:
    return " and ".join(value or UNKNOWN for value in values)


def in_words(differences: Sequence[KeyDifference]) -> str:
    """`cpu: A → B; torch: 2.13 → 2.14; threads: 2 → 4 and 3 more`, for a reason."""
    named = "; ".join(f"{seen.key}: {seen.base} → {seen.new}" for seen in differences[:MOST_NAMED])
    more = len(differences) - MOST_NAMED
    return f"{named} and {more} more" if more > 0 else named


def gathered(rows: Mapping[str, RowKeys], *, timed: int) -> tuple[KeyDifference, ...]:
    """The differences of all rows by their names, of which `timed` are timed, each once.

    What is so in all rows, or of machine and timing in all timed ones, is told without a row. What neither side
    knows, such as the machine of counts that are the same on any, is no difference that anybody could see to.
    """
    machine, workload = defaultdict[KeyDifference, list[str]](list), defaultdict[KeyDifference, list[str]](list)
    for name, keys in rows.items():
        for difference in keys.machine + keys.timing:
            machine[difference].append(name)
        for difference in keys.workload:
            workload[difference].append(name)
    return (*_told(machine, of=timed), *_told(workload, of=len(rows)))


def _told(where: Mapping[KeyDifference, Sequence[str]], *, of: int) -> Iterable[KeyDifference]:
    for seen, names in where.items():
        if seen.base == seen.new == UNKNOWN:
            continue
        for name in [""] if len(names) == of else names:
            yield KeyDifference(key=seen.key, base=seen.base, new=seen.new, row=name)
