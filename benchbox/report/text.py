"""Numbers as people read them. Units are scaled here and nowhere else. No tables, no colours."""

import math
from collections.abc import Iterable, Sequence

ABSENT = "–"
MINUTE, HOUR = 60, 3600
MOST_LISTED = 6


def number(value: float) -> str:
    """Three significant digits, whole from 100 on, with commas: 1,234 · 44.9 · 0.0123."""
    if not math.isfinite(value):
        return str(value)
    if abs(value) >= 99.95 or value == 0:
        return f"{value:,.0f}"
    decimals = 2 - math.floor(math.log10(abs(value)))
    rounded = round(value, decimals)
    # 9.996 rounds up to 10.00, which has a digit too many.
    decimals = 2 - math.floor(math.log10(abs(rounded)))
    return f"{rounded:.{decimals}f}"


def _scaled(value: float, units: tuple[str, ...], step: float) -> str:
    for unit in units[:-1]:
        # What `number` would round up to the next unit belongs to it: 1,000 k is 1.00 M.
        if abs(value) < step - 0.5:
            return f"{_whole_or_number(value, unit)} {unit}".rstrip()
        value /= step
    return f"{number(value)} {units[-1]}"


def _whole_or_number(value: float, unit: str) -> str:
    return f"{value:,.0f}" if unit in ("", "B", "FLOP") else number(value)


def count(value: float) -> str:
    """A count: 512 · 73.5 k · 58.4 M."""
    return _scaled(value, ("", "k", "M", "G"), 1000)


def size(value: float) -> str:
    """Bytes in binary units: 300 MiB · 1.20 GiB."""
    return _scaled(value, ("B", "KiB", "MiB", "GiB", "TiB"), 1024)


def flop(value: float) -> str:
    """Floating-point operations: 15.5 MFLOP · 2.28 GFLOP."""
    return _scaled(value, ("FLOP", "kFLOP", "MFLOP", "GFLOP", "TFLOP"), 1000)


def copy_rate(bytes_per_second: float) -> str:
    """A memory's rate in GB/s of 10⁹ bytes, as its makers count, without the unit: 10.0."""
    return number(bytes_per_second / 1e9)


def rate(value: float) -> str:
    """Things a second: 44.9 /s."""
    return f"{number(value)} /s"


def duration(seconds: float) -> str:
    """A time: 12.3 ms · 1.23 s · 2 min 05 s · 1 h 03 min."""
    if seconds < 1:
        return f"{number(seconds * 1000)} ms"
    if seconds < MINUTE - 0.05:
        return f"{number(seconds)} s"
    if seconds < HOUR - 0.5:
        minutes, rest = divmod(round(seconds), MINUTE)
        return f"{minutes} min {rest:02d} s"
    hours, minutes = divmod(round(seconds / MINUTE), 60)
    return f"{hours} h {minutes:02d} min"


def about(seconds: float) -> str:
    """A time that is only estimated: 3 s · 2 min · 1.5 h."""
    if seconds < 100:
        return f"{max(1, round(seconds))} s"
    if seconds < 100 * MINUTE:
        return f"{seconds / MINUTE:.0f} min"
    return f"{seconds / HOUR:.1f} h"


def percent(ratio: float) -> str:
    """A ratio in per cent without the sign: 93.1 · 100.0; what is not all is never rounded to 100.0."""
    digits = next((digits for digits in (1, 2, 3) if ratio >= 1 or round(100 * ratio, digits) < 100), 4)
    return f"{100 * ratio:.{digits}f}"


def share(ratio: float) -> str:
    """A ratio in per cent: 93.1 %."""
    return f"{percent(ratio)} %"


def listed(names: Sequence[str]) -> str:
    """Names with commas; of more than MOST_LISTED the rest only by their count."""
    rest = len(names) - MOST_LISTED
    return ", ".join(names[:MOST_LISTED]) + (f" and {rest} more" if rest > 0 else "")


def plural(amount: int, thing: str) -> str:
    """`1 epoch`, `20 epochs`."""
    return f"{amount:,} {thing}{'' if amount == 1 else 's'}"


def several(amounts: Iterable[int], thing: str) -> str:
    """What different runs had of a thing: `8 epochs`, `8 or 30 epochs`, `4 to 9 epochs`; empty for no run."""
    known = sorted(set(amounts))
    if len(known) < 2:
        return plural(known[0], thing) if known else ""
    return f"{known[0]:,} {'or' if len(known) == 2 else 'to'} {known[-1]:,} {thing}s"


def joined(words: Sequence[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return " and ".join([*([", ".join(words[:-1])] if len(words) > 1 else []), *words[-1:]])


def setting(value: object) -> str:
    """A field's value in a table or a label: `yes`, `no`, `own`, 0.001, relu."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:g}"
    return "own" if value is None else str(value)
