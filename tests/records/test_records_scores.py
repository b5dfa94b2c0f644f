from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchbox.errors import RecordError
from benchbox.records.confusion import PREDICTION_COLUMNS
from benchbox.records.scores import (
    confused_pairs,
    confusion,
    confusion_of_file,
    macro_f1,
    per_class,
    read_predictions,
)

CLASSES = ("cat", "dog", "owl")
LABELS = [0, 0, 0, 1, 1, 2]
PREDICTED = [0, 0, 1, 1, 1, 1]
pairs = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=60)


def test_rows_are_true_classes_and_columns_predicted_ones() -> None:
    matrix = confusion(LABELS, PREDICTED, CLASSES)
    assert matrix.to_numpy().tolist() == [[2, 1, 0], [0, 2, 0], [0, 1, 0]]


def test_scores_of_a_class_by_hand() -> None:
    scores = per_class(confusion(LABELS, PREDICTED, CLASSES))
    assert scores["precision"].tolist() == pytest.approx([1.0, 0.5, np.nan], nan_ok=True)
    assert scores["recall"].tolist() == pytest.approx([2 / 3, 1.0, 0.0])
    assert scores["f1"].tolist() == pytest.approx([0.8, 2 / 3, 0.0])
    assert scores["support"].tolist() == [3, 2, 1]


def test_macro_f1_by_hand() -> None:
    assert macro_f1(LABELS, PREDICTED, 3) == pytest.approx((0.8 + 2 / 3 + 0) / 3)


def test_classes_that_never_occur_do_not_dilute_macro_f1() -> None:
    assert macro_f1([0, 1], [0, 1], 20) == 1.0


@given(pairs)
def test_the_matrix_counts_every_picture_once(seen: list[tuple[int, int]]) -> None:
    labels, predicted = [label for label, _ in seen], [guess for _, guess in seen]
    matrix = confusion(labels, predicted, list("abcde"))
    assert matrix.to_numpy().sum() == len(seen)
    assert matrix.sum(axis=1).tolist() == [labels.count(number) for number in range(5)]


@given(pairs)
def test_macro_f1_is_the_mean_of_the_table(seen: list[tuple[int, int]]) -> None:
    labels, predicted = [label for label, _ in seen], [guess for _, guess in seen]
    table = per_class(confusion(labels, predicted, list("abcde")))
    assert macro_f1(labels, predicted, 5) == pytest.approx(table["f1"].mean())


def test_confused_pairs_come_largest_first() -> None:
    matrix = confusion([0, 0, 0, 1, 2, 2], [1, 1, 0, 0, 0, 0], CLASSES)
    found = confused_pairs(matrix)
    assert found["label"].tolist() == ["cat", "owl", "dog"]
    assert found["share"].tolist() == pytest.approx([2 / 3, 1, 1])
    assert len(confused_pairs(matrix, most=1)) == 1


def test_no_mistakes_no_pairs() -> None:
    assert confused_pairs(confusion([0, 1], [0, 1], CLASSES)).empty


def test_sequences_of_different_length_are_refused() -> None:
    with pytest.raises(ValueError, match="2 labels, but 1 predictions"):
        confusion([0, 1], [0], CLASSES)


def test_a_number_that_is_no_class_is_refused() -> None:
    with pytest.raises(ValueError, match="invalid entry"):
        confusion([0], [3], CLASSES)


def _predictions(path: Path, **changes: object) -> Path:
    columns = {name: ["x"] for name in PREDICTION_COLUMNS} | {"label": ["cat"], "predicted": ["owl"]}
    pd.DataFrame({**columns, "probability": [0.5], "label_rank": [2], **changes}).to_csv(path, index=False)
    return path


def test_a_predictions_file_becomes_a_matrix(tmp_path: Path) -> None:
    matrix = confusion_of_file(_predictions(tmp_path / "p.csv"), CLASSES)
    assert matrix.loc["cat", "owl"] == 1


def test_class_names_that_look_like_numbers_or_blanks_stay_text(tmp_path: Path) -> None:
    path = _predictions(tmp_path / "p.csv", label=["007"], predicted=["NA"])
    assert confusion_of_file(path, ("007", "NA")).loc["007", "NA"] == 1


def test_a_file_without_the_columns_is_refused(tmp_path: Path) -> None:
    (tmp_path / "p.csv").write_text("a,b\n1,2\n")
    with pytest.raises(RecordError, match="has the columns a, b"):
        read_predictions(tmp_path / "p.csv")


def test_a_missing_file_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match=r"p\.csv"):
        read_predictions(tmp_path / "p.csv")


def test_an_unknown_class_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match="'owl'"):
        confusion_of_file(_predictions(tmp_path / "p.csv"), ("cat", "dog"))
