"""Specs as plain values by dotted names, and what tells two of them apart."""

import pytest
from factories import sample_spec
from msgspec.structs import replace

from benchbox.plan.dotted import differences, dotted
from benchbox.plan.spec import TimingSpec

SPEC = sample_spec()


def test_every_value_has_its_dotted_name() -> None:
    found = dotted(SPEC)
    assert (found["task"], found["fit.lr"], found["data.split"]) == ("fit", 1e-3, "random")
    assert not [value for value in found.values() if value is SPEC.fit]


def test_what_stands_aside_is_left_out_with_all_within() -> None:
    found = dotted(SPEC, aside=("timing", "fit.lr"))
    assert not [name for name in found if name.startswith("timing")]
    assert "fit.lr" not in found
    assert "fit.batch_size" in found


@pytest.mark.parametrize(
    ("other", "words"),
    [
        (SPEC, []),
        (replace(SPEC, seed=3), ["seed was 0 and is 3 now"]),
        (
            replace(SPEC, fit=replace(SPEC.fit, lr=0.5), timing=TimingSpec(seconds=1.0)),
            ["fit.lr was 0.001 and is 0.5 now", "timing.seconds was 10.0 and is 1.0 now"],
        ),
    ],
)
def test_differences_are_named_in_the_order_of_the_fields(other: object, words: list[str]) -> None:
    assert list(differences(dotted(SPEC), dotted(other))) == words  # type: ignore[arg-type]


def test_what_only_one_side_has_differs() -> None:
    assert list(differences({"a": 1}, {"b": 2})) == ["a was 1 and is None now", "b was None and is 2 now"]
