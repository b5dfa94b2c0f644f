import random
from collections import Counter
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchbox.data.division import Member, divide
from benchbox.data.sides import Side
from benchbox.errors import DataError
from benchbox.plan.spec import DataSpec

# Views that no rule refuses: 2 to 36 of them, a number K that divides them, and how their numbers run.
TURNS = st.integers(2, 36).flatmap(
    lambda views: st.tuples(
        st.just(views),
        st.sampled_from([kept for kept in range(1, views) if views % kept == 0]),
        st.integers(0, 3),
        st.integers(1, 5),
    )
)


def _turned(classes: Sequence[str], views: Sequence[int]) -> list[Member]:
    return [
        Member(name=f"{label}__{view}.png", label=label, view=view, side=None)
        for label in classes
        for view in views
    ]


def _in_folders(counts: dict[tuple[str, Side], int]) -> list[Member]:
    return [
        Member(name=f"{side}/{label}/{number}.png", label=label, view=None, side=side)
        for (label, side), count in counts.items()
        for number in range(count)
    ]


def _views(members: Sequence[Member], sides: Sequence[Side], side: Side, label: str) -> list[int | None]:
    return [member.view for member, its in zip(members, sides, strict=True) if (its, member.label) == (side, label)]


@given(TURNS, st.integers(0, 2**32))
def test_every_object_trains_on_the_same_evenly_spaced_views(turn: tuple[int, int, int, int], seed: int) -> None:
    views, kept, first, step = turn
    members = _turned("ab", [first + step * place for place in range(views)])
    sides = divide(members, DataSpec(split=f"views:{kept}", split_seed=seed))
    trained = [_views(members, sides, "train", label) for label in "ab"]
    assert trained[0] == trained[1]
    assert len(trained[0]) == kept
    places = [(int(view or 0) - first) // step for view in trained[0]]
    assert {(two - one) % views for one, two in zip(places, places[1:] + places[:1], strict=True)} == (
        {views // kept} if kept > 1 else {0}
    )


@given(st.sampled_from([(72, 90), (72, 5), (72, 355), (8, 45), (36, 120), (7 * 8, 135)]), st.integers(0, 2**32))
def test_a_sector_is_one_block_of_the_turn(turn: tuple[int, int], seed: int) -> None:
    views, degrees = turn
    members = _turned("ab", range(views))
    sides = divide(members, DataSpec(split=f"sector:{degrees}", split_seed=seed))
    held = [_views(members, sides, "test", label) for label in "ab"]
    assert held[0] == held[1]
    assert len(held[0]) == views * degrees // 360
    places = {int(view or 0) for view in held[0]}
    begins = [place for place in places if (place - 1) % views not in places]
    assert len(begins) == 1


def test_seeds_turn_the_sector_by_its_own_width() -> None:
    members = _turned("ab", range(8))
    held = [
        _views(members, divide(members, DataSpec(split="sector:90", split_seed=seed)), "test", "a")
        for seed in range(5)
    ]
    assert held == [[0, 1], [2, 3], [4, 5], [6, 7], [0, 1]]


def test_seeds_turn_the_views_by_one() -> None:
    members = _turned("ab", range(0, 40, 5))
    trained = [
        _views(members, divide(members, DataSpec(split="views:2", split_seed=seed)), "train", "b")
        for seed in range(3)
    ]
    assert trained == [[0, 20], [5, 25], [10, 30]]


@given(
    st.sampled_from(["random", "views:3", "sector:120"]),
    st.sampled_from([0.0, 0.3]),
    st.randoms(use_true_random=False),
)
def test_a_side_does_not_depend_on_the_order_of_the_listing(
    rule: str, val_fraction: float, dice: random.Random
) -> None:
    members = _turned("abc", range(12))
    shuffled = dice.sample(members, len(members))
    spec = DataSpec(split=rule, val_fraction=val_fraction, split_seed=3)
    first, second = (
        {member.name: side for member, side in zip(some, divide(some, spec), strict=True)}
        for some in (members, shuffled)
    )
    assert first == second


@pytest.mark.parametrize("rule", ["random", "views:4", "sector:90"])
def test_what_is_set_aside_comes_from_training_and_from_every_class(rule: str) -> None:
    members = _turned("abc", range(16))
    plain = divide(members, DataSpec(split=rule))
    sides = divide(members, DataSpec(split=rule, val_fraction=0.25))
    assert [side == "test" for side in sides] == [side == "test" for side in plain]
    aside = Counter(member.label for member, side in zip(members, sides, strict=True) if side == "validation")
    assert set(aside) == set("abc")
    assert sum(aside.values()) == round(0.25 * plain.count("train"))


def test_setting_aside_is_another_draw_than_holding_out() -> None:
    """The same fraction of the same names: drawn alike, it would be what comes next in one and the same order."""
    members = _turned("ab", range(20))
    held = divide(members, DataSpec(test_fraction=0.5))
    sides = divide(members, DataSpec(test_fraction=0.25, val_fraction=1 / 3))
    assert held.count("test") == 20
    assert sides.count("test") == sides.count("validation") == 10
    assert [side != "train" for side in sides] != [side == "test" for side in held]


def test_folders_are_taken_as_they_are() -> None:
    members = _in_folders({("a", "train"): 3, ("b", "train"): 2, ("a", "test"): 1, ("b", "test"): 4})
    assert divide(members, DataSpec(split="folders")) == [member.side for member in members]


@pytest.mark.parametrize(
    ("missing", "spoken"), [("train", "training"), ("test", "held-out"), ("validation", "validation")]
)
def test_a_class_that_a_side_lacks_is_named(missing: Side, spoken: str) -> None:
    sides: tuple[Side, ...] = ("train", "test", "validation")
    counts = {(label, side): 2 for label in ("cat", "dog") for side in sides if (label, side) != ("dog", missing)}
    with pytest.raises(DataError, match=f"class 'dog' has no picture on the {spoken} side"):
        divide(_in_folders(counts), DataSpec(split="folders"))


def test_a_validation_side_is_not_set_aside_twice() -> None:
    sides: tuple[Side, ...] = ("train", "test", "validation")
    members = _in_folders({(label, side): 4 for label in ("a", "b") for side in sides})
    with pytest.raises(DataError, match=r"--val-fraction 0\.5: the folders have .* use --val-fraction 0\.$"):
        divide(members, DataSpec(split="folders", val_fraction=0.5))


def test_folders_without_a_validation_side_can_have_one_set_aside() -> None:
    members = _in_folders({("a", "train"): 4, ("b", "train"): 4, ("a", "test"): 1, ("b", "test"): 1})
    sides = divide(members, DataSpec(split="folders", val_fraction=0.5))
    assert Counter(sides) == {"train": 4, "validation": 4, "test": 2}


def test_a_class_that_would_lose_all_its_training_pictures_is_named() -> None:
    with pytest.raises(DataError, match=r"--val-fraction 0\.1: class 'a' has a single training picture"):
        divide(_turned("ab", range(4)), DataSpec(split="views:1", val_fraction=0.1))


UNFIT = {
    "a name without a view": [Member(name="a/x.png", label="a", view=None, side=None)],
    "a view that comes twice": _turned("aab", range(4)),
    "classes with different numbers of views": _turned("a", range(4)) + _turned("b", range(6)),
    "classes with different views": _turned("a", range(4)) + _turned("b", range(1, 5)),
    "views at uneven steps": _turned("ab", [0, 1, 2, 5]),
}
REASONS = (
    "a/x.png carries no view number",
    "class 'a' has view 0 more than once",
    "class 'b' has 6 views, and class 'a' has 4",
    "class 'b' has no view 0",
    "not at even steps at 5",
)


@pytest.mark.parametrize("rule", ["views:2", "sector:90"])
@pytest.mark.parametrize(("members", "reason"), list(zip(UNFIT.values(), REASONS, strict=True)), ids=UNFIT)
def test_views_that_are_no_turn_are_refused_with_the_reason(rule: str, members: list[Member], reason: str) -> None:
    with pytest.raises(DataError, match=f"--split {rule}: .*{reason}.*--split random"):
        divide(members, DataSpec(split=rule))


@pytest.mark.parametrize("kept", [5, 12, 24])
def test_views_that_cannot_be_evenly_spaced_are_refused_with_those_that_can(kept: int) -> None:
    with pytest.raises(DataError, match=r"there are 12 views .*evenly: 1, 2, 3, 4, 6"):
        divide(_turned("ab", range(12)), DataSpec(split=f"views:{kept}"))


def test_a_sector_between_two_views_is_refused_with_the_step() -> None:
    with pytest.raises(DataError, match=r"5° apart.*a multiple of 5 below 360"):
        divide(_turned("ab", range(72)), DataSpec(split="sector:91"))


def test_views_of_which_no_sector_is_whole_leave_the_other_rules() -> None:
    with pytest.raises(DataError, match="allowed: random or views:K"):
        divide(_turned("ab", range(7)), DataSpec(split="sector:90"))
