"""The options of the gate's commands, and what their texts mean."""

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated, cast

import typer

from benchbox.cli.options import OUTPUT, split_list
from benchbox.errors import SpecError
from benchbox.gate.settings import PAIRS, SECONDS, TIME_LIMIT, Preset, Settings
from benchbox.gate.verdict import GROUPS, Group

GATE = "What is gated"
MEASURING = "How it is measured"

PresetOption = Annotated[
    Preset | None,
    typer.Option(
        "--preset",
        help="Margin of time: strict 1.5 % (a quiet host), default 2.5 %, shared 5 % (CI runners).",
        show_default="default",
        rich_help_panel=GATE,
    ),
]
Margin = Annotated[
    str | None,
    typer.Option(
        "--margin",
        help="The smallest slowdown worth failing for, as 3% or 0.03.",
        show_default="the preset's",
        rich_help_panel=GATE,
    ),
]
Metrics = Annotated[
    str | None,
    typer.Option(
        "--metrics",
        help="What is gated, of exact (parameters, FLOPs, bytes of weights), time, memory and accuracy; several as "
        "exact,time. exact holds on any machine.",
        show_default="all that both sides have; where both run here: exact,time",
        rich_help_panel=GATE,
    ),
]
RowGlobs = Annotated[
    list[str] | None,
    typer.Option(
        "--rows",
        metavar="GLOB",
        help="Only rows whose name or case matches; may be given more than once.",
        show_default="all",
        rich_help_panel=GATE,
    ),
]
Config = Annotated[
    Path | None,
    typer.Option(
        help="Settings, rows, margins and accepted regressions.",
        show_default="benchbox.toml of this folder, if it is there",
        rich_help_panel=GATE,
    ),
]
DumpConfig = Annotated[
    bool,
    typer.Option("--dump-config", help="Print the settings in force, as a benchbox.toml.", rich_help_panel=GATE),
]
Pairs = Annotated[
    str | None,
    typer.Option(
        metavar="LEAST-MOST",
        help="Pairs of fresh processes: so many at least, so many at most.",
        show_default=f"{PAIRS[0]}-{PAIRS[1]}",
        rich_help_panel=MEASURING,
    ),
]
Seconds = Annotated[
    float | None,
    typer.Option(
        "--seconds",
        help="Seconds of timing a row, side and pair.",
        show_default=f"{SECONDS:g}",
        rich_help_panel=MEASURING,
    ),
]
TimeLimit = Annotated[
    float | None,
    typer.Option(
        "--time-limit",
        help="Most minutes of what is timed; a series ends as it then stands.",
        show_default=f"{TIME_LIMIT:g}",
        rich_help_panel=MEASURING,
    ),
]
OrderSeed = Annotated[
    int | None,
    typer.Option(
        "--seed", help="Of the order in which rows take turns.", show_default="0", rich_help_panel=MEASURING
    ),
]
Today = Annotated[
    str | None,
    typer.Option(
        "--today",
        metavar="DATE",
        help="The day from which ages count, as 2026-11-24.",
        show_default="today in UTC",
        rich_help_panel=GATE,
    ),
]
ReportOnly = Annotated[
    bool,
    typer.Option(
        "--report-only", help="Exit 0 whatever comes; the code is printed and kept.", rich_help_panel=OUTPUT
    ),
]
JunitFile = Annotated[
    Path | None, typer.Option("--junit", help="JUnit XML to this file, too.", rich_help_panel=OUTPUT)
]
MarkdownFile = Annotated[
    Path | None, typer.Option("--markdown", help="Markdown to this file, too.", rich_help_panel=OUTPUT)
]
HtmlFile = Annotated[Path | None, typer.Option("--html", help="HTML to this file, too.", rich_help_panel=OUTPUT)]


def override(
    settings: Settings,
    *,
    preset: Preset | None,
    margin: str | None,
    metrics: str | None,
    pairs: str | None = None,
    seconds: float | None = None,
    time_limit: float | None = None,
    seed: int | None = None,
) -> Settings:
    """The settings with those that were typed, which are not None, in place of the file's. Raises SpecError."""
    typed = {
        "preset": preset,
        "margin": None if margin is None else parse_margin(margin),
        "metrics": None if metrics is None else parse_metrics(metrics),
        "pairs": None if pairs is None else parse_pairs(pairs),
        "seconds": seconds,
        "time_limit": time_limit,
        "seed": seed,
    }
    given: dict[str, object] = {name: value for name, value in typed.items() if value is not None}
    if preset is not None and margin is None:
        # The file's margin is that of another preset.
        given["margin"] = None
    return with_settings(settings, **given)


def with_settings(settings: Settings, **changes: object) -> Settings:
    """The settings with other values, checked again; errors name the option."""
    from msgspec.structs import replace

    try:
        return replace(settings, **changes)
    except SpecError as error:
        field = error.what.partition(":")[0]
        what = f"--{error.what}" if field.replace("-", "_") in changes else error.what
        raise SpecError(what, allowed=error.allowed, hint=error.hint) from error


def parse_margin(text: str) -> float:
    """A margin such as `3%` or `0.03` as a ratio less 1. Raises SpecError."""
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*(%?)\s*", text)
    value = float(match[1]) / (100 if match[2] else 1) if match else 0.0
    if not 0 < value < 1:
        raise SpecError.of("--margin", text, allowed="more than 0 and less than 100 %, as 3% or 0.03")
    return value


def parse_shares(text: str, option: str) -> tuple[float, ...]:
    """Slowdowns such as `0.03,0.05` or `3%,5%`, each once, as ratios less 1. Raises SpecError."""
    try:
        values = [parse_margin(part) for part in split_list([text])]
    except SpecError as error:
        raise SpecError.of(option, text, allowed="ratios less 1 with commas, such as 0.03,0.05,0.10") from error
    if not values or len(set(values)) < len(values):
        raise SpecError.of(option, text, allowed="one value or more, each once")
    return tuple(values)


def parse_metrics(text: str) -> tuple[Group, ...]:
    """Groups such as `exact,time`, each once. Raises SpecError."""
    parts = split_list([text])
    if not parts or set(parts) - set(GROUPS) or len(set(parts)) < len(parts):
        raise SpecError.of("--metrics", text, allowed=f"some of {', '.join(GROUPS)}, with commas, each once")
    return tuple(cast(Sequence[Group], parts))


def parse_pairs(text: str) -> tuple[int, int]:
    """`7-20`, or `8` for exactly so many. Raises SpecError."""
    match = re.fullmatch(r"\s*(\d+)\s*(?:[-–]\s*(\d+)\s*)?", text)
    if match is None:
        raise SpecError.of("--pairs", text, allowed="the least and the most of them, such as 7-20, or one number")
    return int(match[1]), int(match[2] or match[1])


def parse_today(text: str | None) -> str:
    """A date as 2026-11-24, for None that of today in UTC, as records have theirs. Raises SpecError."""
    if text is None:
        return datetime.now(UTC).date().isoformat()
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError as error:
        raise SpecError.of("--today", text, allowed="a date such as 2026-11-24") from error
