"""From logits to scores: ranks, ties, numbers that are none, and the predictions file."""

from pathlib import Path

import pandas as pd
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from benchbox.engine.answers import record_scores, score, write_predictions
from benchbox.engine.findings import Findings
from benchbox.engine.loops import Answers
from benchbox.errors import NotFiniteError
from benchbox.records.events import ignore


def answers(logits: list[list[float]], labels: list[int]) -> Answers:
    return Answers(logits=torch.tensor(logits), labels=torch.tensor(labels))


def test_rank_one_is_right() -> None:
    scored = score(answers([[3.0, 1.0, 2.0], [1.0, 2.0, 3.0]], [0, 0]))
    assert scored.rank == (1, 3)
    assert (scored.correct, scored.accuracy) == (1, 0.5)
    assert scored.predicted == (0, 2)


@given(arrays("float32", (6, 4), elements=st.sampled_from([0.0, 1.0, 2.0])))
def test_rank_one_and_argmax_agree_even_in_ties(logits: object) -> None:
    tensor = torch.as_tensor(logits)
    labels = torch.tensor([0, 1, 2, 3, 0, 1])
    scored = score(Answers(logits=tensor, labels=labels))
    assert [rank == 1 for rank in scored.rank] == (tensor.argmax(1) == labels).tolist()


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_a_network_of_nans_is_not_right_about_everything(bad: float) -> None:
    with pytest.raises(NotFiniteError, match="held-out"):
        score(answers([[bad, bad]], [0]))


@pytest.mark.parametrize(("classes", "has_top5"), [(3, False), (5, False), (6, True)])
def test_top5_is_given_only_where_it_means_something(classes: int, has_top5: bool) -> None:
    findings = Findings(ignore)
    record_scores(findings, score(answers([[float(i) for i in range(classes)]], [0])), classes=classes)
    metrics = {seen.metric for seen in findings.measurements()}
    assert ("top5" in metrics) is has_top5
    assert {"top1", "macro_f1", "loss", "correct", "pictures"} <= metrics


def test_the_predictions_file_says_what_was_said_of_each_picture(tmp_path: Path) -> None:
    path = tmp_path / "predictions" / "a.csv"
    scored = score(answers([[2.0, 0.0], [2.0, 0.0]], [0, 1]))
    write_predictions(path, scored, names=["a.png", "b,c.png"], classes=["cat", "dog"])
    read = pd.read_csv(path)
    assert read["picture"].tolist() == ["a.png", "b,c.png"]
    assert read["label"].tolist() == ["cat", "dog"]
    assert read["predicted"].tolist() == ["cat", "cat"]
    assert read["label_rank"].tolist() == [1, 2]
    assert read["probability"].tolist() == pytest.approx([0.880797] * 2)
