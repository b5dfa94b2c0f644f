"""Two networks on the same pictures: counts, the exact test, Holm."""

from collections.abc import Sequence

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from benchbox.records.mcnemar import Duel, duel, with_holm


def frame(right: Sequence[bool], *, first: int = 0) -> pd.DataFrame:
    """The predictions of pictures with running numbers from `first`."""
    names = [f"{number}.png" for number in range(first, first + len(right))]
    return pd.DataFrame({"picture": names, "label_rank": [1 if is_right else 2 for is_right in right]})


def fought(one: Sequence[bool], other: Sequence[bool]) -> Duel:
    found = duel(0, 1, (frame(one), frame(other)))
    assert found
    return found


def test_the_counts_are_those_of_the_two_by_two_table() -> None:
    found = fought([True, True, True, False, False, False], [True, False, False, True, False, False])
    assert (found.both, found.only_first, found.only_second, found.neither) == (1, 2, 1, 2)
    assert (found.shared, found.differing, found.right) == (6, 3, (3, 2))


@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=40))
def test_p_is_the_sign_test_of_the_pictures_on_which_the_two_differ(pairs: list[tuple[bool, bool]]) -> None:
    one, other = zip(*pairs, strict=True)
    found = fought(one, other)
    expected = binomtest(found.only_first, found.differing).pvalue if found.differing else 1.0
    assert found.p == pytest.approx(expected)
    assert fought(other, one).p == found.p


def test_nine_against_one_is_shown_and_three_against_one_is_not() -> None:
    clear = fought([True] * 9 + [False], [False] * 9 + [True])
    assert clear.p == pytest.approx(0.0215, abs=1e-4)
    assert clear.is_shown
    assert not fought([True] * 3 + [False], [False] * 3 + [True]).is_shown


@pytest.mark.parametrize(("differing", "could"), [(0, False), (5, False), (6, True)])
def test_five_differing_pictures_can_show_nothing(differing: int, could: bool) -> None:
    found = fought([True] * differing + [True], [False] * differing + [True])
    assert found.could_show is could
    assert found.is_shown is could


def test_only_pictures_that_both_were_scored_on_count_whatever_their_order() -> None:
    one, other = frame([True, True, False, True]), frame([True, False, True, True], first=2)[::-1]
    found = duel(3, 5, (one, other))
    assert found
    assert (found.first, found.second, found.shared, found.left_out) == (3, 5, 2, (2, 2))
    assert (found.both, found.only_first, found.only_second) == (0, 1, 1)


def test_two_that_share_no_picture_are_no_duel() -> None:
    assert duel(0, 1, (frame([True]), frame([True], first=1))) is None


def test_several_duels_are_corrected_by_holm_and_one_alone_is_not() -> None:
    clear, faint, none = (fought([True] * count + [False], [False] * count + [True]) for count in (20, 9, 1))
    assert with_holm([clear]) == [clear]
    corrected = with_holm([none, clear, faint])
    # The smallest times three, the next times two, the largest times one.
    assert [each.holm for each in corrected] == pytest.approx([1.0, 3 * clear.p, 2 * faint.p])
    assert [each.p for each in corrected] == [none.p, clear.p, faint.p]
    assert [each.is_only_corrected_away for each in corrected] == [False, False, False]


def test_what_only_the_correction_takes_away_is_known() -> None:
    faint = fought([True] * 6, [False] * 6)
    assert faint.is_shown
    corrected = with_holm([faint, faint])
    assert all(each.is_only_corrected_away for each in corrected)
