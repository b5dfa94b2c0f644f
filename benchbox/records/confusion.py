"""What a fit counts of predictions after every epoch, without frames: cells of a confusion, macro-F1."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

# The columns of a predictions file.
PREDICTION_COLUMNS = ("picture", "label", "predicted", "probability", "label_rank")


def count_cells(labels: Sequence[int], predicted: Sequence[int], classes: int) -> NDArray[np.int64]:
    """Counts [classes, classes] of pictures by their true class and the predicted one.

    Raises ValueError where the sequences differ in length or hold a number that is no class's.
    """
    rows, columns = np.asarray(labels, dtype=np.int64), np.asarray(predicted, dtype=np.int64)
    if rows.shape != columns.shape:
        raise ValueError(f"{len(labels)} labels, but {len(predicted)} predictions")
    cells = np.ravel_multi_index((rows, columns), (classes, classes))
    return np.bincount(cells, minlength=classes * classes).reshape(classes, classes)


def macro_f1(labels: Sequence[int], predicted: Sequence[int], classes: int) -> float:
    """The mean F1 over the classes that occur among the labels or the predictions; NaN for no pictures."""
    counts = count_cells(labels, predicted, classes)
    occurrences = counts.sum(axis=0) + counts.sum(axis=1)
    is_seen = occurrences > 0
    if not is_seen.any():
        return float("nan")
    return float(np.mean(2 * np.diag(counts)[is_seen] / occurrences[is_seen]))
