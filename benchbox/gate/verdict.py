"""What a gate says: one verdict for every metric of every row, and one report with its exit code.

The report is the one source of all that is shown of it: the terminal's table, Markdown, JUnit, HTML and JSON. It
holds no time of its making, so that equal inputs give equal bytes.
"""

from typing import Literal, get_args

import msgspec

from benchbox.records.fingerprint import Fingerprint

State = Literal[
    "PASS",
    "FAIL",
    "IMPROVED",
    "INCONCLUSIVE",
    "NOT_REPRODUCED",
    "NEW",
    "MISSING",
    "ERROR",
    "INCOMPARABLE",
    "CONTAMINATED",
    "NONDETERMINISTIC",
    "IMPLAUSIBLE",
    "SKIPPED",
]
Group = Literal["time", "memory", "exact", "accuracy"]
Mode = Literal["stored", "A/B"]
Schedule = Literal["", "slices", "blocks"]

STATES: tuple[str, ...] = get_args(State)
GROUPS: tuple[str, ...] = get_args(Group)
# What is counted, and everything else of which there are verdicts.
EXACT = ("parameters", "buffers", "weight_bytes", "flops")
METRICS = (*EXACT, "sample_seconds", "peak_memory", "top1")

# History of gate.json.
#   1  2026-11: the first.
SCHEMA = 1


class Series(msgspec.Struct, frozen=True, kw_only=True):
    """What was seen of a metric, as raw values: the replicates that decide, and what they were made of.

    `differences` hold one log-ratio of new over base a pair (A/B), or one difference a picture or seed (accuracy).
    `base` and `new` are the values of each arm, one a process: seconds a call relative to the control in stored
    mode, seconds a call (A/B), bytes. `blocks` are the block log-ratios of each pair in the order seen, `traces`
    the seconds a call of each arm's slices, pair by pair, in the order seen.
    """

    differences: tuple[float, ...] = ()
    base: tuple[float, ...] = ()
    new: tuple[float, ...] = ()
    blocks: tuple[tuple[float, ...], ...] = ()
    base_traces: tuple[tuple[float, ...], ...] = ()
    new_traces: tuple[tuple[float, ...], ...] = ()


class Bounds(msgspec.Struct, frozen=True, kw_only=True):
    """An estimate of new over base, and its one-sided 99 % bounds, which together are a 98 % interval.

    Ratios for time and memory (over 1 is worse), differences for accuracy (below 0 is worse). `detectable` is the
    smallest change that would have failed with 90 % chance, in the same units; `count` the replicates; `method` the
    name of the interval.
    """

    value: float
    low: float
    high: float
    count: int
    method: str
    detectable: float | None = None


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """One metric of one row.

    `case` identifies the row, `row` is its name for people. `metric` is empty where the verdict is of a whole row,
    such as one that is missing or crashed, and `case` too where it is of a whole arm, such as a file that cannot be
    read. `base` and `new` are each arm's own value in the metric's unit (`records.metrics`), None where it has
    none. `margin` is what a change had to exceed: a ratio above 1 less 1 for time and memory (0.025), a share for
    accuracy (0.005). `confirmed` are the bounds of the second, independent series. `accepted` is the reason why a
    regression was accepted. `facts` are further numbers for people, by their names: an exact McNemar p, Wilson
    intervals.
    """

    case: str
    row: str
    metric: str
    group: Group
    state: State
    reason: str = ""
    base: float | None = None
    new: float | None = None
    bounds: Bounds | None = None
    confirmed: Bounds | None = None
    margin: float | None = None
    accepted: str = ""
    facts: dict[str, str] = {}
    series: Series = Series()
    confirmation: Series = Series()


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """Where an arm's numbers come from: a file or report (stored), or a commit or folder that ran here (A/B).

    `asked` is what was typed. `imported` says by row from which file its network came, relative to the arm's
    folder; `digest` is the hash of the arm's own source files. `age_days` is that of a stored run on
    `GateReport.today`.
    """

    asked: str
    commit: str = ""
    is_dirty: bool = False
    digest: str = ""
    imported: dict[str, str] = {}
    benchbox: str = ""
    fingerprint: Fingerprint | None = None
    age_days: float | None = None


class KeyDifference(msgspec.Struct, frozen=True, kw_only=True):
    """A hard key of the fingerprint or the workload in which two arms differ. `row` is empty where all rows do."""

    key: str
    base: str
    new: str
    row: str = ""


class ControlSeen(msgspec.Struct, frozen=True, kw_only=True):
    """The control network in both arms: its bounds, and the run's own noise floor as a ratio less 1.

    `floor` is the half-width of the control's own 98 % interval over all pairs (A/B) or processes (stored): what
    this run cannot see, however quiet a row was. That of a single pair would be no measure of it, since many pairs
    see more than one. `is_clean` is False where the control's own interval lies off 1 and reaches beyond the
    margin: the machine was not the same for both arms, and time says nothing. In stored mode every row is divided
    by the control, whose own change is then the machine's and no reason for doubt.
    """

    bounds: Bounds
    floor: float
    is_clean: bool
    series: Series = Series()


class GateReport(msgspec.Struct, frozen=True, kw_only=True):
    """All verdicts of one comparison, in the order of the declared rows, and what they rest on.

    `code` is the exit code and `conclusion` one line that says why. `is_self` says that both arms are the same code
    or the same records. `reproduce` is the command that does it again. `today` is an input, a date in
    UTC as 2026-11-24.
    """

    schema: int = SCHEMA
    mode: Mode
    preset: str
    margin: float
    groups: tuple[Group, ...]
    base: Source
    new: Source
    is_self: bool = False
    schedule: Schedule = ""
    differences: tuple[KeyDifference, ...] = ()
    control: ControlSeen | None = None
    verdicts: tuple[Verdict, ...] = ()
    notes: tuple[str, ...] = ()
    code: int
    conclusion: str
    reproduce: str = ""
    today: str = ""

    @property
    def gated(self) -> tuple[Verdict, ...]:
        """The verdicts that count: all but the new and the skipped."""
        return tuple(verdict for verdict in self.verdicts if verdict.state not in ("NEW", "SKIPPED"))

    def of_state(self, *states: str) -> tuple[Verdict, ...]:
        """The verdicts with one of these states, in order."""
        return tuple(verdict for verdict in self.verdicts if verdict.state in states)


def encode_report(report: GateReport) -> bytes:
    """gate.json: the same bytes for equal reports, keys in the order of the fields."""
    return msgspec.json.format(msgspec.json.encode(report, order="deterministic"), indent=1) + b"\n"


def decode_report(content: bytes) -> GateReport:
    """The report in a gate.json. Raises msgspec.MsgspecError where it is none."""
    return msgspec.json.decode(content, type=GateReport)
