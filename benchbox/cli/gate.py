"""`benchbox gate verify`: the gate put to the proof on this machine."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from benchbox.cli import gate_options as gate
from benchbox.cli import options
from benchbox.cli.gate_options import override, parse_shares
from benchbox.cli.gate_rows import RowTasks, choose_rows
from benchbox.cli.output import Output
from benchbox.errors import SpecError
from benchbox.gate.settings import Settings
from benchbox.plan.catalogue import canonical

FOLDER = options.REPORTS / "gate"

app = typer.Typer(no_args_is_help=True, help="The gate itself.")

ExperimentName = Literal["same", "slower", "burner"]

Experiment = Annotated[
    ExperimentName,
    typer.Option(
        "--experiment",
        help="same: both sides are the same commit; slower: one architecture's code is slowed in new; burner: "
        "the same commit beside a program that burns a core now and then.",
        rich_help_panel=gate.GATE,
    ),
]
Gates = Annotated[
    int, typer.Option("--gates", min=1, help="How many gates, of each slowdown.", rich_help_panel=gate.GATE)
]
Slowdowns = Annotated[
    str,
    typer.Option("--slowdown", help="Slowdowns to inject, as 3%,5% or 0.03,0.05.", rich_help_panel=gate.GATE),
]
Slow = Annotated[
    str, typer.Option("--slow", metavar="ARCHITECTURE", help="Whose code is slowed.", rich_help_panel=gate.GATE)
]
Summary = Annotated[
    bool,
    typer.Option("--summary", help="Run nothing: write the page of what was run.", rich_help_panel=options.OUTPUT),
]
Ledger = Annotated[
    Path,
    typer.Option(
        "--out", metavar="FOLDER", help="Of the ledger, which is only added to.", rich_help_panel=options.OUTPUT
    ),
]
BatchSize = Annotated[
    int, typer.Option("--batch-size", "-b", help="Pictures a batch.", rich_help_panel=options.PLACEMENT)
]


Seconds = Annotated[
    float,
    typer.Option("--seconds", help="Seconds of timing a row, side and pair.", rich_help_panel=gate.MEASURING),
]


# Longer than forty lines: a command's signature is its list of options.
@app.command("verify")
def verify(
    models: options.Models = None,
    experiment: Experiment = "same",
    gates: Gates = 10,
    slowdown: Slowdowns = "3%,5%,10%",
    slow: Slow = "resnet50",
    preset: gate.PresetOption = None,
    margin: gate.Margin = None,
    tasks: RowTasks = "infer",
    batch_size: BatchSize = 4,
    image_size: options.ImageSize = 64,
    device: options.Device = "auto",
    precision: options.PrecisionOption = "auto",
    threads: options.Threads = None,
    pairs: gate.Pairs = None,
    seconds: Seconds = 1.0,
    time_limit: gate.TimeLimit = None,
    summary: Summary = False,
    out: Ledger = FOLDER,
    quiet: options.Quiet = False,
) -> None:
    """How often does the gate cry wolf here, and which slowdowns does it find? Gates whose truth is known.

    Nothing else should run meanwhile. Every gate is on file as it ends; another run adds to it.
    """
    # Imported here: they take scipy and plots, which --help must not wait for.
    from benchbox.cli.gate_trials import prove, write_page

    if summary:
        typer.echo(write_page(out))
        raise typer.Exit
    settings = override(
        Settings(metrics=("time",)),
        preset=preset,
        margin=margin,
        metrics=None,
        pairs=pairs,
        seconds=seconds,
        time_limit=time_limit,
    )
    given = {
        "batch_size": batch_size,
        "image_size": image_size,
        "device": device,
        "precision": precision,
        "threads": threads,
    }
    wanted = choose_rows(models or [], all_=not models, tasks=tasks, settings=given, typed=(), declared=())
    victim, slowdowns = canonical(slow), parse_shares(slowdown, "--slowdown")
    if experiment == "slower" and victim not in [canonical(row.model) for row in wanted]:
        raise SpecError.of("--slow", slow, allowed=", ".join(dict.fromkeys(row.model for row in wanted)))
    prove(
        experiment,
        wanted,
        settings,
        Output(out=out, quiet=quiet, json=False),
        gates=gates,
        victim=victim,
        slowdowns=slowdowns,
    )
