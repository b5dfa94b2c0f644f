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
from statistics import median

from benchbox.cli.gate_measure import MakePairs
from benchbox.cli.gate_rows import GateRow
from benchbox.cli.options import DATASET
from benchbox.errors import RecordError, UsageError
from benchbox.gate.control import disturbance
from benchbox.gate.decision import bounds
from benchbox.gate.injections import Injection, append_injection, read_injections
from benchbox.gate.pairs import blocks_of, pair_differences, slices
from benchbox.gate.times import CONTROL
from benchbox.gate.verdict import Bounds, ControlSeen
from benchbox.plan.gate import GateSeries
from benchbox.plan.spec import PlacementSpec
from benchbox.records.description import DescribeRequest, Description, Layer
from benchbox.records.events import Observer
from benchbox.records.fingerprint import Fingerprint, short_hash
from benchbox.runner.child import ENGINE, call
from benchbox.runner.injection import choose_repeats, class_of, commit_slower, read_source
from benchbox.runner.pairs import ArmRefused, Pair, measure_pairs
from benchbox.runner.places import is_same, open_places

DESCRIBE = "benchbox.models.describe:describe_named"
FINGERPRINT = f"{ENGINE}.fingerprint:tell_fingerprint"
# The usual pictures have so many classes; it makes no difference to the time.
PICTURE_CLASSES = 20
# FLOPs are not time: after a short series the share of the work is corrected, if it must be so often.
TRIES = 4
SHORT, LONG = 6, 20
# Of what a gate spends on a row of a pair.
LONGER = 2.0
# An audited slowdown may be so many times the one that was meant, and is otherwise none to prove a gate by.
LEAST_SHARE, MOST_SHARE = 0.5, 2.0

Tell = Callable[[str], None]


class AuditRefused(ArmRefused):
    """What an audit saw is not the slowdown that was injected."""


def fingerprint_here(placement: PlacementSpec) -> Fingerprint:
    """The fingerprint of this machine, as a row at this place has it."""
    return call(FINGERPRINT, placement, returns=Fingerprint)


@dataclass(frozen=True, kw_only=True)
class Audit:
    """How a slowdown is injected into an architecture, which stands in `repository` at `commit`.

    `rows` are all that will be gated: what a change costs depends on the rows that take turns with it.
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
    read_machine: Callable[[PlacementSpec], Fingerprint] = fingerprint_here

    @property
    def slowed(self) -> tuple[GateRow, ...]:
        """The rows of the architecture."""
        return tuple(row for row in self.rows if row.spec.model.name == self.architecture)

    @property
    def beside(self) -> tuple[str, ...]:
        """The cases of the other rows."""
        return tuple(row.case for row in self.rows if row.spec.model.name != self.architecture)

    def inject(self, slowdown: float) -> Injection:
        """The injection of about this slowdown, a ratio less 1: that on file for these rows, else a new one.

        Raises UsageError where the repository is not benchbox's own, and ArmRefused where an audit cannot be relied
        on.
        """
        for known in reversed(read_injections(self.file)):
            if self._is_same(known, slowdown) and self._is_here(known):
                # Its commit may have been swept away: equal injections are equal commits.
                commit_slower(self.repository, self.commit, self.architecture, known.repeats)
                return known
        return self._make(slowdown)

    def _is_same(self, known: Injection, slowdown: float) -> bool:
        asked = (self.commit, self.architecture, slowdown, self.seconds)
        is_asked = (known.commit, known.architecture, known.slowdown, known.seconds) == asked
        is_of_rows = known.audited.keys() == {row.case for row in self.slowed} and known.beside == self.beside
        return is_asked and is_of_rows

    def _is_here(self, known: Injection) -> bool:
        """Whether it was audited on this machine, as it is now: what repeated layers cost is no other's."""
        return known.fingerprint == short_hash(self.read_machine(self.slowed[0].spec.placement))

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
        audited, fingerprint = self._measured(slower, pairs=LONG, meant=slowdown)
        injection = Injection(
            commit=self.commit,
            architecture=self.architecture,
            slowdown=slowdown,
            repeats=repeats,
            slower=slower,
            audited=audited,
            fingerprint=fingerprint,
            made=datetime.now(UTC).isoformat(timespec="seconds"),
            seconds=self.seconds,
            beside=self.beside,
        )
        append_injection(self.file, injection)
        for row in self.slowed:
            self.tell(f"{row.name}: audited, {audited[row.case].value:.3f}×")
        return injection

    def _layers(self) -> tuple[Layer, ...]:
        self._require_described()
        spec = self.slowed[0].spec
        asked = DescribeRequest(
            model=spec.model, channels=spec.data.channels, image_size=spec.data.image_size, classes=PICTURE_CLASSES
        )
        return call(DESCRIBE, asked, returns=Description).layers

    def _require_described(self) -> None:
        """Raises UsageError where the network that runs here, whose layers are told, is not that of the commit."""
        file, _ = class_of(self.architecture)
        here = Path(__file__).parents[2] / file
        if here.read_text(encoding="utf-8") != read_source(self.repository, self.commit, file):
            raise UsageError(
                f"{here} is not as in {self.commit}, whose network is slowed",
                allowed="the architecture's file as it was committed",
                hint="commit its changes, or put them aside",
            )

    def _measure(self, slower: str, *, pairs: int) -> dict[str, Bounds]:
        return self._measured(slower, pairs=pairs)[0]

    def _measured(self, slower: str, *, pairs: int, meant: float | None = None) -> tuple[dict[str, Bounds], str]:
        """The slowdown of each row in a series of its own, by case, and the machine's fingerprint.

        Raises AuditRefused where that is not the injection's, nor about the one that was `meant`.
        """
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
            seen = list(made)
        _require_apart(seen)
        audited = _judged(seen, self.slowed)
        if meant is not None:
            _require_undisturbed(seen, margin=LEAST_SHARE * meant)
            _require_meant(audited, self.slowed, meant)
        return audited, _fingerprint(seen)


def _require_apart(pairs: Sequence[Pair]) -> None:
    """Raises AuditRefused where both arms ran the same code."""
    for pair in pairs:
        if len(pair.identities) > 1 and is_same(*pair.identities):
            raise AuditRefused(
                "both arms of the audit imported the same code, so that nothing was slowed: stand in the top "
                "folder of benchbox's own repository"
            )


def _require_undisturbed(pairs: Sequence[Pair], *, margin: float) -> None:
    """Raises AuditRefused where the control surely differs between the arms, perhaps by more than the margin."""
    base, new = (slices((each for pair in pairs for each in pair.records[arm]), metric=CONTROL) for arm in (0, 1))
    seen = bounds([median(blocks) for blocks in blocks_of(base, new).values()], margin=margin)
    # Noise alone widens the audit's own bounds, and is no reason to refuse them.
    said = None if seen is None else disturbance(ControlSeen(bounds=seen, floor=0.0, is_clean=True), margin=margin)
    if said is not None:
        raise AuditRefused(f"the audit was disturbed: {said[1]}; wait until nothing else runs, and audit again")


def _require_meant(audited: dict[str, Bounds], rows: Sequence[GateRow], meant: float) -> None:
    """Raises AuditRefused where a row surely became slower by much less or more than was meant."""
    low, high = 1 + LEAST_SHARE * meant, 1 + MOST_SHARE * meant
    for row in rows:
        seen = audited[row.case]
        if seen.high < low or seen.low > high:
            raise AuditRefused(
                f"{row.name} takes {seen.value:.3f} times as long ({seen.low:.3f} to {seen.high:.3f}), which is "
                f"not about the {meant:.1%} that was meant: ask for another slowdown, or audit again"
            )


def _fingerprint(pairs: Sequence[Pair]) -> str:
    prints = (each.fingerprint for pair in pairs for records in pair.records for each in records)
    return next((short_hash(seen) for seen in prints if seen is not None), "")


def _judged(pairs: Sequence[Pair], rows: Sequence[GateRow]) -> dict[str, Bounds]:
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
    return found


def _correction(seen: dict[str, Bounds], slowdown: float) -> float:
    """By what the share of the work is to be multiplied, so that the rows' mean slowdown becomes what was meant.

    Between a half and two, since a short series may be far off.
    """
    mean = math.expm1(math.fsum(math.log(each.value) for each in seen.values()) / len(seen))
    return min(2.0, max(0.5, slowdown / mean)) if mean > 0 else 2.0
