"""Accuracy on disturbed pictures: the table of all networks, a section a disturbance, and their curves."""

from collections.abc import Mapping

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from benchbox.records.estimate import wilson
from benchbox.records.robustness import DISTURBANCES, STRENGTHS, Disturbance, Robustness
from benchbox.report import text
from benchbox.report.figures import PALETTE, new_figure, tidy
from benchbox.report.grid import Cell, Column, Grid, Line

LEVELS = tuple(str(level) for level in range(1, STRENGTHS + 1))
STYLES = (("-", "o"), ("--", "s"), ("-.", "^"), (":", "D"))
PANELS_ACROSS = 3
# Names side by side in the legend, and the letters that have room there together.
LEGEND_COLUMNS, LEGEND_LETTERS = 3, 110


def robustness_grid(found: Mapping[str, Robustness]) -> Grid | None:
    """Accuracy in per cent at each strength, a section a disturbance; None where none was measured."""
    if not found:
        return None
    is_several = len(found) > 1
    columns = (
        Column(title="Disturbed by", is_text=True),
        *((Column(title="Architecture", is_text=True),) if is_several else ()),
        Column(title="Clean"),
        *(Column(title=level, better="higher") for level in LEVELS),
        Column(title="Mean"),
    )
    sections = tuple(
        tuple(
            _line(each, name, seen, is_first=place == 0, is_several=is_several)
            for place, (name, seen) in enumerate(found.items())
        )
        for each in DISTURBANCES
    )
    return Grid(title="Robustness", columns=columns, sections=sections, notes=_notes())


def _line(each: Disturbance, name: str, seen: Robustness, *, is_first: bool, is_several: bool) -> Line:
    mean = seen.mean(each.name)
    return (
        Cell(text=each.name if is_first else ""),
        *((Cell(text=name),) if is_several else ()),
        Cell(text=text.percent(seen.clean)),
        *_share_cells(each, seen),
        Cell() if mean is None else Cell(text=text.percent(mean)),
    )


def _share_cells(each: Disturbance, seen: Robustness) -> list[Cell]:
    shares = seen.disturbed.get(each.name, ())
    if not shares:
        return [Cell()] * STRENGTHS
    estimates = [wilson(round(share * seen.pictures), seen.pictures) for share in shares]
    return [Cell(text=text.percent(e.value), value=e.value, low=e.low, high=e.high) for e in estimates]


def _notes() -> tuple[str, ...]:
    explained = (
        "Accuracy in per cent, undisturbed and at strengths from 1 to 5. Every network of one picture size sees "
        "the same disturbed pictures. Best: Wilson's 95 % intervals do not overlap the others'."
    )
    return (explained, *(f"{each.name}: {', '.join(strengths(each))} ({each.meaning})." for each in DISTURBANCES))


def strengths(disturbance: Disturbance) -> list[str]:
    """The strengths in per cent: `0.5 %`."""
    return [f"{100 * strength:g} %" for strength in disturbance.strengths]


def robustness_figure(found: Mapping[str, Robustness]) -> Figure | None:
    """Accuracy over the strength, a panel a disturbance, a line a network. None where none was measured."""
    if not found:
        return None
    down = -(-len(DISTURBANCES) // PANELS_ACROSS)
    across = max(1, min(LEGEND_COLUMNS, len(found), LEGEND_LETTERS // max(map(len, found))))
    figure = new_figure(10.5, 3.1 * down + 0.25 * -(-len(found) // across), "Accuracy on disturbed pictures")
    panels = list(figure.subplots(down, PANELS_ACROSS, squeeze=False, sharey=True).flat)
    for place, (panel, each) in enumerate(zip(panels, DISTURBANCES, strict=False)):
        _draw_panel(panel, each, found)
        tidy(panel, x="strength", y="" if place % PANELS_ACROSS else "accuracy")
        panel.set_title(each.name, fontsize=11)
        panel.set_ylim(-0.03, 1.03)
        panel.yaxis.set_major_formatter(PercentFormatter(xmax=1.0))
    for panel in panels[len(DISTURBANCES) :]:
        panel.set_visible(False)
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=across)
    return figure


def _draw_panel(panel: Axes, each: Disturbance, found: Mapping[str, Robustness]) -> None:
    for place, (name, seen) in enumerate(found.items()):
        line, marker = STYLES[place % len(STYLES)]
        values = (seen.clean, *seen.disturbed.get(each.name, ()))
        colour = PALETTE[place % len(PALETTE)]
        panel.plot(range(len(values)), values, line, marker=marker, markersize=4, color=colour, label=name)
    panel.set_xticks(range(STRENGTHS + 1), ["clean", *strengths(each)], fontsize=8)
