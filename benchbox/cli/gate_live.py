"""What a gate does whose sides are both measured here: places, rows, rules, the measurement, and how it ends.

Imported when it is needed: the judge takes scipy, which --help must not wait for.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import NoReturn

import typer
from rich.console import Console

from benchbox.cli.gate_measure import Bench, Gate
from benchbox.cli.gate_output import GateOutput, finish, leave, typed_command
from benchbox.cli.gate_rows import GateRow, keep_rows, resolve_rows
from benchbox.cli.gate_rules import leave_out
from benchbox.cli.output import Output, make_tell, say
from benchbox.errors import EXIT_INTERRUPTED, EXIT_UNASSERTED, Interrupted, SpecError
from benchbox.gate.declared import Row, is_asked
from benchbox.gate.settings import Settings, make_rules
from benchbox.gate.verdict import GateReport, Group
from benchbox.records.events import AnyEvent, Observer, Progress
from benchbox.report.live import make_display
from benchbox.report.text import plural
from benchbox.runner.folder import make_folder
from benchbox.runner.pairs import ArmRefused
from benchbox.runner.places import ArmPlace, open_places


def compare_places(
    base: str,
    new: str,
    wanted: Sequence[Row],
    settings: Settings,
    output: GateOutput,
    *,
    globs: Sequence[str],
    today: str,
) -> NoReturn:
    """Measure two commits or folders in turns, judge them, and leave."""
    with open_places(base, new) as places:
        gate = make_gate(
            resolve_rows(wanted, output),
            settings,
            globs=globs,
            today=today,
            reproduce=typed_command(_meant(*places)),
        )
        folder = make_folder(output.out, "compare", now=datetime.now(), has_plan=False)
        with leaving(folder, output):
            report = measure(gate, places, folder, output)
    finish(report, folder, output)


def make_gate(
    rows: Sequence[GateRow], settings: Settings, *, globs: Sequence[str] = (), today: str, reproduce: str = ""
) -> Gate:
    """What is measured of these rows, and what they are held to.

    Rows of which the gated metrics say nothing are not measured, but stay in sight. Raises SpecError where no glob
    fits a row, and where no row is left.
    """
    kept = keep_rows(rows, globs)
    groups = settings.metrics or usual_groups(kept)
    measured = tuple(row for row in kept if is_asked(groups, is_scored=row.is_scored))
    if not measured:
        allowed = "exact, time and memory of networks, exact and accuracy of checkpoints"
        names = ", ".join(row.name for row in kept)
        raise SpecError.of("metrics", ",".join(groups), allowed=allowed, hint=f"the rows are {names}")
    rules = make_rules(
        settings,
        {row.case: row.name for row in rows},
        declared={row.case: row.own_name for row in rows},
        globs=globs,
        groups=groups,
        today=today,
    )
    rules, notes = leave_out(rules, [row.case for row in kept if row not in measured])
    return Gate(rows=measured, settings=settings, rules=rules, reproduce=reproduce, notes=notes)


def usual_groups(rows: Sequence[GateRow]) -> tuple[Group, ...]:
    """What is gated of these rows where nobody says more: memory takes processes of its own."""
    kinds = {row.is_scored for row in rows}
    times: tuple[Group, ...] = ("time",) if False in kinds else ()
    accuracies: tuple[Group, ...] = ("accuracy",) if True in kinds else ()
    return ("exact", *times, *accuracies)


def _meant(base: ArmPlace, new: ArmPlace) -> dict[str, str]:
    """The commits that --base and --new stood for, where they named one."""
    asked = {"--base": base, "--new": new}
    return {
        option: place.commit for option, place in asked.items() if place.commit and not Path(place.asked).is_dir()
    }


def measure(gate: Gate, places: tuple[ArmPlace, ArmPlace], folder: Path, output: Output) -> GateReport:
    """Measure and judge, with progress on stderr. Raises ArmRefused, and Interrupted after a signal."""
    console = output.stderr
    tell = make_tell(console, quiet=output.quiet)
    tell(expectation(gate))
    with watching(console, quiet=output.quiet) as observer:
        return Bench(gate=gate, places=places, folder=folder, observer=observer, tell=tell).run()


@contextmanager
def watching(console: Console, *, quiet: bool) -> Iterator[Observer]:
    """Who sees the events of a series: on a terminal all of them, in a log none that only say how far a pair is."""
    with make_display(console, quiet=quiet, total=0) as display:

        def observe(event: AnyEvent, /) -> None:
            if console.is_interactive or not isinstance(event, Progress):
                display(event)

        yield observe


def expectation(gate: Gate, *, of: str = "pairs of fresh processes", sides: str = "a row and side") -> str:
    """One line before anything is measured: how many rows, in how many of what, and how long at most."""
    settings = gate.settings
    least, most = settings.pairs
    parts = [plural(len(gate.rows), "row")]
    if gate.has_pairs:
        parts.append(f"{least} to {most} {of}" if least < most else f"{most} {of}")
        parts.append(f"{settings.seconds:g} s {sides}")
    limits = [f"at most about {settings.time_limit:g} min"] if gate.timed else []
    limits += [plural(len(gate.scored), "evaluation")] if gate.scored else []
    return f"{', '.join(parts)}; {' after '.join(limits)}"


@contextmanager
def leaving(folder: Path | None, output: Output) -> Iterator[None]:
    """Leave with 3 where an arm cannot be measured, and with 130 after a signal.

    What was measured stays in `folder`, None where nothing is kept before all is.
    """
    console = output.stderr
    try:
        yield
    except ArmRefused as refused:
        say(console, f"benchbox: {refused}")
        leave(output, EXIT_UNASSERTED)
    except (Interrupted, KeyboardInterrupt) as stop:
        rest = "Nothing was stored." if folder is None else f"What was measured lies in {folder}"
        say(console, f"Interrupted. {rest}")
        raise typer.Exit(EXIT_INTERRUPTED) from stop
