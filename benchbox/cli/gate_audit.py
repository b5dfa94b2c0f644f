"""Slowdowns that are injected into an architecture's code: made, brought to about what was meant, and audited.

An audit is a longer series of its own, so that the gate is put to the proof by what a change really costs. Imported
when it is needed: bounds take scipy, which --help must not wait for.
"""

import math
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from benchbox.cli.gate_measure import MakePairs
from benchbox.cli.gate_rows import GateRow
from benchbox.cli.options import DATASET
from benchbox.errors import RecordError
from benchbox.gate.decision import bounds
from benchbox.gate.evidence import pair_differences
from benchbox.gate.verdict import Bounds
from benchbox.plan.gate import GateSeries
from benchbox.records.description import DescribeRequest, Description, Layer
from benchbox.records.events import Observer
from benchbox.records.files import append_line
from benchbox.records.fingerprint import short_hash
from benchbox.records.journal import mend, storing
from benchbox.runner.child import call
from benchbox.runner.injection import choose_repeats, commit_slower
from benchbox.runner.pairs import Pair, measure_pairs
from benchbox.runner.places import open_places

FILE = "injections.jsonl"
DESCRIBE = "benchbox.models.describe:describe_named"
# The usual pictures have so many; it makes no difference to the time.
CLASSES = 20
# FLOPs are not time: after a short series the share of the work is corrected, if it must be so often.
TRIES = 4
SHORT, LONG = 6, 20
# Of what a gate spends on a row of a pair.
LONGER = 2.0

Tell = Callable[[str], None]


class Injection(msgspec.Struct, frozen=True, kw_only=True):
    """A slowdown in the code of an architecture, on top of `commit`: what was meant, what was done, what it costs.

    `slowdown` was meant, a ratio less 1; `repeats` are the layers that work once more, and `slower` the commit
    with them. `audited` are by case the slowdowns that a longer series saw, as ratios with their bounds;
    `fingerprint` is the short hash of the machine's, and `made` when.
    """

    commit: str
    architecture: str
    slowdown: float
    repeats: tuple[str, ...]
    slower: str
    audited: dict[str, Bounds]
    fingerprint: str
    made: str

    @property
    def truths(self) -> dict[str, float]:
        """The true slowdowns by case, as ratios."""
        return {case: seen.value for case, seen in self.audited.items()}


@dataclass(frozen=True, kw_only=True)
class Audit:
    """How a slowdown is injected: `rows` are those of the architecture, which stands in `repository` at `commit`.

    `file` keeps what was audited, `seconds` are those of a gate's rows.
    """

    repository: Path
    commit: str
    architecture: str
    rows: tuple[GateRow, ...]
    seconds: float
    file: Path
    observer: Observer
    tell: Tell
    clock: Callable[[], float] = time.monotonic
    pairs: MakePairs = measure_pairs

    def inject(self, slowdown: float) -> Injection:
        """The injection of about this slowdown, a ratio less 1: that on file for these rows, else a new one.

        Raises UsageError where the repository is not benchbox's own.
        """
        for known in reversed(read_injections(self.file)):
            same = (known.commit, known.architecture, known.slowdown) == (self.commit, self.architecture, slowdown)
            if same and known.audited.keys() == {row.case for row in self.rows}:
                # Its commit may have been swept away: equal injections are equal commits.
                commit_slower(self.repository, self.commit, self.architecture, known.repeats)
                return known
        return self._make(slowdown)

    def _make(self, slowdown: float) -> Injection:
        layers, share = self._layers(), slowdown
        for _ in range(TRIES):
            repeats = choose_repeats(layers, share)
            slower = commit_slower(self.repository, self.commit, self.architecture, repeats)
            self.tell(f"{self.architecture}: {len(repeats)} layers once more, meant to cost {slowdown:.1%}")
            seen = self._measure(slower, pairs=SHORT)
            if all(each.low <= 1 + slowdown <= each.high for each in seen.values()):
                break
            share *= _correction(seen, slowdown)
        audited, fingerprint = self._measured(slower, pairs=LONG)
        injection = Injection(
            commit=self.commit,
            architecture=self.architecture,
            slowdown=slowdown,
            repeats=repeats,
            slower=slower,
            audited=audited,
            fingerprint=fingerprint,
            made=datetime.now(UTC).isoformat(timespec="seconds"),
        )
        self._keep(injection)
        for row in self.rows:
            self.tell(f"{row.name}: audited, {audited[row.case].value:.3f}×")
        return injection

    def _keep(self, injection: Injection) -> None:
        mend(self.file)
        with storing(self.file):
            self.file.parent.mkdir(parents=True, exist_ok=True)
            append_line(self.file, msgspec.json.encode(injection))

    def _layers(self) -> tuple[Layer, ...]:
        spec = self.rows[0].spec
        asked = DescribeRequest(
            model=spec.model, channels=spec.data.channels, image_size=spec.data.image_size, classes=CLASSES
        )
        return call(DESCRIBE, asked, returns=Description).layers

    def _measure(self, slower: str, *, pairs: int) -> dict[str, Bounds]:
        return self._measured(slower, pairs=pairs)[0]

    def _measured(self, slower: str, *, pairs: int) -> tuple[dict[str, Bounds], str]:
        """The slowdown of each row in a series of its own, by case, and the machine's fingerprint."""
        series = GateSeries(
            specs=tuple(row.spec for row in self.rows),
            labels=tuple(row.name for row in self.rows),
            seconds=LONGER * self.seconds,
            least=pairs,
            most=pairs,
            seed=pairs,
        )
        with (
            tempfile.TemporaryDirectory(prefix="benchbox-audit-") as folder,
            open_places(self.commit, slower, here=self.repository) as places,
        ):
            made = self.pairs(
                series,
                places,
                folder=Path(folder),
                dataset=DATASET,
                watcher=self.observer,
                is_known=lambda _: True,
                clock=self.clock,
            )
            return _judged(list(made), self.rows)


def _judged(pairs: Sequence[Pair], rows: Sequence[GateRow]) -> tuple[dict[str, Bounds], str]:
    """The bounds of each row by case. Raises RecordError where a row could not be measured."""
    found: dict[str, Bounds] = {}
    for row in rows:
        base, new = (
            [each for pair in pairs for each in pair.records[arm] if each.case == row.case] for arm in (0, 1)
        )
        seen = bounds(tuple(pair_differences(base, new).values()), margin=0.01)
        if seen is None:
            reason = next((each.reason for each in (*base, *new) if each.reason), "no two pairs were made")
            raise RecordError(f"{row.name} could not be audited: {reason}")
        found[row.case] = seen
    prints = (each.fingerprint for pair in pairs for records in pair.records for each in records)
    return found, next((short_hash(seen) for seen in prints if seen is not None), "")


def _correction(seen: dict[str, Bounds], slowdown: float) -> float:
    """By what the share of the work is to be multiplied, so that the rows' mean slowdown becomes what was meant.

    Between a half and two, since a short series may be far off.
    """
    mean = math.expm1(math.fsum(math.log(each.value) for each in seen.values()) / len(seen))
    return min(2.0, max(0.5, slowdown / mean)) if mean > 0 else 2.0


def read_injections(file: Path) -> tuple[Injection, ...]:
    """What was injected and audited before, in order; none where there is no file. Raises RecordError."""
    if not file.is_file():
        return ()
    lines = file.read_bytes().rpartition(b"\n")[0].splitlines()
    try:
        return tuple(msgspec.json.decode(line, type=Injection) for line in lines)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise RecordError(
            f"{file} is damaged: {error}", hint="move it away, and slowdowns are audited anew"
        ) from error
