"""What the JSON document says of evaluations beside the columns of their rows. No files are written here."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import msgspec

from benchbox.records.calibration import Calibration
from benchbox.records.robustness import DISTURBANCES, Robustness
from benchbox.records.rows import Row
from benchbox.report.duels import conclusion
from benchbox.report.evaluation import calibrations, find_duels, robustnesses


class _Calibration(msgspec.Struct, frozen=True, kw_only=True):
    """See `records.calibration.Calibration`; all but counts are ratios."""

    error: float
    by_chance: float
    confidence: float
    accuracy: float
    pictures: int
    bins: list[dict[str, float | None]]


class _Disturbed(msgspec.Struct, frozen=True, kw_only=True):
    """Accuracies at the strengths of one disturbance, ratios."""

    meaning: str
    strengths: tuple[float, ...]
    accuracies: tuple[float, ...]


class Evaluation(msgspec.Struct, frozen=True, kw_only=True):
    """What an evaluation tells beside the columns of its row; None for what was not asked or left no file."""

    name: str
    calibration: _Calibration | None
    robustness: dict[str, _Disturbed] | None


class Fought(msgspec.Struct, frozen=True, kw_only=True):
    """Two evaluations on the pictures that both were scored on; see `records.mcnemar.Duel`."""

    first: str
    second: str
    pictures: int
    first_right: int
    second_right: int
    only_first: int
    only_second: int
    p: float
    p_holm: float | None
    conclusion: str


def evaluations(folder: Path, seen: Sequence[Row], names: Sequence[str]) -> list[Evaluation]:
    """One for each row, by its name."""
    calibrated, disturbed = calibrations(seen, names, folder), robustnesses(seen, names)
    return [
        Evaluation(
            name=name,
            calibration=_calibration(calibrated[name]) if name in calibrated else None,
            robustness=_robustness(disturbed[name]) if name in disturbed else None,
        )
        for name in names
    ]


def _calibration(seen: Calibration) -> _Calibration:
    return _Calibration(
        error=seen.error,
        by_chance=seen.by_chance,
        confidence=seen.confidence,
        accuracy=seen.accuracy,
        pictures=seen.pictures,
        bins=[asdict(each) | {"accuracy": each.accuracy} for each in seen.bins],
    )


def _robustness(seen: Robustness) -> dict[str, _Disturbed]:
    return {
        each.name: _Disturbed(meaning=each.meaning, strengths=each.strengths, accuracies=seen.disturbed[each.name])
        for each in DISTURBANCES
        if each.name in seen.disturbed
    }


def duels(folder: Path, seen: Sequence[Row], names: Sequence[str]) -> list[Fought]:
    """One for each pair of rows that can be compared."""
    return [
        Fought(
            first=names[duel.first],
            second=names[duel.second],
            pictures=duel.shared,
            first_right=duel.right[0],
            second_right=duel.right[1],
            only_first=duel.only_first,
            only_second=duel.only_second,
            p=duel.p,
            p_holm=duel.holm,
            conclusion=conclusion(duel, names),
        )
        for duel in find_duels(seen, names, folder).found
    ]
