"""The page of the gate's proof: shares with both bounds, nothing claimed that was not run."""

from pathlib import Path
from typing import Any

import gates
import pytest

from benchbox.gate.injections import Injection
from benchbox.gate.verification import Trial, TrialRow, operating_characteristic
from benchbox.report.gate_verification import (
    limits,
    power_figure,
    verification_grids,
    verification_html,
    verification_markdown,
    write_verification,
)

GOLDEN = Path(__file__).parent / "golden"


def _trial(kind: Any, *states: Any, injected: float = 0.0, code: int = 0, margin: float = 0.05) -> Trial:
    """A gate of as many rows as states, of which the first is slowed by as much as was injected, if any."""
    rows = tuple(
        TrialRow(
            case=f"case {place}",
            row=f"row {place}",
            state=state,
            is_altered=bool(injected) and not place,
            audited=1 + injected if injected and not place else None,
            bounds=gates.bounds(1 + (injected if not place else 0.0)),
        )
        for place, state in enumerate(states)
    )
    return Trial(
        kind=kind,
        injected=injected,
        preset={0.05: "shared", 0.025: "default"}[margin],
        margin=margin,
        made="2026-11-24T10:00:00+00:00",
        fingerprint="0a1b2c3d4e5f",
        commit="1a2b3c4d5e6f",
        rows=rows,
        code=code,
        seconds=120.0,
    )


def _trials() -> list[Trial]:
    return [
        *[_trial("same", *["PASS"] * 6) for _ in range(20)],
        *[_trial("slower", "FAIL", "PASS", injected=0.10, code=1) for _ in range(19)],
        _trial("slower", "INCONCLUSIVE", "PASS", injected=0.10, code=4),
        *[_trial("slower", "FAIL", "PASS", injected=0.05, code=1, margin=0.025) for _ in range(9)],
        _trial("slower", "INCONCLUSIVE", "PASS", injected=0.05, margin=0.025),
        *[_trial("burner", "CONTAMINATED", "INCONCLUSIVE", code=3) for _ in range(8)],
    ]


SEEN = operating_characteristic(_trials())
INJECTIONS = [
    Injection(
        commit="1a2b3c4d5e6f",
        architecture="resnet50",
        slowdown=0.10,
        repeats=("stem.conv1", "head.linear2", "head.linear2"),
        slower="2b3c4d5e6f1a",
        audited={"infer/resnet50/cpu": gates.bounds(1.092, 0.02, count=20)},
        fingerprint="0a1b2c3d4e5f",
        made="2026-11-24T09:00:00+00:00",
        beside=("infer/lenet/cpu", "infer/vgg16/cpu"),
    )
]
NOTHING = operating_characteristic([])


def test_the_page() -> None:
    said = verification_markdown(SEEN, INJECTIONS, plot="power.png")
    assert said == (GOLDEN / "gate-verification.md").read_text(encoding="utf-8")


def test_false_alarms_are_told_by_row_and_by_gate_with_their_bounds() -> None:
    alarms = next(grid for grid in verification_grids(SEEN) if grid.title == "False alarms")
    first = [cell.text for cell in next(iter(alarms.lines))]
    assert first[2:] == ["0 of 120", "0.0 % to 2.5 %", "0 of 20", "0.0 % to 13.9 %"]


def test_audits_are_told_with_bounds_of_their_own() -> None:
    audits = next(grid for grid in verification_grids(SEEN, INJECTIONS) if grid.title == "The slowdowns")
    (line,) = audits.lines
    said = [cell.text for cell in line]
    assert said == ["infer/resnet50/cpu", "10.0 %", "9.2 %", "7.2 % to 11.2 %", "20", "2", "3"]


def test_power_is_told_of_slowed_rows_alone() -> None:
    power = next(grid for grid in verification_grids(SEEN) if grid.title == "Power")
    lines = [[cell.text for cell in line] for line in power.lines]
    assert [line[2:5] for line in lines] == [
        ["5.0 %", "9 of 10", "60.6 % to 99.5 %"],
        ["10.0 %", "19 of 20", "78.4 % to 99.7 %"],
    ]


def test_undecided_and_contaminated_rows_have_their_share() -> None:
    answers = next(grid for grid in verification_grids(SEEN) if grid.title == "All answers")
    titles = [column.title for column in answers.columns]
    burner = list(answers.lines)[-1]
    said = {title: cell.text for title, cell in zip(titles, burner, strict=True)}
    assert (said["INCONCLUSIVE"], said["CONTAMINATED"], said["FAIL"]) == ("50.0 %", "50.0 %", "–")
    assert said["Exit codes"] == "3: 8"


def test_what_was_not_run_is_said_and_not_shown_as_zero() -> None:
    assert verification_grids(NOTHING) == []
    assert sum("was run" in said for said in limits(NOTHING)) == 3
    assert "Nothing was run yet" in verification_markdown(NOTHING, plot="")
    some = operating_characteristic(_trials()[:20])
    assert [grid.title for grid in verification_grids(some)] == ["What was run", "False alarms", "All answers"]
    assert any("one architecture slowed was run" in said for said in limits(some))
    assert not any("equal arms was run" in said for said in limits(some))


def test_the_curve_has_a_line_a_preset_with_bounds_around_each_share() -> None:
    figure = power_figure(SEEN)
    assert figure
    (axes,) = figure.axes
    labels = [text.get_text() for text in figure.legends[0].get_texts()]
    assert sorted(labels) == ["default, margin 2.5 %", "shared, margin 5 %"]
    drawn: list[Any] = list(axes.containers)
    points = {
        str(bars.get_label()): (list(bars.lines[0].get_xdata()), list(bars.lines[0].get_ydata())) for bars in drawn
    }
    xs, ys = points["shared, margin 5 %"]
    assert xs == pytest.approx([0.0, 10.0])
    assert ys == pytest.approx([0.0, 0.95])


def test_without_a_slowed_row_there_is_no_curve() -> None:
    assert power_figure(operating_characteristic(_trials()[:20])) is None
    assert power_figure(NOTHING) is None


def test_the_folder_holds_the_page_its_plot_and_a_page_by_itself(tmp_path: Path) -> None:
    write_verification(tmp_path, SEEN, INJECTIONS)
    assert "7.2 % to 11.2 %" in (tmp_path / "README.md").read_text(encoding="utf-8")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["README.md", "operating.html", "power.png"]
    page = (tmp_path / "operating.html").read_text(encoding="utf-8")
    assert 'src="data:image/png;base64,' in page
    assert "power.png" not in page
    assert "<code>benchbox compare</code>" in page
    assert "7.2 % to 11.2 %" in page
    assert "](power.png)" in (tmp_path / "README.md").read_text(encoding="utf-8")
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    write_verification(tmp_path, SEEN, INJECTIONS)
    assert before == {path.name: path.read_bytes() for path in tmp_path.iterdir()}


def test_a_folder_of_nothing_has_a_page_without_a_plot(tmp_path: Path) -> None:
    write_verification(tmp_path, NOTHING)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["README.md", "operating.html"]
    assert "<img" not in verification_html(NOTHING, plot=b"")
