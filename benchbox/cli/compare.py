"""`benchbox compare`: did anything get worse? Two stored runs, or two states of the code that are measured here."""

import gc
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from benchbox.cli import gate_options as gate
from benchbox.cli import options
from benchbox.cli.conduct import was_typed
from benchbox.cli.gate_options import override, parse_today
from benchbox.cli.gate_output import GateOutput, copies_of, finish, typed_command
from benchbox.cli.gate_rows import ROW_OPTIONS, All, RowBatch, RowTasks, as_option, choose_rows
from benchbox.cli.gate_rules import check_dates
from benchbox.errors import SpecError
from benchbox.gate.settings import Settings, dump_settings, read_settings
from benchbox.runner.folder import make_folder

# What is typed only where both sides are measured here.
LIVE_OPTIONS = ("new", "all_", "pairs", "seconds", "time_limit", "seed", *ROW_OPTIONS)

Targets = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="BASE NEW | ARCHITECTURE…",
        help="Two stored runs: report folders, journals or baselines. With --base: the networks to measure.",
        show_default=False,
    ),
]
Base = Annotated[
    str | None,
    typer.Option(
        "--base",
        metavar="COMMIT|FOLDER",
        help="Measure both sides here, in turns: this is the old one.",
        show_default=False,
        rich_help_panel=gate.GATE,
    ),
]
New = Annotated[
    str,
    typer.Option(
        "--new", metavar="COMMIT|FOLDER", help="And this the new one; . is as it stands.", rich_help_panel=gate.GATE
    ),
]


# Longer than forty lines: a command's signature is its list of options.
def compare(
    context: typer.Context,
    targets: Targets = None,
    base: Base = None,
    new: New = ".",
    preset: gate.PresetOption = None,
    margin: gate.Margin = None,
    metrics: gate.Metrics = None,
    rows: gate.RowGlobs = None,
    config: gate.Config = None,
    dump_config: gate.DumpConfig = False,
    today: gate.Today = None,
    all_: All = False,
    tasks: RowTasks = "infer",
    batch_size: RowBatch = 8,
    image_size: options.ImageSize = 128,
    channels: options.Channels = 1,
    data: options.Data = "auto",
    device: options.Device = "auto",
    precision: options.PrecisionOption = "auto",
    threads: options.Threads = None,
    pairs: gate.Pairs = None,
    seconds: gate.Seconds = None,
    time_limit: gate.TimeLimit = None,
    seed: gate.OrderSeed = None,
    report_only: gate.ReportOnly = False,
    junit: gate.JunitFile = None,
    markdown: gate.MarkdownFile = None,
    html: gate.HtmlFile = None,
    out: options.Out = options.REPORTS,
    quiet: options.Quiet = False,
    json: options.Json = False,
) -> None:
    """Did a change make anything worse? Of two stored runs, or of two commits or folders that are measured here.

    Exit codes: 0 nothing is worse by more than the margin; 1 something is, or broke, or is missing; 2 what was
    asked cannot be done; 3 something that was to be gated cannot be asserted; 4 too noisy to tell, and a large
    slowdown is not excluded.
    """
    settings = override(
        read_settings(config),
        preset=preset,
        margin=margin,
        metrics=metrics,
        pairs=pairs,
        seconds=seconds,
        time_limit=time_limit,
        seed=seed,
    )
    if dump_config:
        typer.echo(dump_settings(settings), nl=False)
        raise typer.Exit
    output = GateOutput(
        out=out,
        quiet=quiet,
        json=json,
        copies=copies_of(junit=junit, markdown=markdown, html=html),
        is_report_only=report_only,
    )
    day = parse_today(today)
    check_dates(settings, day)
    if base is None:
        typed = [as_option(name) for name in LIVE_OPTIONS if was_typed(context, name)]
        compare_files(targets or [], settings, output, globs=rows or [], today=day, live=typed)
    # Imported here: it takes scipy, which --help must not wait for.
    from benchbox.cli.gate_live import compare_places

    refuse_files(targets or [])
    wanted = choose_rows(
        targets or [],
        all_=all_,
        tasks=tasks,
        settings={
            "batch_size": batch_size,
            "image_size": image_size,
            "channels": channels,
            "data": data,
            "device": device,
            "precision": precision,
            "threads": threads,
        },
        typed=[as_option(name) for name in ROW_OPTIONS if was_typed(context, name)],
        declared=settings.rows,
    )
    compare_places(base, new, wanted, settings, output, globs=rows or [], today=day)


def compare_files(
    paths: Sequence[str],
    settings: Settings,
    output: GateOutput,
    *,
    globs: Sequence[str],
    today: str,
    live: Sequence[str],
) -> NoReturn:
    """Judge two stored runs, and leave. `live` are options that were typed and have no meaning here."""
    # Imported here: the judge takes scipy, which --help must not wait for.
    from benchbox.cli.stored import compare_stored

    if live:
        raise SpecError(
            f"{live[0]} without --base",
            allowed="with --base, where both sides are measured here",
            hint="add --base COMMIT, or leave it out",
        )
    if len(paths) != 2:
        raise SpecError.of(
            "BASE NEW",
            " ".join(paths) or "none",
            allowed="two reports, journals or baselines; or --base COMMIT and the networks to measure",
        )
    base, new = map(Path, paths)
    # What was imported stays: to look through it again and again takes a tenth of the time for a thousand rows.
    gc.freeze()
    try:
        report = compare_stored(base, new, settings=settings, globs=globs, today=today, reproduce=typed_command())
        finish(report, make_folder(output.out, "compare", now=datetime.now(), has_plan=False), output)
    finally:
        gc.unfreeze()


def refuse_files(targets: Sequence[str]) -> None:
    """Raises SpecError where a stored run is named beside --base."""
    stored = [target for target in targets if target.endswith(".jsonl") or Path(target).is_dir()]
    if stored:
        raise SpecError.of(
            "BASE NEW with --base",
            stored[0],
            allowed="one of them: two stored runs, or --base and --new",
            hint="folders of code are named by --base and --new",
        )
