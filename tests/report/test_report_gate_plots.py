"""The figures of a gate: what is drawn is what was seen, in few bytes, readable in the dark."""

import math
import re
from xml.etree import ElementTree

import gates
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchbox.gate.verdict import Bounds, Series
from benchbox.report.gate_plots import INK, MOST_TICKS, _joined, _reach, _spaced, _thinned, strip_of, time_svg


def _svg(series: Series, bounds: Bounds | None = None, *, salt: str = "a") -> str:
    strips = [strip_of(series, bounds)]
    return time_svg(strips, margin=0.025, base=series.base_traces, new=series.new_traces, salt=salt)


def test_each_pair_is_a_lane_with_its_blocks() -> None:
    seen = gates.series(1.05, pairs=3)
    strip = strip_of(seen, gates.bounds(1.05))
    assert [lane.label for lane in strip.lanes] == ["pair 1", "pair 2", "pair 3"]
    assert tuple(lane.value for lane in strip.lanes) == seen.differences
    assert strip.lanes[0].ticks == pytest.approx(sorted(seen.blocks[0]))


def test_stored_arms_are_lanes_relative_to_the_base() -> None:
    strip = strip_of(gates.stored().verdicts[0].series, None)
    assert [lane.label for lane in strip.lanes] == ["base", "new"]
    assert strip.lanes[0].value == pytest.approx(0.0)
    assert math.exp(strip.lanes[1].value) == pytest.approx(2.0)
    assert len(strip.lanes[1].ticks) == 3


@given(st.lists(st.floats(-1, 1), min_size=1, max_size=200))
def test_long_lists_of_blocks_keep_their_ends_and_only_real_values(values: list[float]) -> None:
    kept = _spaced(values)
    assert len(kept) <= MOST_TICKS
    assert (kept[0], kept[-1]) == (min(values), max(values))
    assert set(kept) <= set(values)


def test_a_thinned_trace_keeps_its_drift() -> None:
    trace = [1 + 0.001 * place for place in range(1000)]
    kept = _thinned(trace, 50)
    assert len(kept) == 50
    assert kept == sorted(kept)
    assert _thinned([1.0, 2.0], 50) == [1.0, 2.0]


def test_traces_stand_one_behind_the_other_with_a_gap() -> None:
    xs, ys = _joined([(0.1, 0.2), (0.3,)])
    assert xs[:2] == [0.25, 0.75]
    assert math.isnan(xs[2])
    assert xs[3] == 1.5
    assert ys[3] == pytest.approx(300)


def test_an_interval_without_end_does_not_press_the_rest_together() -> None:
    strip = strip_of(gates.series(), Bounds(value=1.0, low=math.exp(-700), high=math.exp(700), count=2, method="t"))
    assert math.exp(_reach([strip], 0.025)) == pytest.approx(4)


def test_all_that_is_no_data_takes_the_colour_of_the_page() -> None:
    drawn = _svg(gates.series(), gates.bounds())
    assert INK not in drawn
    assert "currentColor" in drawn
    assert "#000000" not in drawn
    texts = re.findall(r"<text[^>]*>", drawn)
    assert texts
    assert all("currentColor" in text for text in texts)


def test_a_figure_is_a_well_formed_element_without_schemas() -> None:
    drawn = _svg(gates.series(), gates.bounds())
    assert drawn.startswith("<svg ")
    assert "http" not in drawn
    assert "<metadata" not in drawn
    ElementTree.fromstring(drawn.replace("<svg ", '<svg xmlns:xlink="x" ', 1))


def test_equal_series_are_equal_bytes_and_names_follow_the_salt() -> None:
    assert _svg(gates.series()) == _svg(gates.series())
    assert _svg(gates.series()) != _svg(gates.series(), salt="b")


def test_a_long_series_stays_small() -> None:
    blocks = tuple(tuple(0.001 * (block % 7) for block in range(400)) for _ in range(20))
    traces = tuple(tuple(0.1 + 0.0001 * (place % 11) for place in range(800)) for _ in range(20))
    long = Series(
        differences=(0.01,) * 20, blocks=blocks, base_traces=traces, new_traces=traces, base=(0.1,), new=(0.1,)
    )
    assert len(_svg(long, gates.bounds())) < 100_000


def test_a_control_without_traces_is_drawn_alone() -> None:
    control = gates.stored().control
    assert control is not None
    drawn = _svg(control.series, control.bounds)
    assert "ms a call" not in drawn
    assert "new over base" in drawn


def test_equal_samples_are_drawn() -> None:
    flat = Series(
        differences=(0.0, 0.0),
        blocks=((0.0,) * 6,) * 2,
        base_traces=((0.1,) * 12,) * 2,
        new_traces=((0.1,) * 12,) * 2,
    )
    exact = Bounds(value=1.0, low=1.0, high=1.0, count=2, method="Student's t")
    assert "98 %" in _svg(flat, exact)
