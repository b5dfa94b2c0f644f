"""What train, eval, bench and ablate do alike: ask for the facts, run the plan, write and show the report."""

import sys
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import NoReturn

import typer
from msgspec.structs import replace

from benchbox.cli.conduct import Conduct, is_bare_resume, make_conduct
from benchbox.cli.options import DATASET
from benchbox.cli.output import Output
from benchbox.errors import EXIT_INTERRUPTED, Interrupted, RecordError, SpecError
from benchbox.plan.catalogue import FOREIGN_FORMS, THE_SIX, canonical
from benchbox.plan.facts import Facts
from benchbox.plan.requests import PrepareRequest
from benchbox.plan.resolve import refuse_mixed_memory, resolve_model
from benchbox.plan.spec import Activation, DataSpec, Init, ModelSpec, PlacementSpec, Plan, RunSpec
from benchbox.plan.words import rest_command
from benchbox.records.checkpoints import find_checkpoint
from benchbox.records.events import AnyEvent
from benchbox.records.journal import latest
from benchbox.records.record import Record
from benchbox.runner.child import ENGINE
from benchbox.runner.folder import OUTPUT, make_folder, write_plan
from benchbox.runner.resume import finished, first_difference, open_report, remaining
from benchbox.runner.run import Runner, run_turns
from benchbox.runner.watcher import Watcher


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


def gather_facts(
    base: RunSpec,
    models: list[ModelSpec],
    output: Output,
    conduct: Conduct,
    *,
    placements: Sequence[PlacementSpec] = (),
    image_sizes: Sequence[int] = (),
    goes_on: bool = False,
) -> Facts:
    """Probe machine, pictures and networks in a child, with progress on stderr.

    `placements` are those whose ceilings are measured, `image_sizes` all that will run where they are several.
    `goes_on` lets some networks be refused, as long as one can run.
    """
    from benchbox.report.live import make_display

    request = PrepareRequest(
        data=base.data,
        models=tuple(models),
        placement=base.placement,
        dataset=str(DATASET),
        goes_on=goes_on,
        image_sizes=tuple(image_sizes),
        ceilings=tuple(dict.fromkeys(placements)),
    )
    with make_display(output.stderr, quiet=output.quiet, total=0) as display:
        facts: Facts = conduct.call(f"{ENGINE}:prepare", request, returns=Facts, observer=display)
        return replace(facts, shares_process=not conduct.isolates)


def best_checkpoint(out: Path, model: ModelSpec, data: DataSpec, facts: Facts) -> Path | None:
    """The best checkpoint of a network on these pictures among the reports in `out`."""
    return find_checkpoint(
        out,
        resolve_model(model, data),
        data,
        digest=facts.data.digest,
        network_digest=facts.network_digests[model.name],
    )


def start(
    context: typer.Context,
    output: Output,
    *,
    command: str,
    resume: Path | None,
    timeout: float,
    no_isolate: bool,
    dry_run: bool = False,
    under: tuple[str, ...] = (),
    baseline: Path | None = None,
) -> Conduct:
    """How a command's plan is to be carried out; --resume with nothing that describes a plan is done at once."""
    conduct = make_conduct(
        context, resume=resume, timeout=timeout, no_isolate=no_isolate, dry_run=dry_run, baseline=baseline
    )
    if resume is not None and is_bare_resume(context):
        resume_report(resume, output, conduct, command=command, under=under)
    return conduct


def carry_out(plan: Plan, output: Output, conduct: Conduct) -> NoReturn:
    """Run a plan, write its report, show it, and leave with the exit code that the records call for.

    With --dry-run it is only shown; with --resume it must be that report's plan, of which the rest is run. Raises
    SpecError for runs that cannot share the process where they must.
    """
    plan = replace(plan, timeout=conduct.timeout or None)
    if conduct.resume is not None:
        resume_report(conduct.resume, output, conduct, command=plan.command, under=plan.under, typed=plan)
    if not conduct.isolates:
        refuse_mixed_memory(plan.specs)
    if conduct.is_dry:
        _show_plan(plan, output)
    plan = replace(plan, created=datetime.now(UTC).isoformat(timespec="seconds"), arguments=tuple(sys.argv[1:]))
    folder = make_folder(output.out, plan.command, now=datetime.now())
    write_plan(folder, plan)
    _say_expectation(plan, output)
    _finish(plan, folder, output, conduct, done=())


def resume_report(
    folder: Path,
    output: Output,
    conduct: Conduct,
    *,
    command: str,
    under: tuple[str, ...] = (),
    typed: Plan | None = None,
) -> NoReturn:
    """Run what is missing or failed in a report, and leave as `carry_out` does.

    `under` are other constraints than the plan's, by which to choose. `typed` is the plan that the same command
    line makes now, where it has more than --resume. Raises RecordError where the report is of another plan, of
    another machine or of other pictures, and SpecError as `carry_out` does.
    """
    plan, journal = open_report(folder)
    if plan.command.split()[0] != command.split()[0]:
        hint = f"benchbox {plan.command.split()[0]} --resume {folder}"
        raise RecordError(f"{folder} is a report of `{plan.command}`", allowed=f"one of `{command}`", hint=hint)
    now = typed or replace(plan, facts=_facts_again(plan, output, conduct))
    if difference := first_difference(plan, now):
        raise RecordError(
            f"{folder} cannot be resumed: {difference}",
            allowed="the same plan on the same machine and pictures",
            hint="leave all options but --resume out, or start anew without it",
        )
    if journal.note:
        output.stderr.print(f"note: {journal.note}", soft_wrap=True, markup=False)
    plan = replace(plan, timeout=_timeout(plan, conduct), under=under or plan.under)
    rest = tuple(place for step in remaining(plan, journal.records) for place in step)
    if not conduct.isolates:
        refuse_mixed_memory(plan.specs[place] for place in rest)
    if conduct.is_dry:
        _show_plan(plan, output, places=rest)
    _say_expectation(plan, output, places=rest)
    _finish(plan, folder, output, conduct, done=journal.records)


def _timeout(plan: Plan, conduct: Conduct) -> float | None:
    """The most seconds of a run that is resumed: those typed now, else the plan's; none in this process."""
    if not conduct.isolates:
        return None
    return (conduct.timeout or None) if conduct.has_timeout else plan.timeout


def _facts_again(plan: Plan, output: Output, conduct: Conduct) -> Facts:
    """What is true of machine, pictures and networks now, asked as the plan was made."""
    models = {spec.model.name: spec.model for spec in plan.specs}
    sizes = tuple(dict.fromkeys(spec.data.image_size for spec in plan.specs))
    return gather_facts(plan.specs[0], list(models.values()), output, conduct, image_sizes=sizes, goes_on=True)


def _finish(plan: Plan, folder: Path, output: Output, conduct: Conduct, *, done: Sequence[Record]) -> NoReturn:
    """Run what is not done, write the report, show it, compare it where that was asked for, leave."""
    from benchbox.report.write import exit_code

    records = _run(plan, folder, output, conduct, done)
    _report(plan, folder, records, output)
    code = exit_code(plan, records)
    if code == EXIT_INTERRUPTED:
        rest = f"{rest_command(plan.command, folder)} runs the rest"
        output.stderr.print(f"Interrupted. What was done lies in {folder}; {rest}", soft_wrap=True, markup=False)
    elif conduct.baseline is not None:
        # Imported here: it takes scipy, which --help must not wait for.
        from benchbox.cli.stored import compare_report

        code = compare_report(conduct.baseline, folder, output, code=code)
    raise typer.Exit(code)


def _show_plan(plan: Plan, output: Output, places: Sequence[int] | None = None) -> NoReturn:
    """Show the runs at these places, None for all of them, and leave."""
    from benchbox.report.grid import print_grid
    from benchbox.report.plan import plan_document, plan_grid

    if output.json:
        sys.stdout.write(plan_document(plan, places).decode())
    else:
        print_grid(output.stdout, plan_grid(plan, places))
    raise typer.Exit


def _say_expectation(plan: Plan, output: Output, places: Sequence[int] | None = None) -> None:
    """One line before anything runs: how many runs, of what, and about how long at most."""
    from benchbox.report.plan import expectation

    if not output.quiet:
        output.stderr.print(expectation(plan, places), soft_wrap=True, markup=False, highlight=False)


def _run(plan: Plan, folder: Path, output: Output, conduct: Conduct, done: Sequence[Record]) -> list[Record]:
    """The records of all runs, the done ones among them, or of those before a signal cut the plan short."""
    from benchbox.report.live import make_display
    from benchbox.report.log import LOG, LogFile

    total = len(plan.specs) - len(finished(plan, done))
    seen = list(done)
    with (
        LogFile(folder / LOG, total=total) as log,
        make_display(output.stderr, quiet=output.quiet, total=total) as display,
        suppress(Interrupted, KeyboardInterrupt),
    ):
        runner = Runner(
            folder=folder,
            watcher=_Both(display, log),
            dataset=DATASET,
            resumes=conduct.resume is not None,
            call=conduct.call,
            turns=run_turns if conduct.isolates else None,
        )
        for record in runner.run(plan, done=done):
            seen.append(record)
    return latest(seen, plan.specs)


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
    from benchbox.report.joined import Report
    from benchbox.report.show import show
    from benchbox.report.write import json_document, write_report

    if (folder / OUTPUT).exists() and not (folder / OUTPUT).stat().st_size:
        (folder / OUTPUT).unlink()
    write_report(folder, plan, records)
    if output.json:
        sys.stdout.write(json_document(folder, plan, records).decode())
    else:
        show(output.stdout, [Report(folder, plan, records)])
