"""The stage of a run: what the seconds of its building bracket, and what is counted beside them."""

from pathlib import Path

from runs import small_spec
from works import measured, small_context

from benchbox.engine.stage import set_stage

COUNTING = """
from pathlib import Path

from torch import nn

CALLS = Path({calls!r})


class Counting(nn.Module):
    def __init__(self, classes, channels):
        super().__init__()
        self.head = nn.Sequential(nn.AdaptiveAvgPool2d(8), nn.Flatten(), nn.Linear(64 * channels, classes))

    def forward(self, x):
        with CALLS.open("a") as calls:
            calls.write(".")
        return self.head(x)
"""


def test_neither_a_trial_nor_counting_belongs_to_the_build(pictures: Path, cache: Path, tmp_path: Path) -> None:
    """By a clock that goes on by one a forward pass: construction and placement make none."""
    calls, own = tmp_path / "calls.txt", tmp_path / "counting.py"
    own.write_text(COUNTING.format(calls=str(calls)))
    spec = small_spec(pictures, f"{own}:Counting", cache=cache)
    calls.write_text("")
    context = small_context(spec, tmp_path, cache=cache, clock=lambda: float(len(calls.read_text())))
    set_stage(context)
    assert len(calls.read_text()) > 1
    assert measured(context)["build_seconds"] == (0.0,)
    assert measured(context)["parameters"] == (195.0,)
