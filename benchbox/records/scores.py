"""Scores of a classifier from its predictions: confusion, precision, recall, F1, the pairs it mixes up.

Everything is counted from two sequences of class numbers. It trains nothing and reads no pictures.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchbox.errors import RecordError
from benchbox.records.confusion import PREDICTION_COLUMNS, count_cells, macro_f1
from benchbox.records.estimate import wilson

__all__ = [
    "confused_pairs",
    "confusion",
    "confusion_of_file",
    "macro_f1",
    "per_class",
    "read_predictions",
    "wilson",
]

# Names that look like numbers stay names.
_TYPES: Any = {"picture": str, "label": str, "predicted": str, "probability": float, "label_rank": int}


def confusion(labels: Sequence[int], predicted: Sequence[int], classes: Sequence[str]) -> pd.DataFrame:
    """Counts of pictures, classes × classes: a row a true class, a column a predicted one.

    Raises ValueError where the sequences differ in length or hold a number that is no class's.
    """
    counts = count_cells(labels, predicted, len(classes))
    rows, columns = pd.Index(classes, name="label"), pd.Index(classes, name="predicted")
    return pd.DataFrame(counts, index=rows, columns=columns)


def per_class(matrix: pd.DataFrame) -> pd.DataFrame:
    """Precision, recall, F1 (ratios) and support (pictures) of each class of a confusion matrix.

    A ratio whose denominator is zero is NaN: a class never predicted has no precision, a class without
    pictures has no recall. F1 = 2·TP / (2·TP + FP + FN).
    """
    counts = matrix.to_numpy()
    right, support, predicted = np.diag(counts), counts.sum(axis=1), counts.sum(axis=0)
    columns = {
        "precision": _ratio(right, predicted),
        "recall": _ratio(right, support),
        "f1": _ratio(2 * right, support + predicted),
        "support": support,
    }
    return pd.DataFrame(columns, index=pd.Index(matrix.index, name="class"))


def _ratio(numerator: NDArray[np.int64], denominator: NDArray[np.int64]) -> NDArray[np.float64]:
    ratios = np.full(numerator.shape, np.nan)
    np.divide(numerator, denominator, out=ratios, where=denominator > 0)
    return ratios


def confused_pairs(matrix: pd.DataFrame, *, most: int = 10) -> pd.DataFrame:
    """The most frequent mistakes: label, predicted, pictures, share of the label's pictures.

    Largest count first, then in the order of the classes; at most `most` lines, none where all is right.
    """
    counts = matrix.to_numpy()
    wrong = np.argwhere((counts > 0) & ~np.eye(len(counts), dtype=bool))
    pictures = np.array([counts[row, column] for row, column in wrong], dtype=np.int64)
    support = counts.sum(axis=1)
    pairs = pd.DataFrame(
        {
            "label": [str(matrix.index[row]) for row, _ in wrong],
            "predicted": [str(matrix.columns[column]) for _, column in wrong],
            "pictures": pictures,
            "share": [counts[row, column] / support[row] for row, column in wrong],
        }
    )
    return pairs.sort_values("pictures", ascending=False, kind="stable").head(most).reset_index(drop=True)


def read_predictions(path: Path) -> pd.DataFrame:
    """The predictions file of a run: picture, label, predicted, probability, label_rank (1 = right).

    Raises RecordError where it is not there, has other columns, or holds no predictions.
    """
    try:
        frame = pd.read_csv(path, dtype=_TYPES, keep_default_na=False)
    except (OSError, ValueError) as error:
        raise RecordError(f"cannot read the predictions {path}: {error}") from error
    if tuple(frame.columns) != PREDICTION_COLUMNS:
        raise RecordError(
            f"{path} has the columns {', '.join(map(str, frame.columns))}",
            allowed=", ".join(PREDICTION_COLUMNS),
        )
    if frame.empty or not frame["probability"].between(0, 1).all():
        raise RecordError(f"{path} holds no predictions", allowed="a line a picture, with a probability in 0…1")
    return frame


def confusion_of_file(path: Path, classes: Sequence[str]) -> pd.DataFrame:
    """The confusion matrix of a predictions file, the classes in the order given. Raises RecordError."""
    frame = read_predictions(path)
    number = {name: position for position, name in enumerate(classes)}
    unknown = sorted({*frame["label"], *frame["predicted"]} - number.keys())
    if unknown:
        raise RecordError(f"{path} names the class {unknown[0]!r}", allowed=", ".join(classes))
    return confusion(
        [number[name] for name in frame["label"]], [number[name] for name in frame["predicted"]], classes
    )
