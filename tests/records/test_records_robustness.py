"""What a record tells of disturbed pictures, and that its metrics are known."""

import pytest
from factories import eval_record, with_measured

from benchbox.records.frame import frame
from benchbox.records.metrics import METRICS
from benchbox.records.robustness import DISTURBANCES, STRENGTHS, robustness_of


def test_every_disturbance_has_a_metric_and_five_strengths() -> None:
    for each in DISTURBANCES:
        assert METRICS[each.metric].unit == "ratio"
        assert len(each.strengths) == STRENGTHS


def test_a_record_without_disturbed_pictures_tells_nothing_of_them() -> None:
    assert robustness_of(eval_record()) is None


def test_a_record_tells_its_accuracies_by_strength_and_their_mean() -> None:
    found = robustness_of(with_measured(eval_record(correct=144), accuracy_noise=(0.9, 0.8, 0.7, 0.6, 0.5)))
    assert found
    assert (found.clean, found.pictures) == (1.0, 144)
    assert found.disturbed == {"noise": (0.9, 0.8, 0.7, 0.6, 0.5)}
    assert found.mean("noise") == pytest.approx(0.7)
    assert found.mean("blur") is None


def test_calibration_and_robustness_have_columns() -> None:
    seen = with_measured(eval_record(), calibration_error=0.02, accuracy_blur=(1.0, 1.0, 0.5, 0.5, 0.0))
    line = frame([seen]).loc[0]
    assert (line["calibration_error"], line["accuracy_blur"]) == (0.02, 0.6)
    assert frame([eval_record()])[["calibration_error", "accuracy_noise"]].isna().all(axis=None)
