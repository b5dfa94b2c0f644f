import json
from pathlib import Path
from typing import Any

import pytest
from factories import (
    ablation_records,
    bench_records,
    failed_record,
    fit_record,
    sample_plan,
    timed_record,
    with_actual,
)

from benchbox.plan.spec import Plan
from benchbox.records.record import Record
from benchbox.report.document import exit_code, json_document


def _document(plan: Plan, records: list[Record]) -> Any:
    return json.loads(json_document(Path("reports/x"), plan, records))


def test_the_document_holds_rows_runs_and_units() -> None:
    records = [fit_record(), failed_record("vgg16", status="oom", reason="needed 3 GiB")]
    said = _document(sample_plan("train", records), records)
    assert (said["schema"], said["command"], said["folder"], said["exit_code"]) == (2, "train", "reports/x", 1)
    assert [row["model"] for row in said["rows"]] == ["lenet", "vgg16"]
    assert (said["rows"][0]["accuracy"], said["rows"][1]["accuracy"]) == (1.0, None)
    assert said["runs"][1]["reason"] == "needed 3 GiB"
    assert said["runs"][0]["files"]["best"] == "checkpoints/lenet-best.pt"
    assert said["units"]["weight_bytes"] == "B"


def test_a_bench_is_ranked_in_the_document() -> None:
    records = bench_records()
    said = _document(sample_plan("bench", records), records)
    assert said["ranking"][1]["name"] == "alexnet"
    assert said["ranking"][1]["ranks"]["inference"] == [2, 2]
    assert said["ranking"][1]["times"]["infer"]["value"] == pytest.approx(2.0)
    assert said["pareto"] == {"latency": ["lenet"], "parameters": ["lenet"]}
    assert said["under"] is None


def test_the_arms_of_an_ablation_are_not() -> None:
    records = ablation_records()
    said = _document(sample_plan("ablate", records, factors=("model.activation",)), records)
    assert (said["ranking"], said["pareto"]) == ([], {"latency": [], "parameters": []})


def test_the_arms_of_an_ablation_are_compared_in_the_document() -> None:
    records = ablation_records(models=("lenet",))
    (found,) = _document(sample_plan("ablate", records, factors=("model.activation",)), records)["comparisons"]
    assert found["conclusion"].startswith("lenet after 4 epochs: both reach the same accuracy in every seed")
    accuracy, epochs = found["differences"]
    assert (accuracy["metric"], accuracy["base"], accuracy["arm"]) == ("accuracy", "sigmoid", "relu")
    assert (accuracy["seeds"], accuracy["mean"], accuracy["p"]) == ([0, 1, 2], 0.0, None)
    assert (epochs["metric"], epochs["mean"]) == ("epochs to 90%", -1.0)


def test_what_is_no_ablation_compares_nothing() -> None:
    records = [fit_record(seed=seed) for seed in (0, 1)]
    assert _document(sample_plan("train", records), records)["comparisons"] == []


def test_the_answer_to_constraints_is_in_the_document() -> None:
    records = bench_records()
    said = _document(sample_plan("bench", records, under=("latency<1s",)), records)["under"]
    assert (said["constraints"], said["chosen"], said["equals"]) == (["latency<1s"], "lenet", ["alexnet"])
    assert said["unscored"] == ["vgg16"]


def test_places_by_a_mere_range_are_told() -> None:
    records = [timed_record("lenet"), timed_record("vgg16", samples=[1.0, 1.01, 1.02])]
    places = _document(sample_plan("bench", records), records)["ranking"]
    assert [place["unsure"] for place in places] == [[], ["inference"]]


def test_what_is_void_or_doubtful_is_told_of_its_run() -> None:
    records = [with_actual(timed_record(), void="answers differ", doubts=("hot",))]
    (run,) = _document(sample_plan("bench", records), records)["runs"]
    assert (run["void"], run["doubts"]) == ("answers differ", ["hot"])


@pytest.mark.parametrize(
    ("records", "code"),
    [
        ([fit_record()], 0),
        ([failed_record(status="skipped")], 0),
        ([with_actual(timed_record(), doubts=("hot",))], 0),
        ([with_actual(timed_record(), void="answers differ")], 1),
        ([fit_record(), failed_record(status="oom")], 1),
        ([failed_record(status="oom"), failed_record("lenet", status="interrupted")], 130),
    ],
)
def test_the_exit_code_is_that_of_the_worst(records: list[Record], code: int) -> None:
    assert exit_code(sample_plan("train", records), records) == code


def test_of_a_run_that_was_made_again_the_last_counts() -> None:
    plan = sample_plan("bench", [timed_record()])
    assert exit_code(plan, [failed_record("lenet", "infer"), timed_record()]) == 0


def test_a_plan_that_was_not_finished_was_interrupted() -> None:
    plan = sample_plan("train", [fit_record(), fit_record("vgg16")])
    assert exit_code(plan, [fit_record()]) == 130
    assert exit_code(plan, [fit_record(), fit_record()]) == 130
