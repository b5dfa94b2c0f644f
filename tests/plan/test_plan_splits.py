"""A split as a person types it: which texts are rules, and which are refused with what is allowed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchbox.errors import SpecError
from benchbox.plan.spec import DataSpec
from benchbox.plan.splits import SplitRule, parse_split


@pytest.mark.parametrize("kind", ["random", "folders"])
def test_rules_without_a_number_are_their_word(kind: str) -> None:
    assert parse_split(kind) == SplitRule(kind=kind)  # type: ignore[arg-type]


@given(st.integers(1, 10**8), st.integers(1, 359))
def test_rules_with_a_number_carry_it(views: int, degrees: int) -> None:
    assert parse_split(f"views:{views}") == SplitRule(kind="views", number=views)
    assert parse_split(f"sector:{degrees}") == SplitRule(kind="sector", number=degrees)


@pytest.mark.parametrize("text", ["", "Random", "random:3", "folders:", "views", "sector", "circle:3", " random"])
def test_other_texts_are_refused_with_all_rules(text: str) -> None:
    with pytest.raises(SpecError, match=r"random, views:K .*, sector:D .* or folders"):
        parse_split(text)


@pytest.mark.parametrize("number", ["", "0", "08", "-4", "4.5", "+4", " 4", "٤", "four"])
@pytest.mark.parametrize("kind", ["views", "sector"])
def test_a_number_has_one_spelling(kind: str, number: str) -> None:
    with pytest.raises(SpecError, match=f"{kind}: and a whole number from 1"):
        parse_split(f"{kind}:{number}")


@pytest.mark.parametrize("degrees", [360, 720])
def test_a_sector_is_less_than_a_turn(degrees: int) -> None:
    with pytest.raises(SpecError, match="less than the 360 degrees"):
        parse_split(f"sector:{degrees}")


def test_a_spec_brings_its_rule_and_refuses_what_is_none() -> None:
    assert DataSpec(split="views:8").rule == SplitRule(kind="views", number=8)
    with pytest.raises(SpecError, match=r"data\.split: got 'views:0'"):
        DataSpec(split="views:0")


@pytest.mark.parametrize("fraction", [-0.1, 1.0])
def test_a_share_to_set_aside_is_less_than_all(fraction: float) -> None:
    with pytest.raises(SpecError, match=r"data\.val_fraction"):
        DataSpec(val_fraction=fraction)
