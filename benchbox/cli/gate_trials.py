"""The gate put to the proof on this machine: gates whose truth is known, each on file as it ends.

Imported when it is needed: the judge takes scipy, which --help must not wait for.
"""

import random
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from msgspec.structs import replace

from benchbox.cli.gate_audit import Audit
from benchbox.cli.gate_live import expectation, leaving, make_gate, watching
from benchbox.cli.gate_measure import Bench, Gate, MakePairs
from benchbox.cli.gate_rows import resolve_rows
from benchbox.cli.output import Output, make_tell
from benchbox.errors import SpecError, UsageError
from benchbox.gate.declared import Row
from benchbox.gate.injections import INJECTIONS, read_injections
from benchbox.gate.ledger import LEDGER
from benchbox.gate.settings import Settings
from benchbox.gate.verdict import GateReport
from benchbox.gate.verification import (
    Kind,
    Trial,
    append_trial,
    make_trial,
    operating_characteristic,
    rate,
    read_ledger,
)
from benchbox.plan.catalogue import canonical
from benchbox.plan.gate import GateSeries
from benchbox.records.events import Observer
from benchbox.report.gate_verification import write_verification
from benchbox.report.text import plural
from benchbox.runner.burner import burning
from benchbox.runner.injection import CLASSES, read_source, resolve_commit, slowed_with
from benchbox.runner.pairs import Pair, measure_pairs
from benchbox.runner.places import ArmPlace, open_places

# Of the pairs of a gate so many have a bad neighbour; which, its seed draws.
BURNED_SHARE = 0.3
README, HEAD = "README.md", "HEAD"

Tell = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class Experiment:
    """Gates of one kind.

    `injected` is the slowdown that was meant, a ratio less 1; `audited` are the true ones by case, as ratios.
    """

    kind: Kind
    gates: int
    injected: float = 0.0
    audited: Mapping[str, float] | None = None


@dataclass(frozen=True, kw_only=True)
class Prover:
    """What gates of the proof have in common: what is gated, and where they are kept."""

    gate: Gate
    ledger: Path
    observer: Observer
    tell: Tell
    clock: Callable[[], float] = time.monotonic
    pairs: MakePairs = measure_pairs

    def run(self, experiment: Experiment, places: tuple[ArmPlace, ArmPlace]) -> None:
        """Run the gates of an experiment, each on file before the next begins, and say where it stands.

        Raises ArmRefused, and Interrupted after a signal: what was on file stays.
        """
        for number in range(1, experiment.gates + 1):
            began = self.clock()
            report = self._gate(experiment, places, seed=len(read_ledger(self.ledger)))
            trial = make_trial(
                report,
                kind=experiment.kind,
                made=datetime.now(UTC).isoformat(timespec="seconds"),
                seconds=self.clock() - began,
                injected=experiment.injected,
                altered=tuple(experiment.audited or ()),
                audited=experiment.audited,
            )
            append_trial(self.ledger, trial)
            self.tell(f"gate {number} of {experiment.gates}, {standing(trial, read_ledger(self.ledger))}")

    def _gate(self, experiment: Experiment, places: tuple[ArmPlace, ArmPlace], *, seed: int) -> GateReport:
        """One gate, whose order no other has had. Its records are not kept: the ledger holds what decides."""
        settings = replace(self.gate.settings, seed=seed)
        is_burned = experiment.kind == "burner"
        with tempfile.TemporaryDirectory(prefix="benchbox-gate-") as folder:
            bench = Bench(
                gate=Gate(rows=self.gate.rows, settings=settings, rules=self.gate.rules),
                places=places,
                folder=Path(folder),
                observer=self.observer,
                tell=lambda _: None,
                clock=self.clock,
                pairs=beside_burner(self.pairs, seed=seed) if is_burned else self.pairs,
            )
            return bench.run()


def beside_burner(pairs: MakePairs, *, seed: int) -> MakePairs:
    """Pairs of which some, drawn from `seed` for each series, are measured beside a program that burns a core."""

    def make(series: GateSeries, *arguments: object, **options: object) -> Iterator[Pair]:
        # The second series confirms the first: the same draw would have it meet the same neighbour again.
        chance, made = random.Random(f"{seed} {series.first}"), pairs(series, *arguments, **options)
        while True:
            is_burned = chance.random() < BURNED_SHARE
            with burning(chance.getrandbits(32)) if is_burned else nullcontext():
                pair = next(made, None)
            if pair is None:
                return
            yield pair

    return make


def standing(trial: Trial, trials: Sequence[Trial]) -> str:
    """What a gate said, and what all alike said so far, with the bound that these allow."""
    alike = [each for each in trials if _alike(each) == _alike(trial)]
    states = Counter(row.state for row in trial.rows)
    said = ", ".join(f"{count} {state}" for state, count in states.items()) or "no row"
    lines = [f"{_title(trial)}: {said}, exit code {trial.code}, {trial.seconds:.0f} s"]
    for is_altered, words in ((True, "slowed rows failed"), (False, "rows failed that nobody slowed")):
        rows = [row for each in alike for row in each.rows if row.is_altered is is_altered]
        seen = rate(sum(row.state == "FAIL" for row in rows), len(rows))
        if seen is not None:
            bound = f"at least {100 * seen.low:.1f} %" if is_altered else f"at most {100 * seen.high:.1f} %"
            lines.append(f"so far {seen.count} of {seen.total} {words} ({bound}, 95 %)")
    return "; ".join(lines)


def _alike(trial: Trial) -> tuple[object, ...]:
    return trial.kind, trial.preset, trial.margin, trial.injected


def _title(trial: Trial) -> str:
    return f"{trial.kind}{f' by {100 * trial.injected:g} %' if trial.injected else ''} ({trial.preset})"


def prove(
    name: Kind,
    wanted: Sequence[Row],
    settings: Settings,
    output: Output,
    *,
    gates: int,
    victim: str,
    slowdowns: Sequence[float],
) -> None:
    """Run an experiment in the repository that the user stands in, then write the page of all that is on file.

    `victim` is the architecture that is slowed, by each of `slowdowns`. Raises UsageError where that is asked for
    in another repository than benchbox's own, and SpecError where rows would be slowed with it.
    """
    here, console = Path.cwd(), output.stderr
    if name == "slower":
        _require_untouched(wanted, victim)
        read_source(here, HEAD, CLASSES[victim][0] if victim in CLASSES else "")
    planned = make_gate(resolve_rows(wanted, output), settings, today="")
    tell = make_tell(console, quiet=output.quiet)
    tell(f"{plural(gates, 'gate')} of {name}: {expectation(planned)} each. Nothing else should run meanwhile.")
    with leaving(output.out, output), watching(console, quiet=output.quiet) as observer:
        prover = Prover(gate=planned, ledger=output.out / LEDGER, observer=observer, tell=tell)
        try:
            for experiment, base, new in experiments(name, prover, here, gates, victim, slowdowns):
                with open_places(base, new, here=here) as places:
                    prover.run(experiment, places)
        finally:
            write_page(output.out)


def _require_untouched(wanted: Sequence[Row], victim: str) -> None:
    """Raises SpecError for a row of another architecture that would be slowed, and count as one that was not."""
    with_it = slowed_with(victim)
    for row in wanted:
        if canonical(row.model) in with_it:
            raise SpecError.of(
                "ARCHITECTURE…",
                row.model,
                allowed=f"none beside {victim} that is of the same class and slowed with it",
            )


def experiments(
    name: Kind, prover: Prover, here: Path, gates: int, victim: str, slowdowns: Sequence[float]
) -> Iterator[tuple[Experiment, str, str]]:
    """What is run, of which base and which new. A slowdown is made and audited when its turn comes."""
    if name != "slower":
        both = _head(here)
        yield Experiment(kind=name, gates=gates), both, both
        return
    audit = Audit(
        repository=here,
        commit=resolve_commit(here),
        architecture=victim,
        rows=prover.gate.timed,
        seconds=prover.gate.settings.seconds,
        file=prover.ledger.parent / INJECTIONS,
        observer=prover.observer,
        tell=prover.tell,
        clock=prover.clock,
        pairs=prover.pairs,
    )
    for slowdown in slowdowns:
        injection = audit.inject(slowdown)
        experiment = Experiment(kind=name, gates=gates, injected=slowdown, audited=injection.truths)
        yield experiment, audit.commit, injection.slower


def _head(here: Path) -> str:
    """The commit that both sides are, in worktrees of their own; outside a repository the folder itself."""
    try:
        return resolve_commit(here)
    except UsageError:
        return "."


def write_page(folder: Path) -> Path:
    """README.md and its plot beside the ledger, of all that is on file. Raises RecordError and StorageError."""
    seen = operating_characteristic(read_ledger(folder / LEDGER))
    write_verification(folder, seen, read_injections(folder / INJECTIONS))
    return folder / README
