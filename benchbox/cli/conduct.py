"""How a plan is carried out, as the options of train, bench and ablate say it: apart from what it is of."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import typer

from benchbox.cli.gate_options import parse_today
from benchbox.cli.gate_rules import check_dates
from benchbox.errors import SpecError
from benchbox.gate.settings import read_settings
from benchbox.records.journal import find_journal
from benchbox.runner.child import call, call_here
from benchbox.runner.folder import read_plan

NO_TIMEOUT = "only a process of its own can be ended from outside"
# What may stand beside --resume without describing a plan.
BESIDE_RESUME = {"resume", "timeout", "no_isolate", "dry_run", "under", "baseline", "quiet", "json", "out"}
# Two weeks: operating systems cannot wait for much longer in one call.
LONGEST = 14 * 86400.0


@dataclass(frozen=True, kw_only=True)
class Conduct:
    """How a plan is carried out: whose report is resumed, how long a run may last, in which processes.

    `timeout` in seconds, 0 for no limit; `has_timeout` says that the user typed it. `is_dry` only shows the plan.
    `baseline` are records with which the report is compared at its end.
    """

    resume: Path | None = None
    timeout: float = 0.0
    has_timeout: bool = False
    isolates: bool = True
    is_dry: bool = False
    baseline: Path | None = None

    def __post_init__(self) -> None:
        """Raises SpecError for what cannot be."""
        if not 0 <= self.timeout <= LONGEST:
            raise SpecError.of("--timeout", self.timeout, allowed=f"0 (no limit) to {LONGEST:.0f} seconds")
        if self.has_timeout and self.timeout and not self.isolates:
            raise SpecError.of("--timeout with --no-isolate", self.timeout, allowed="one of them", hint=NO_TIMEOUT)

    @property
    def call(self) -> Callable[..., Any]:
        """What runs a function of the engine by its name."""
        return call if self.isolates else call_here


def make_conduct(
    context: typer.Context,
    *,
    resume: Path | None,
    timeout: float,
    no_isolate: bool,
    dry_run: bool = False,
    baseline: Path | None = None,
) -> Conduct:
    """The conduct that a command's options ask for.

    Raises RecordError where there is no report to resume or no record to compare with, and SpecError where the
    settings of a comparison say what means nothing, and UsageError where they accept what has expired.
    """
    typed = _typed(context)
    if resume is not None:
        read_plan(resume)
    if baseline is not None:
        find_journal(baseline)
        check_dates(read_settings(), parse_today(None))
    return Conduct(
        resume=resume,
        timeout=0.0 if no_isolate and "timeout" not in typed else timeout,
        has_timeout="timeout" in typed,
        isolates=not no_isolate,
        is_dry=dry_run,
        # A link such as latest-bench will be to the report itself by its end.
        baseline=baseline and baseline.resolve(),
    )


def is_bare_resume(context: typer.Context) -> bool:
    """Whether --resume was typed, and nothing beside it that describes a plan."""
    typed = _typed(context)
    return "resume" in typed and typed <= BESIDE_RESUME


def was_typed(context: typer.Context, name: str) -> bool:
    """Whether a parameter was typed, and not left to its default."""
    return name in _typed(context)


def _typed(context: typer.Context) -> set[str]:
    """The parameters that were typed, not left to their defaults."""
    sources = {name: context.get_parameter_source(name) for name in context.params}
    return {name for name, source in sources.items() if source is not None and source.name == "COMMANDLINE"}
