"""The program: its commands by name, and the one place where an error becomes a message and an exit code."""

import re
import signal
import sys
import traceback
from typing import Annotated, NoReturn

import typer

from benchbox.cli.ablate import AblateCommand, ablate
from benchbox.cli.baseline import app as baseline_app
from benchbox.cli.bench import bench
from benchbox.cli.compare import compare
from benchbox.cli.data import app as data_app
from benchbox.cli.env import env
from benchbox.cli.eval import evaluate
from benchbox.cli.gate import app as gate_app
from benchbox.cli.models import models
from benchbox.cli.predict import predict
from benchbox.cli.report import report
from benchbox.cli.train import train
from benchbox.errors import (
    EXIT_INTERNAL,
    EXIT_INTERRUPTED,
    EXIT_STORAGE,
    EXIT_USAGE,
    BenchboxError,
    Interrupted,
    StorageError,
    UsageError,
)
from benchbox.version import __version__

app = typer.Typer(
    name="benchbox",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def show_version(is_asked: bool) -> None:
    """Print the versions that decide results, and the devices."""
    if is_asked:
        from benchbox.engine.devices import probe_machine

        machine = probe_machine()
        typer.echo(f"benchbox {__version__}, torch {machine.torch}")
        for device in machine.devices:
            typer.echo(f"{device.name}: {device.title}, {', '.join(device.precisions)}")
        raise typer.Exit


@app.callback()
def main(
    version: Annotated[
        bool, typer.Option("--version", callback=show_version, is_eager=True, help="Versions and devices.")
    ] = False,
) -> None:
    """Which convolutional network is fastest, smallest and most accurate on your pictures and your machine?"""


app.command("train")(train)
app.command("eval")(evaluate)
app.command("predict")(predict)
app.command("bench")(bench)
app.command("ablate", cls=AblateCommand)(ablate)
app.command("compare")(compare)
app.add_typer(baseline_app, name="baseline")
app.add_typer(gate_app, name="gate")
app.command("report")(report)
app.command("models")(models)
app.command("env")(env)
app.add_typer(data_app, name="data")


def run() -> NoReturn:
    """Run the command line and leave with its exit code; errors become one message on stderr."""
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        app()
    except UsageError as error:
        print(f"benchbox: {as_typed(str(error))}", file=sys.stderr)
        sys.exit(EXIT_USAGE)
    except StorageError as error:
        print(f"benchbox: {error}", file=sys.stderr)
        sys.exit(EXIT_STORAGE)
    except (Interrupted, KeyboardInterrupt):
        print("benchbox: interrupted", file=sys.stderr)
        sys.exit(EXIT_INTERRUPTED)
    except BenchboxError as error:
        print(getattr(error, "log", ""), f"benchbox: {error}", sep="\n", file=sys.stderr)
        sys.exit(EXIT_INTERNAL)
    except Exception:
        # Not swallowed: an error of benchbox's own is shown whole, under a code of its own.
        traceback.print_exc()
        sys.exit(EXIT_INTERNAL)
    sys.exit(0)


def as_typed(message: str) -> str:
    """A message with the fields of a spec as the options that a user types: fit.batch_size is --batch-size."""
    return re.sub(
        r"\b(?:model|data|fit|placement)\.([a-z_]+)(?=(?: on [\w:]+)?: got)",
        lambda field: f"--{field[1].replace('_', '-')}",
        message,
    )


def _interrupt(signum: int, frame: object) -> None:
    raise Interrupted("interrupted")
