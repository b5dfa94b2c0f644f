"""benchbox.toml: which rows a project gates, by which margins, and which regressions it accepted.

It is read strictly: a key that means nothing is an error, since a margin with a typing error would guard nothing.
What is typed on the command line wins over the file. What a row of it means is in `gate.declared`.
"""

import difflib
import glob
import re
from collections.abc import Mapping, Sequence
from datetime import date
from math import inf
from pathlib import Path
from typing import Literal, get_args

import msgspec

from benchbox.errors import SpecError
from benchbox.gate.decision import LEAST_PAIRS, MOST_PAIRS
from benchbox.gate.declared import Row
from benchbox.gate.naming import is_meant
from benchbox.gate.rules import ACCURACY_MARGIN, PRESETS, TRAINED_MARGIN, Accepted, Rules
from benchbox.gate.verdict import Group

FILE = Path("benchbox.toml")
SECONDS = 3.0
PAIRS = (LEAST_PAIRS, MOST_PAIRS)
# One pair has no interval.
FEWEST, MOST = 2, 400
TIME_LIMIT = 15.0

Preset = Literal["strict", "default", "shared"]
ALL: tuple[Group, ...] = get_args(Group)


def _need(is_met: bool, field: str, got: object, allowed: str) -> None:
    if not is_met:
        raise SpecError.of(field, got, allowed=allowed)


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="kebab"):
    """The table `[gate]`.

    `margin` is that of time, None for the preset's; `margins` are others by a glob over rows, of which the last
    that matches counts. `metrics` None gates what there is. `seconds` are of timing a row, arm and pair, `pairs`
    the least and the most of them, `time_limit` the minutes of all but evaluations. `removed` rows may be missing
    in new, `renamed` are new names by old ones.
    """

    preset: Preset = "default"
    margin: float | None = None
    metrics: tuple[Group, ...] | None = None
    seconds: float = SECONDS
    pairs: tuple[int, int] = PAIRS
    time_limit: float = TIME_LIMIT
    seed: int = 0
    accuracy_margin: float = ACCURACY_MARGIN
    trained_margin: float = TRAINED_MARGIN
    margins: dict[str, float] = {}
    removed: tuple[str, ...] = ()
    renamed: dict[str, str] = {}
    rows: tuple[Row, ...] = msgspec.field(default=(), name="row")
    accepted: tuple[Accepted, ...] = ()

    def __post_init__(self) -> None:
        """Raises SpecError for what cannot be."""
        least, most = self.pairs
        _need(0 < self.seconds < inf, "seconds", self.seconds, "more than 0, finite")
        allowed = f"two numbers of which the first is not the larger, {FEWEST} to {MOST}, such as 7-20"
        _need(FEWEST <= least <= most <= MOST, "pairs", f"{least}-{most}", allowed)
        _need(0 < self.time_limit < inf, "time-limit", self.time_limit, "minutes, more than 0, finite")
        _need(self.seed >= 0, "seed", self.seed, "0 or more")
        _need(self.metrics is None or bool(self.metrics), "metrics", "none", "one or more")
        metrics = self.metrics or ()
        _need(len(set(metrics)) == len(metrics), "metrics", ", ".join(metrics), "each once")
        margins = {"margin": self.margin} | {
            f"margins of {pattern!r}": margin for pattern, margin in self.margins.items()
        }
        for what, margin in margins.items():
            _need(margin is None or 0 < margin < 1, what, margin, "a ratio between 0 and 1, such as 0.025")
        names = [row.name for row in self.rows if row.name]
        doubled = [name for name in names if names.count(name) > 1]
        _need(not doubled, "row.name", doubled[0] if doubled else "", "each name once")

    @property
    def margin_in_force(self) -> float:
        """The margin of time, as a ratio less 1."""
        return PRESETS[self.preset] if self.margin is None else self.margin


class _File(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    gate: Settings = Settings()


def read_settings(path: Path | None = None, *, folder: Path = Path()) -> Settings:
    """The settings in a file, of which None means the benchbox.toml in `folder`, or the usual ones without it.

    Raises SpecError where a file that was named is not there, is no TOML, or says what means nothing.
    """
    found = folder / FILE if path is None else path
    if path is None and not found.is_file():
        return Settings()
    try:
        return parse_settings(found.read_bytes(), name=str(found))
    except OSError as error:
        reason = error.strerror or str(error)
        raise SpecError(f"{found} cannot be read: {reason}", allowed=f"a file such as {FILE}") from error


def parse_settings(content: bytes, *, name: str = str(FILE)) -> Settings:
    """The settings in the bytes of a file that is called `name` in errors. Raises SpecError."""
    try:
        table = _plain(msgspec.toml.decode(content))
        _refuse_unknown(table, name)
        return msgspec.convert(table, _File).gate
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise SpecError(f"{name}: {_said(error)}") from error
    except SpecError as error:
        what = error.what if error.what.startswith(name) else f"{name}: {error.what}"
        raise SpecError(what, allowed=error.allowed, hint=error.hint) from error


def dump_settings(settings: Settings) -> str:
    """The settings as the text of a benchbox.toml, those that nobody set among them."""
    return msgspec.toml.encode(_without_none(msgspec.to_builtins(_File(gate=settings)))).decode()


def make_rules(
    settings: Settings,
    rows: Mapping[str, str],
    *,
    declared: Mapping[str, str] | None = None,
    globs: Sequence[str] = (),
    groups: Sequence[Group] = ALL,
    today: str = "",
) -> Rules:
    """What a comparison is held to. `rows` are the names of all rows there are, by case.

    `declared` are those that there must be, by case, with the names that the user gave them, empty for none; None
    for those of the base. Of the rows only those that match one of `globs` are gated, all where there are none.
    `groups` are gated where the settings name none; those that these name must be had by a row. `today` is in UTC.
    """
    known = {**rows, **{case: name or rows.get(case, case) for case, name in (declared or {}).items()}}
    return Rules(
        preset=settings.preset,
        margin=settings.margin_in_force,
        margins=settings.margins,
        groups=settings.metrics or tuple(groups),
        chosen=settings.metrics or (),
        declared=tuple(declared or ()),
        names=known,
        removed=settings.removed,
        renamed=settings.renamed,
        skipped=tuple(glob.escape(case) for case in left_out(known, globs)),
        accepted=settings.accepted,
        accuracy_margin=settings.accuracy_margin,
        trained_margin=settings.trained_margin,
        today=today,
    )


def left_out(rows: Mapping[str, str], globs: Sequence[str]) -> tuple[str, ...]:
    """The cases of the rows, which are named by case, that no glob fits; none where there are no globs."""
    return tuple(case for case, name in rows.items() if globs and not is_meant(case, name, by=globs))


def _plain(value: object) -> object:
    """The value with dates, of which TOML has a type, as texts."""
    if isinstance(value, dict):
        return {key: _plain(inside) for key, inside in value.items()}
    if isinstance(value, list):
        return [_plain(inside) for inside in value]
    return value.isoformat() if isinstance(value, date) else value


def _without_none(value: object) -> object:
    """The value without what is None, for which TOML has no word."""
    if isinstance(value, dict):
        return {key: _without_none(inside) for key, inside in value.items() if inside is not None}
    return [_without_none(inside) for inside in value] if isinstance(value, list | tuple) else value


def _refuse_unknown(table: object, name: str) -> None:
    """Raises SpecError for the first key that means nothing. What is of a wrong type is not looked into."""
    _check_keys(table, _File, f"{name}:")
    gate = table.get("gate") if isinstance(table, dict) else None
    _check_keys(gate, Settings, f"{name}: [gate]")
    for part, kind in (("row", Row), ("accepted", Accepted)):
        entries = gate.get(part, ()) if isinstance(gate, dict) else ()
        for entry in entries if isinstance(entries, list) else ():
            _check_keys(entry, kind, f"{name}: [[gate.{part}]]")


def _check_keys(table: object, kind: type[msgspec.Struct], place: str) -> None:
    allowed = [field.encode_name for field in msgspec.structs.fields(kind)]
    for key in table if isinstance(table, Mapping) else ():
        if key not in allowed:
            nearest = difflib.get_close_matches(str(key).replace("_", "-"), allowed, n=1)
            hint = f"did you mean {nearest[0]}?" if nearest else ""
            raise SpecError(f"{place} unknown key {key!r}", allowed=", ".join(allowed), hint=hint)


def _said(error: Exception) -> str:
    """`gate.seconds: Expected float, got str`, of msgspec's `Expected … - at $.gate.seconds`."""
    match = re.fullmatch(r"(.*) - at `(?:key in )?\$\.?(.*)`", str(error), re.DOTALL)
    said = f"{match[2]}: {match[1]}" if match else str(error)
    return said.replace("`", "")
