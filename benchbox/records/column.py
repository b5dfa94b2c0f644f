"""Column: one column of the frame of rows, and how the usual kinds of them are made. Which there are: `columns`."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from benchbox.records.rows import Part, Row, Slot
from benchbox.records.timing import Timing

TEXT, WHOLE, REAL, TRUTH = "string", "Int64", "Float64", "boolean"


@dataclass(frozen=True, kw_only=True)
class Column:
    """One column: its pandas dtype, its unit ("" for none), what it means, and how a Row yields it."""

    name: str
    dtype: str
    unit: str
    meaning: str
    of: Callable[[Row], Any]


def text_column(name: str, meaning: str, of: Callable[[Row], object]) -> Column:
    """A column of words."""
    return Column(name=name, dtype=TEXT, unit="", meaning=meaning, of=of)


def whole_column(name: str, unit: str, meaning: str, of: Callable[[Row], object]) -> Column:
    """A column of whole numbers."""
    return Column(name=name, dtype=WHOLE, unit=unit, meaning=meaning, of=of)


def real_column(name: str, unit: str, meaning: str, of: Callable[[Row], object]) -> Column:
    """A column of numbers."""
    return Column(name=name, dtype=REAL, unit=unit, meaning=meaning, of=of)


def of_part(slot: Slot, get: Callable[[Part], object]) -> Callable[[Row], object]:
    """A value of a row's part, missing where the row has none."""
    return lambda row: None if (part := row.parts.get(slot)) is None else get(part)


def of_timing(slot: Slot, get: Callable[[Timing], object]) -> Callable[[Row], object]:
    """A value of a row's timing, missing where it was not timed."""

    def value(row: Row) -> object:
        timing = row.timing(slot)
        return None if timing is None else get(timing)

    return value


def rounded(value: float | None) -> int | None:
    """The nearest whole number, missing where there is none."""
    return None if value is None else round(value)
