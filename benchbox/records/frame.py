"""Records as a pandas frame, one line a Row, and as CSV. No tables for the terminal, no plots.

`records.columns` is the documentation of the columns: name, type, unit and meaning of each.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path

import pandas as pd

from benchbox.plan.spec import RunSpec
from benchbox.records.columns import COLUMNS
from benchbox.records.journal import read
from benchbox.records.record import Record
from benchbox.records.rows import rows


def load(path: str | Path) -> pd.DataFrame:
    """The frame of a report folder, or of one `results.jsonl`: one line a Row, the failed ones included.

    `frame.attrs["units"]` and `frame.attrs["meanings"]` describe the columns. Raises RecordError.
    """
    return frame(read(Path(path)))


def frame(records: Iterable[Record], specs: Sequence[RunSpec] = ()) -> pd.DataFrame:
    """The frame of these records, in the order of `specs` if given; columns and types are always the same."""
    seen = rows(records, specs)
    values = {column.name: [column.of(row) for row in seen] for column in COLUMNS}
    # From objects, so that a missing value does not turn whole numbers into floats on the way.
    table = pd.DataFrame(values, dtype=object).astype({column.name: column.dtype for column in COLUMNS})
    table.attrs["units"] = {column.name: column.unit for column in COLUMNS if column.unit}
    table.attrs["meanings"] = {column.name: column.meaning for column in COLUMNS}
    return table


def summary(records: Iterable[Record], specs: Sequence[RunSpec] = ()) -> str:
    """The frame as CSV text: a header line, then one line a Row; missing values are empty.

    The status `nan` is a word: `pandas.read_csv` needs `keep_default_na=False` to read it as one.
    """
    return frame(records, specs).to_csv(index=False, lineterminator="\n")
