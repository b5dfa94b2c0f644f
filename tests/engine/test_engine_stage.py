"""The stage of a run: what the seconds of its building bracket, what is counted, and what its feeds give."""

from pathlib import Path

import pytest
import torch
from msgspec.structs import replace
from runs import small_spec
from works import measured, small_context

from benchbox.engine.stage import feed_of, set_stage
from benchbox.plan.spec import Augment

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


def test_the_sides_that_really_were_are_noted(pictures: Path, cache: Path, tmp_path: Path) -> None:
    spec = small_spec(pictures, "lenet", cache=cache)
    context = small_context(replace(spec, data=replace(spec.data, val_fraction=0.2)), tmp_path, cache=cache)
    _, stage = set_stage(context)
    noted = context.findings.actual
    assert (noted["train"], noted["test"], noted["validation"]) == (43, 6, 11)
    assert (len(stage.sides.train), len(stage.sides.test), len(stage.sides.validation)) == (43, 6, 11)
    assert len(noted["test_pictures"]) == 6  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("augment", "shuffle_seed", "is_changed"),
    [("light", 0, True), ("light", None, False), ("none", 0, False), (None, 0, False)],
)
def test_only_training_batches_are_augmented_and_only_where_it_was_asked_for(
    pictures: Path, cache: Path, tmp_path: Path, augment: Augment | None, shuffle_seed: int | None, is_changed: bool
) -> None:
    plain = small_spec(pictures, "lenet", cache=cache)
    _, stage = set_stage(small_context(plain, tmp_path, cache=cache))
    spec = replace(plain, fit=replace(plain.fit, augment=augment))
    batches = []
    for each in (replace(plain, fit=replace(plain.fit, augment="none")), spec):
        feed = feed_of(stage, each, stage.sides.train, batch_size=16, shuffle_seed=shuffle_seed)
        batches.append(next(iter(feed.batches(1)))[0])
    assert torch.equal(*batches) != is_changed
