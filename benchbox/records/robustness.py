"""By what pictures are disturbed, how strongly, and what came of it. The arithmetic is `engine.robustness`."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from benchbox.records.record import Record


@dataclass(frozen=True, kw_only=True)
class Disturbance:
    """One way to disturb pictures, at strengths from weak to strong; `meaning` says what those are ratios of.

    Other strengths would be another disturbance, of another name: records keep accuracies alone.
    """

    name: str
    strengths: tuple[float, ...]
    meaning: str

    @property
    def metric(self) -> str:
        """The metric that holds the accuracy at each strength."""
        return f"accuracy_{self.name}"


# Noise is at the strengths of Hendrycks and Dietterich (2019), "Benchmarking Neural Network Robustness to Common
# Corruptions and Perturbations", blur somewhat over theirs, of which the weakest do nothing to 32 pixels. What has
# a size is relative to the picture's side, so that it covers the same of the object at any size of picture.
DISTURBANCES = (
    Disturbance(
        name="noise",
        strengths=(0.08, 0.12, 0.18, 0.26, 0.38),
        meaning="standard deviation of Gaussian noise on every pixel, of the range from black to white",
    ),
    Disturbance(
        name="blur",
        strengths=(0.01, 0.015, 0.02, 0.03, 0.04),
        meaning="standard deviation of a Gaussian blur, of the picture's side",
    ),
    Disturbance(
        name="darker",
        strengths=(0.8, 0.6, 0.4, 0.2, 0.1),
        meaning="brightness that is left, of the picture's own",
    ),
    Disturbance(
        name="brighter",
        strengths=(1.25, 1.5, 2.0, 3.0, 4.0),
        meaning="brightness, of the picture's own; what is over white becomes white",
    ),
    Disturbance(
        name="occlusion",
        strengths=(0.1, 0.2, 0.3, 0.4, 0.5),
        meaning="side of a grey square somewhere in the picture, of the picture's side",
    ),
)
STRENGTHS = 5


@dataclass(frozen=True, kw_only=True)
class Robustness:
    """Accuracies as ratios: `clean`, and by a disturbance's name one at each of its strengths; of `pictures`."""

    clean: float
    pictures: int
    disturbed: Mapping[str, tuple[float, ...]]

    def mean(self, name: str) -> float | None:
        """The mean accuracy over a disturbance's strengths, None where it was not measured."""
        seen = self.disturbed.get(name)
        return float(np.mean(seen)) if seen else None


def robustness_of(record: Record) -> Robustness | None:
    """What a record tells of disturbed pictures, None where none were scored."""
    clean, pictures = record.last("top1"), record.last("pictures")
    seen = {each.name: record.values(each.metric) for each in DISTURBANCES}
    disturbed = {name: values for name, values in seen.items() if values}
    if clean is None or not pictures or not disturbed:
        return None
    return Robustness(clean=clean, pictures=int(pictures), disturbed=disturbed)
