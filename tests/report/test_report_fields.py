"""Any field of a spec can be a factor: so each has a name in tables and a column in the CSV, or a reason not to."""

from benchbox.plan.axes import fields
from benchbox.records.columns import COLUMNS
from benchbox.report.naming import _FIELDS

# What bounds or stores the work, and cannot change a number that is measured.
WITHOUT_COLUMN = {"skip_bad", "cache_limit", "seconds", "eval_batch_size"}


def test_every_factor_has_a_name() -> None:
    assert set(fields()) <= set(_FIELDS)


def test_every_factor_has_a_column() -> None:
    columns = {column.name for column in COLUMNS}
    assert {field.rsplit(".")[-1] for field in fields()} - WITHOUT_COLUMN <= columns
