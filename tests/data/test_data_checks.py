import pytest

from benchbox.data.checks import check_labels
from benchbox.errors import DataError


def test_two_classes_of_two_are_enough() -> None:
    check_labels("set", ["a", "a", "b", "b"])


def test_one_class_is_refused() -> None:
    with pytest.raises(DataError, match="set: all pictures are of class 'a'"):
        check_labels("set", ["a", "a"])


def test_no_picture_is_refused() -> None:
    with pytest.raises(DataError, match="there is no picture"):
        check_labels("set", [])


def test_classes_with_one_picture_are_named() -> None:
    with pytest.raises(DataError, match=r"class 'c2' \(and 1 more\) has a single picture"):
        check_labels("set", ["a", "a", "c10", "c2"])


def test_a_class_for_every_picture_is_refused() -> None:
    with pytest.raises(DataError, match=r"as many classes as pictures \(2\)"):
        check_labels("set", ["a", "b"])


def test_a_class_whose_files_were_all_bad_is_named() -> None:
    with pytest.raises(DataError, match="class 'c' has no picture that can be read"):
        check_labels("set", ["a", "a", "b", "b"], classes=("a", "b", "c"))
