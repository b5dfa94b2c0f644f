"""Whether a row did its work at all: a network that computes nothing is the fastest."""

from collections.abc import Sequence

from benchbox.gate.rows import RowSeen
from benchbox.gate.verdict import Bounds
from benchbox.records.record import Record

# More than this must be explained: by answers that still are those of plain fp32.
FASTER = 1.4
# Six blocks, two samples each: no clock gives so many equal numbers.
MANY = 12


def is_constant(records: Sequence[Record]) -> bool:
    """Whether a process has many samples, all of them equal to the last digit."""
    series = [record.values("sample_seconds") for record in records]
    return any(len(values) >= MANY and min(values) == max(values) for values in series)


def void_of(row: RowSeen) -> str:
    """Why a row's answers are not those of plain fp32; empty where nothing says so."""
    return next((record.actual.void for record in row.good if record.actual.void), "")


def too_fast(seen: Bounds | None, row: RowSeen) -> str:
    """Why a speed-up is not believed; empty where it is small, or the answers were found to be right."""
    if seen is None or seen.value * FASTER >= 1:
        return ""
    void, is_compared = void_of(row), bool(row.measured("parity_error"))
    if is_compared and not void:
        return ""
    why = f"its answers are void: {void}" if void else "its answers were not compared with plain fp32's"
    return f"{1 / seen.value:.1f} times as fast, and {why}"
