"""Columns of what an evaluation tells beside accuracy: calibration, and accuracy on disturbed pictures."""

from collections.abc import Callable

from benchbox.records.column import Column, real_column
from benchbox.records.robustness import DISTURBANCES, robustness_of
from benchbox.records.rows import Row


def _calibration_error(row: Row) -> object:
    return next((seen for record in row.records if (seen := record.last("calibration_error")) is not None), None)


def _mean_accuracy(name: str) -> Callable[[Row], object]:
    def value(row: Row) -> object:
        seen = next((seen for record in row.records if (seen := robustness_of(record))), None)
        return None if seen is None else seen.mean(name)

    return value


EVALUATION_COLUMNS: tuple[Column, ...] = (
    real_column("calibration_error", "ratio", "expected calibration error, 15 equal bins", _calibration_error),
    *(
        real_column(
            each.metric, "ratio", f"mean top-1 over the strengths of {each.name}", _mean_accuracy(each.name)
        )
        for each in DISTURBANCES
    ),
)
