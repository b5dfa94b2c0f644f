"""Record: one run as it was asked, as it really ran, where, what was seen, and how it ended."""

import math
from typing import Literal, get_args

import msgspec

from benchbox.errors import RecordError, SpecError
from benchbox.plan.facts import Ceiling
from benchbox.plan.spec import RunSpec, case
from benchbox.records.fingerprint import Fingerprint
from benchbox.records.machine import MachineState
from benchbox.records.metrics import METRICS

Status = Literal["ok", "oom", "timeout", "nan", "crashed", "interrupted", "unsupported", "skipped"]
STATUSES: tuple[str, ...] = get_args(Status)
# A skipped run was not started, on purpose and with a reason: it is a row, but not a failure.
GOOD: tuple[str, ...] = ("ok", "skipped")

# Why an interrupted run ended.
STOPPED = "stopped by a signal; what it had finished is kept"

# History of the journal's lines. Old numbers are read for ever, unknown ones are refused.
#   1  2026-11: the first.
#   2  2026-11: repeats, machine states, ceilings, doubts, void answers, the split of a step.
#   3  2026-11: rules of splitting, pictures set aside, recipes, targets, smoothing, augmentation, FFT convolution.
#   4  2026-11: fingerprints, and the control network's times beside a cell's.
SCHEMA = 4
READABLE = (1, 2, 3, 4)


class Measurement(msgspec.Struct, frozen=True, kw_only=True):
    """A metric's raw values, in the order seen; never a summary. Units are in `records.metrics`."""

    metric: str
    values: tuple[float, ...]

    def __post_init__(self) -> None:
        if self.metric not in METRICS:
            raise SpecError.of("metric", self.metric, allowed=", ".join(METRICS))
        if not self.values:
            raise SpecError.of(f"values of {self.metric}", self.values, allowed="one value or more")
        # JSON has no NaN: it would come back as null, and the line would be unreadable.
        if not all(map(math.isfinite, self.values)):
            raise SpecError.of(f"values of {self.metric}", self.values, allowed="finite numbers")


class Environment(msgspec.Struct, frozen=True, kw_only=True):
    """Where a run took place. `flags` are torch's global switches, as they were during the run.

    `ceiling` is what the device was seen to do at this precision before the first run of the command.
    """

    cpu: str
    cores: int
    memory: int
    system: str
    python: str
    torch: str
    torchvision: str
    benchbox: str
    device: str
    device_name: str
    threads: int
    flags: dict[str, str]
    commit: str = ""
    ceiling: Ceiling | None = None


class Actual(msgspec.Struct, frozen=True, kw_only=True):
    """What really ran, where it can differ from what was asked or adds to it.

    `weights` says where an evaluation's weights come from; `weights_digest` is the hash of those that a fit ended
    with, and `network_digest` that of a foreign network's source; `notes` say every fallback and its reason; `mean`
    and `std` are the normalisation, per channel, of pictures scaled to 0…1. `void` says why a timed cell's numbers
    must not be ranked: its answers are not those of plain fp32. `calls_a_sample` is over 1 where one call is too
    short for a sample; `in_turns` says that the samples are slices of a run that took turns with others, two a
    block. `control` is the digest of the control network that was timed beside a cell. `doubts` say what disturbed
    it: its numbers stand, but may not hold.
    """

    data: str = ""
    data_digest: str = ""
    classes: tuple[str, ...] = ()
    train: int = 0
    test: int = 0
    validation: int = 0
    memory_format: str = ""
    precision: str = ""
    network_digest: str = ""
    weights: str = ""
    weights_digest: str = ""
    stop_reason: str = ""
    calls_a_sample: int = 1
    in_turns: bool = False
    control: str = ""
    mean: tuple[float, ...] = ()
    std: tuple[float, ...] = ()
    test_pictures: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    void: str = ""
    doubts: tuple[str, ...] = ()


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """One line of `results.jsonl`. `files`: a kind (checkpoint, predictions, …) to a path in the report.

    `fingerprint` is what decides speed where a cell was timed, None elsewhere. `states` are the machine's before
    and after the timed part; `phases` are the run's parts in their order, each by name and seconds.
    """

    schema: int = SCHEMA
    spec: RunSpec
    case: str
    status: Status
    reason: str = ""
    started: str
    seconds: float
    actual: Actual = Actual()
    environment: Environment | None = None
    fingerprint: Fingerprint | None = None
    measurements: tuple[Measurement, ...] = ()
    files: dict[str, str] = {}
    log: str = ""
    states: tuple[MachineState, ...] = ()
    phases: tuple[tuple[str, float], ...] = ()

    def values(self, metric: str) -> tuple[float, ...]:
        """The raw values of a metric, empty where it was not measured."""
        return next((seen.values for seen in self.measurements if seen.metric == metric), ())

    def last(self, metric: str) -> float | None:
        """The last value of a metric, None where it was not measured."""
        values = self.values(metric)
        return values[-1] if values else None


def make_record(spec: RunSpec, *, status: Status, started: str, seconds: float, **seen: object) -> Record:
    """A record of `spec` with its case computed; `seen` are further fields of Record."""
    return Record(spec=spec, case=case(spec), status=status, started=started, seconds=seconds, **seen)  # type: ignore[arg-type]


def encode(record: Record) -> bytes:
    """One JSON line, without the line's end."""
    return msgspec.json.encode(record)


class _Versioned(msgspec.Struct):
    schema: int


def decode(line: bytes) -> Record:
    """The record in one line of a journal.

    Raises RecordError where the line is not a record, or of a schema that this release does not know.
    """
    try:
        schema = msgspec.json.decode(line, type=_Versioned).schema
        if schema not in READABLE:
            raise RecordError(
                f"the record has schema {schema}",
                allowed=f"schema {' or '.join(map(str, READABLE))}",
                hint="read it with the release of benchbox that wrote it",
            )
        return msgspec.json.decode(line, type=Record)
    except msgspec.MsgspecError as error:
        raise RecordError(f"not a record: {error}") from error
