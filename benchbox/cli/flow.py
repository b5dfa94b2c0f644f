"""What train, eval, bench and ablate do alike: ask for the facts, run the plan, write and show the report."""

import sys
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import NoReturn

import typer
from msgspec.structs import replace
from rich.console import Console

from benchbox.cli.options import DATASET
from benchbox.errors import EXIT_INTERRUPTED, Interrupted, SpecError
from benchbox.plan.catalogue import FOREIGN_FORMS, THE_SIX, canonical
from benchbox.plan.facts import Facts
from benchbox.plan.requests import PrepareRequest
from benchbox.plan.resolve import resolve_model
from benchbox.plan.spec import Activation, DataSpec, Init, ModelSpec, Plan, RunSpec
from benchbox.records.checkpoints import find_checkpoint
from benchbox.records.events import AnyEvent
from benchbox.records.record import Record
from benchbox.runner.child import ENGINE, call
from benchbox.runner.folder import OUTPUT, make_folder, write_plan
from benchbox.runner.run import Runner, Watcher


@dataclass(frozen=True, kw_only=True)
class Output:
    """What the user wants to see and where the report goes."""

    out: Path
    quiet: bool
    json: bool

    @property
    def stderr(self) -> Console:
        """Progress and warnings."""
        return Console(stderr=True)

    @property
    def stdout(self) -> Console:
        """Data."""
        return Console()


def make_models(
    names: list[str],
    *,
    activation: Activation | None = None,
    dropout: float | None = None,
    init: Init = "auto",
    hint: str = "",
) -> list[ModelSpec]:
    """The networks that were named, each once. Raises ModelError for an unknown name, SpecError for none."""
    if not names:
        allowed = ", ".join((*THE_SIX, FOREIGN_FORMS))
        raise SpecError.of("ARCHITECTURE…", "none", allowed=allowed, hint=hint)
    known = dict.fromkeys(canonical(name) for name in names)
    return [ModelSpec(name=name, activation=activation, dropout=dropout, init=init) for name in known]


def gather_facts(base: RunSpec, models: list[ModelSpec], output: Output, *, goes_on: bool = False) -> Facts:
    """Probe machine, pictures and networks in a child, with progress on stderr.

    `goes_on` lets some networks be refused, as long as one can run.
    """
    from benchbox.report.live import make_display

    request = PrepareRequest(
        data=base.data,
        models=tuple(models),
        memory_format=base.placement.memory_format,
        dataset=str(DATASET),
        goes_on=goes_on,
    )
    with make_display(output.stderr, quiet=output.quiet, total=0) as display:
        return call(f"{ENGINE}:prepare", request, returns=Facts, observer=display)


def best_checkpoint(out: Path, model: ModelSpec, data: DataSpec, facts: Facts) -> Path | None:
    """The best checkpoint of a network on these pictures among the reports in `out`."""
    return find_checkpoint(
        out,
        resolve_model(model, data),
        data,
        digest=facts.data.digest,
        network_digest=facts.network_digests[model.name],
    )


def carry_out(plan: Plan, output: Output) -> NoReturn:
    """Run a plan, write its report, show it, and leave with the exit code that the records call for."""
    from benchbox.report.write import exit_code

    plan = replace(plan, created=datetime.now(UTC).isoformat(timespec="seconds"), arguments=tuple(sys.argv[1:]))
    folder = make_folder(output.out, plan.command, now=datetime.now())
    write_plan(folder, plan)
    records = _run(plan, folder, output)
    _report(plan, folder, records, output)
    code = exit_code(plan, records)
    if code == EXIT_INTERRUPTED:
        output.stderr.print(f"Interrupted. What was done lies in {folder}", soft_wrap=True)
    raise typer.Exit(code)


def _run(plan: Plan, folder: Path, output: Output) -> list[Record]:
    """The records of all runs, or of those before a signal cut the plan short."""
    from benchbox.report.live import make_display
    from benchbox.report.log import LOG, LogFile

    records: list[Record] = []
    total = len(plan.specs)
    with (
        LogFile(folder / LOG, total=total) as log,
        make_display(output.stderr, quiet=output.quiet, total=total) as display,
        suppress(Interrupted, KeyboardInterrupt),
    ):
        runner = Runner(folder=folder, watcher=_Both(display, log), dataset=DATASET)
        for record in runner.run(plan):
            records.append(record)
    return records


class _Both:
    """Two watchers as one: the display and the log."""

    def __init__(self, first: Watcher, second: Watcher) -> None:
        self._watchers = (first, second)

    def run_started(self, index: int, spec: RunSpec, label: str, /) -> None:
        for watcher in self._watchers:
            watcher.run_started(index, spec, label)

    def __call__(self, event: AnyEvent, /) -> None:
        for watcher in self._watchers:
            watcher(event)

    def run_ended(self, record: Record, /) -> None:
        for watcher in self._watchers:
            watcher.run_ended(record)


def _report(plan: Plan, folder: Path, records: list[Record], output: Output) -> None:
    """Write the report's files, then show tables or one JSON document on stdout."""
    from benchbox.report.show import show
    from benchbox.report.write import json_document, write_report

    if (folder / OUTPUT).exists() and not (folder / OUTPUT).stat().st_size:
        (folder / OUTPUT).unlink()
    write_report(folder, plan, records)
    if output.json:
        sys.stdout.write(json_document(folder, plan, records).decode())
    else:
        show(output.stdout, folder, plan, records)
