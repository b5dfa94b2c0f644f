import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchbox.data.labels import (
    label_by_name,
    label_names,
    natural_key,
    order_key,
    view_of,
    without_wrapper,
)
from benchbox.errors import DataError


def test_numbers_in_names_count_as_numbers() -> None:
    assert sorted(["obj10", "obj2", "obj1"], key=natural_key) == ["obj1", "obj2", "obj10"]


@given(st.lists(st.text(max_size=6), max_size=6))
def test_natural_order_compares_any_two_names_and_is_total(names: list[str]) -> None:
    backwards = names[::-1]
    assert sorted(names, key=natural_key) == sorted(backwards, key=natural_key)


@given(st.text("ab1_", min_size=1, max_size=8), st.integers(0, 999))
def test_a_name_gives_back_the_label_and_view_it_was_made_of(label: str, view: int) -> None:
    name = f"some/folder/{label}__{view}.png"
    assert (label_by_name(name), view_of(name)) == (label, view)


def test_a_name_without_a_label_is_refused_by_name() -> None:
    with pytest.raises(DataError, match=r"holiday\.png .*label__number"):
        label_by_name("holiday.png")


def test_a_view_is_none_where_a_name_has_no_number() -> None:
    assert view_of("cats/tom.png") is None


def test_the_first_folder_is_the_class() -> None:
    assert label_names(["cat/1.png", "dog/old/2.png"]) == ["cat", "dog"]


def test_pictures_beside_class_folders_are_refused() -> None:
    with pytest.raises(DataError, match=r"loose__1\.png lies beside"):
        label_names(["cat/1.png", "loose__1.png"])


SIDED = (["train/cat/1.png", "test/cat/2.png"], ["train/cat__1.png", "val/cat__2.png"])


@pytest.mark.parametrize("names", SIDED)
def test_sides_of_a_split_are_no_classes_unless_they_are_asked_for(names: list[str]) -> None:
    with pytest.raises(DataError, match=r"are sides of a split, not classes.*--split folders"):
        label_names(names)


def test_a_folder_to_keep_is_no_wrapper() -> None:
    assert without_wrapper(["a/Train/x/1.png", "a/Train/y/2.png"], keep={"train"}) == [
        "Train/x/1.png",
        "Train/y/2.png",
    ]


def test_folders_around_everything_are_taken_off() -> None:
    assert without_wrapper(["a/b/x/1.png", "a/b/y/2.png"]) == ["x/1.png", "y/2.png"]


def test_a_single_file_keeps_its_name() -> None:
    assert without_wrapper(["a/1.png"]) == ["1.png"]


def test_order_goes_by_class_then_file_whatever_the_folders() -> None:
    flat = sorted(["b__2.png", "b__10.png"], key=lambda name: order_key(name, "b"))
    nested = sorted(["z/b__2.png", "a/b__10.png"], key=lambda name: order_key(name, "b"))
    assert [name.split("/")[-1] for name in nested] == flat
