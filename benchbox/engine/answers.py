"""From a network's answers to scores, and to a file with what it said of each picture."""

import csv
import io
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor
from torch.nn import functional as F

from benchbox.engine.findings import Findings
from benchbox.engine.loops import Answers
from benchbox.errors import NotFiniteError
from benchbox.records.calibration import calibration_error
from benchbox.records.confusion import PREDICTION_COLUMNS, macro_f1
from benchbox.records.files import write_whole

TOP = 5
# Decimals of a probability in the predictions file.
DECIMALS = 6
FOLDER = "predictions"


@dataclass(frozen=True, kw_only=True)
class Scored:
    """Answers read back from the device: one value a picture. `rank` 1 means that the label was likeliest."""

    loss: float
    labels: tuple[int, ...]
    predicted: tuple[int, ...]
    probability: tuple[float, ...]
    rank: tuple[int, ...]

    @property
    def correct(self) -> int:
        """Pictures whose label was likeliest."""
        return sum(rank == 1 for rank in self.rank)

    @property
    def accuracy(self) -> float:
        """Share of right answers."""
        return self.correct / len(self.labels)


def score(answers: Answers, *, pictures: str = "held-out pictures") -> Scored:
    """Read the answers back, in one synchronisation each.

    Raises NotFiniteError, with what the `pictures` are called, where they are not numbers.
    """
    logits, labels = answers.logits, answers.labels
    loss = float(F.cross_entropy(logits, labels))
    # A NaN is above nothing, so that a network of NaNs would have all its labels at rank 1.
    if not math.isfinite(loss):
        raise NotFiniteError(f"the loss on the {pictures} is {loss}")
    probability, predicted = logits.softmax(1).max(1)
    own = logits.gather(1, labels[:, None])
    # A tie with an earlier class counts against the label, as argmax does.
    earlier = (logits == own) & (_positions(logits) < labels[:, None])
    rank = 1 + ((logits > own) | earlier).sum(1)
    return Scored(
        loss=loss,
        labels=tuple(labels.tolist()),
        predicted=tuple(predicted.tolist()),
        probability=tuple(probability.tolist()),
        rank=tuple(rank.tolist()),
    )


def record_scores(findings: Findings, scored: Scored, *, classes: int) -> None:
    """Measure what an evaluation says: top-1, top-5 where it means something, macro-F1, loss, calibration."""
    findings.measure("top1", scored.accuracy)
    if classes > TOP:
        findings.measure("top5", sum(rank <= TOP for rank in scored.rank) / len(scored.rank))
    findings.measure("macro_f1", macro_f1(scored.labels, scored.predicted, classes=classes))
    findings.measure("loss", scored.loss)
    # Rounded as in the predictions file, so that whoever reads that finds the same bins.
    said = [round(probability, DECIMALS) for probability in scored.probability]
    findings.measure("calibration_error", calibration_error(said, [rank == 1 for rank in scored.rank]))
    findings.measure("correct", scored.correct)
    findings.measure("pictures", len(scored.labels))


def write_predictions(path: Path, scored: Scored, *, names: Sequence[str], classes: Sequence[str]) -> None:
    """One line a picture: its name, its label, what was predicted and how surely, and the label's rank."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(PREDICTION_COLUMNS)
    columns = (names, scored.labels, scored.predicted, scored.probability, scored.rank)
    for name, label, predicted, probability, rank in zip(*columns, strict=True):
        writer.writerow((name, classes[label], classes[predicted], f"{probability:.{DECIMALS}f}", rank))
    path.parent.mkdir(exist_ok=True)
    write_whole(path, text.getvalue().encode())


def report_answers(
    findings: Findings, scored: Scored, *, names: Sequence[str], classes: Sequence[str], run: str, folder: Path
) -> None:
    """Scores to the findings, and what was said of each of the `names` to `folder`/predictions/`run`.csv."""
    record_scores(findings, scored, classes=len(classes))
    path = folder / FOLDER / f"{run}.csv"
    write_predictions(path, scored, names=names, classes=classes)
    findings.add_file("predictions", path, folder=folder)


def _positions(logits: Tensor) -> Tensor:
    return logits.new_ones(logits.shape).cumsum(1) - 1
