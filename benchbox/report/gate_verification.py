"""The gate put to the proof, as a page: what was run, how often it was right, and what that does not say."""

from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from benchbox.gate.injections import Injection
from benchbox.gate.ledger import UNCHANGED
from benchbox.gate.verdict import STATES
from benchbox.gate.verification import KINDS, OperatingCharacteristic, Rate, Setting
from benchbox.records.files import write_whole
from benchbox.records.journal import storing
from benchbox.report import text
from benchbox.report.figures import PALETTE, new_figure, png, tidy
from benchbox.report.gate_page import page
from benchbox.report.gate_words import times
from benchbox.report.grid import Cell, Column, Grid, Line, escape, markdown_table, without_blank

TITLE = "How often the gate is right"
RUN, ALARMS, POWER, ANSWERS = "What was run", "False alarms", "Power", "All answers"
AUDITS = "The slowdowns"
CAPTION = "Share of slowed rows that failed, by the slowdown that there was, with one-sided 95 % bounds"
README, PLOT, PAGE = "README.md", "power.png", "operating.html"
TEMPLATE = "gate_verification.html.j2"
_KINDS = {
    "same": "equal arms",
    "slower": "one architecture slowed",
    "burner": "equal arms beside a program that burns the processor",
}
_MARKERS = ("o", "s", "^", "D")
MOST_NAMED = 6
_WHAT = (Column(title="Experiment", is_text=True), Column(title="Preset", detail="margin", is_text=True))
_BOUNDS = (
    "Bounds: each end holds with 95 % by itself (Clopper and Pearson 1934). Rows of one gate share its machine and "
    "its minutes and are not independent, so that the bounds by row promise too much; those by gate do not."
)


_AUDITED = (
    "Audited: what a longer series of its own saw, with its 98 % interval; it stands for the truth below. Other "
    "rows: those that took turns with the slowed one in it. Layers once more: how many were made to work twice."
)


def write_verification(folder: Path, seen: OperatingCharacteristic, injections: Sequence[Injection] = ()) -> None:
    """README.md with its plot, and the same as one HTML page that needs no other file. Raises StorageError."""
    figure = power_figure(seen)
    drawn = png(figure) if figure is not None else b""
    with storing(folder, folder):
        if drawn:
            write_whole(folder / PLOT, drawn)
        write_whole(folder / README, verification_markdown(seen, injections, plot=PLOT if drawn else "").encode())
        write_whole(folder / PAGE, verification_html(seen, injections, plot=drawn).encode())


def verification_markdown(seen: OperatingCharacteristic, injections: Sequence[Injection] = (), *, plot: str) -> str:
    """The page for GitHub; `plot` is the link to the power curve, empty where there is none."""
    blocks = [f"# {TITLE}", "\n".join(f"{said}  " for said in _introduction(seen))]
    for grid in verification_grids(seen, injections):
        notes = "\n".join(f"- {escape(note)}" for note in grid.notes)
        blocks += [f"## {grid.title}", markdown_table(grid), notes]
        if plot and grid.title == POWER:
            blocks.append(f"![{CAPTION}]({plot})")
    blocks += ["## What this does not say", "\n".join(f"- {said}" for said in limits(seen))]
    return "\n\n".join(block for block in blocks if block) + "\n"


def verification_html(seen: OperatingCharacteristic, injections: Sequence[Injection] = (), *, plot: bytes) -> str:
    """The page by itself; `plot` is the power curve as a PNG, empty where there is none."""
    return page(
        TEMPLATE,
        title=TITLE,
        introduction=_introduction(seen),
        grids=verification_grids(seen, injections),
        power=POWER,
        caption=CAPTION,
        plot=b64encode(plot).decode(),
        limits=limits(seen),
    )


def _introduction(seen: OperatingCharacteristic) -> list[str]:
    """What the page rests on, in sentences."""
    if not seen.gates:
        return ["Nothing was run yet: `benchbox gate verify` does, and adds a line to ledger.jsonl for each gate."]
    return [
        f"What `benchbox compare` said in {text.plural(seen.gates, 'gate')} whose truth was known; `benchbox gate "
        "verify` ran them, and each is a line of ledger.jsonl with its raw values.",
        f"Made from {seen.first} to {seen.last}, {text.duration(seen.seconds)} of measuring in all.",
        f"Machines (hash of the fingerprint): {_counted(seen.hosts)}. Commits: {_counted(seen.commits)}.",
    ]


def _counted(gates: Mapping[str, int]) -> str:
    named = [f"{name or 'unknown'} ({text.plural(count, 'gate')})" for name, count in gates.items()]
    more = len(named) - MOST_NAMED
    return ", ".join(named[:MOST_NAMED]) + (f" and {more} more" if more > 0 else "")


def verification_grids(seen: OperatingCharacteristic, injections: Sequence[Injection] = ()) -> list[Grid]:
    """The tables, of which those without a line are left out."""
    still = [setting for setting in seen.settings if not setting.is_altered]
    slowed = [setting for setting in seen.settings if setting.is_altered]
    found = (_run(seen.settings), _audits(injections), _alarms(still), _power(slowed), _answers(seen.settings))
    return [without_blank(grid) for grid in found if any(True for _ in grid.lines)]


def _what(setting: Setting) -> Line:
    """An experiment: its kind, what was injected, whose rows these are, and how it was gated."""
    whose = "" if setting.kind != "slower" else "the slowed rows" if setting.is_altered else "the other rows"
    injected = f"{100 * setting.injected:g} %" if setting.injected else ""
    detail = ", ".join(part for part in (injected, whose) if part)
    said = f"{_KINDS[setting.kind]}{f': {detail}' if detail else ''}"
    return (Cell(text=said), Cell(text=setting.preset, detail=times(1 + setting.margin)))


def _run(settings: Sequence[Setting]) -> Grid:
    columns = (
        *_WHAT,
        Column(title="Gates"),
        Column(title="Rows"),
        Column(title="Pairs"),
        Column(title="Half-width"),
        Column(title="A gate takes"),
    )
    lines = tuple(
        (
            *_what(setting),
            Cell(text=f"{setting.gates:,}"),
            Cell(text=f"{setting.rows:,}"),
            Cell() if setting.pairs is None else Cell(text=f"{setting.pairs:g}"),
            Cell() if setting.half_width is None else Cell(text=_percent(setting.half_width)),
            Cell(text=text.duration(setting.seconds)),
        )
        for setting in settings
    )
    note = "Rows: verdicts on the time of a row. Pairs, half-width of the 98 % interval, time of a gate: medians."
    return Grid(title=RUN, columns=columns, sections=(lines,), notes=(note,))


def _audits(injections: Sequence[Injection]) -> Grid:
    columns = (
        Column(title="Row", is_text=True),
        Column(title="Meant"),
        Column(title="Audited"),
        Column(title="bounds"),
        Column(title="Pairs"),
        Column(title="Other rows"),
        Column(title="Layers once more"),
    )
    lines = tuple(
        (
            Cell(text=case),
            Cell(text=_percent(injection.slowdown)),
            Cell(text=_percent(audited.value - UNCHANGED)),
            Cell(text=_range(audited.low - UNCHANGED, audited.high - UNCHANGED)),
            Cell(text=f"{audited.count:,}"),
            Cell(text=f"{len(injection.beside):,}"),
            Cell(text=f"{len(injection.repeats):,}"),
        )
        for injection in injections
        for case, audited in injection.audited.items()
    )
    return Grid(title=AUDITS, columns=columns, sections=(lines,), notes=(_AUDITED,))


def _alarms(settings: Sequence[Setting]) -> Grid:
    columns = (*_WHAT, *_rate_columns("Rows that failed"), *_rate_columns("Gates that failed"))
    lines = tuple(
        (*_what(setting), *_rate_cells(setting.failed_rows), *_rate_cells(setting.failed_gates))
        for setting in settings
    )
    return Grid(title=ALARMS, columns=columns, sections=(lines,), notes=("Nobody slowed these rows.", _BOUNDS))


def _power(settings: Sequence[Setting]) -> Grid:
    columns = (
        *_WHAT,
        Column(title="Audited"),
        *_rate_columns("Rows found"),
        *_rate_columns("Gates found"),
        Column(title="Error"),
        *_rate_columns("Covered"),
    )
    lines = tuple(
        (
            *_what(setting),
            Cell() if setting.audited is None else Cell(text=_percent(setting.audited)),
            *_rate_cells(setting.failed_rows),
            *_rate_cells(setting.failed_gates),
            Cell() if setting.error is None else Cell(text=f"{100 * setting.error:+.2f} %".replace("-", "−")),
            *_rate_cells(setting.coverage),
        )
        for setting in settings
    )
    note = (
        "Audited: the slowdown by the audit (median). Found: the slowed row failed. Error: estimate over audited, "
        "less 1 (geometric mean). Covered: how often the 98 % interval held the audited, which has its own bounds."
    )
    return Grid(title=POWER, columns=columns, sections=(lines,), notes=(note, _BOUNDS))


def _rate_columns(title: str) -> tuple[Column, Column]:
    return Column(title=title), Column(title="bounds")


def _rate_cells(seen: Rate | None) -> tuple[Cell, Cell]:
    if seen is None:
        return Cell(), Cell()
    share = Cell(text=f"{seen.count:,} of {seen.total:,}", detail=f"({_percent(seen.value)})")
    return share, Cell(text=_range(seen.low, seen.high))


def _range(low: float, high: float) -> str:
    return f"{_percent(low)} to {_percent(high)}"


def _percent(ratio: float) -> str:
    return f"{100 * ratio:.1f} %"


def _answers(settings: Sequence[Setting]) -> Grid:
    states = [state for state in STATES if any(setting.states.get(state) for setting in settings)]
    columns = (*_WHAT, *(Column(title=state) for state in states), Column(title="Exit codes", is_text=True))
    lines = tuple(
        (
            *_what(setting),
            *(_share_cell(setting, state) for state in states),
            Cell(text=", ".join(f"{code}: {count:,}" for code, count in sorted(setting.codes.items()))),
        )
        for setting in settings
    )
    note = "Shares of the rows. Exit codes: how many gates ended with each, whichever row decided it."
    return Grid(title=ANSWERS, columns=columns, sections=(lines,), notes=(note,))


def _share_cell(setting: Setting, state: str) -> Cell:
    share = setting.share(state)
    return Cell(text=_percent(share)) if share else Cell()


def limits(seen: OperatingCharacteristic) -> list[str]:
    """What was not measured, and what may not be concluded."""
    return list(_limits(seen))


def _limits(seen: OperatingCharacteristic) -> Iterator[str]:
    run = {setting.kind for setting in seen.settings}
    for kind in KINDS:
        if kind not in run:
            yield f"No gate with {_KINDS[kind]} was run."
    if seen.gates:
        machines = text.plural(len(seen.hosts), "machine")
        yield f"It holds for {machines}, and for the rows and the presets above. Other machines have other noise."
    yield "Only arms that ran here in turns (A/B) were put to the proof, and only their time; stored runs were not."
    if any(setting.is_altered for setting in seen.settings):
        yield (
            "Every slowdown was in the code of one architecture, and steady. One that comes and goes, or that only "
            "some inputs meet, is not among them."
        )
        yield "The audit that tells the truth is itself a measurement, and its error is part of what is shown."


def power_figure(seen: OperatingCharacteristic) -> Figure | None:
    """Share of rows that failed against their true slowdown, a curve a preset; None without a slowed row."""
    curves = {scale: [point for point in seen.curve(*scale) if point.failed_rows] for scale in seen.scales}
    curves = {scale: points for scale, points in curves.items() if any(point.is_altered for point in points)}
    if not curves:
        return None
    figure = new_figure(7, 4.2, "Power: which slowdowns the gate finds")
    axes = figure.subplots()
    for place, ((preset, margin), points) in enumerate(curves.items()):
        colour = PALETTE[place % len(PALETTE)]
        label = f"{preset}, margin {100 * margin:g} %"
        _curve(axes, points, colour=colour, marker=_MARKERS[place % len(_MARKERS)], label=label)
        axes.axvline(100 * margin, color=colour, linestyle=":", linewidth=1)
    tidy(axes, x="slowdown that there was (%)", y="share of rows that failed")
    axes.set_ylim(-0.03, 1.03)
    axes.yaxis.set_major_formatter(PercentFormatter(xmax=1.0))
    figure.legend(loc="outside lower center", ncols=2, fontsize=9)
    return figure


def _curve(axes: Axes, points: Sequence[Setting], *, colour: str, marker: str, label: str) -> None:
    truths = [100 * (point.injected if point.audited is None else point.audited) for point in points]
    rates = [point.failed_rows for point in points if point.failed_rows]
    shares = [rate.value for rate in rates]
    lengths = [[rate.value - rate.low for rate in rates], [rate.high - rate.value for rate in rates]]
    axes.errorbar(
        truths, shares, yerr=lengths, fmt=f"{marker}-", color=colour, capsize=3, linewidth=1.2, label=label
    )
