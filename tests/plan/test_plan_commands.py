"""The commands' plans: which runs, in which order, under which names."""

import pytest
from factories import sample_facts
from hypothesis import given
from hypothesis import strategies as st

from benchbox.errors import SpecError
from benchbox.plan.axes import make_factor
from benchbox.plan.budgets import LEAST_SECONDS, seconds_a_cell
from benchbox.plan.commands import ONE_SEED, plan_ablate, plan_bench, plan_ladder, plan_train
from benchbox.plan.spec import ModelSpec, Plan, RunSpec

LENET, ALEXNET = ModelSpec(name="lenet"), ModelSpec(name="alexnet")


def bench(**changes: object) -> Plan:
    options: dict[str, object] = {"checkpoints": {}, "budget": 300.0, "fit_seconds": 30.0, "fit_epochs": None}
    return plan_bench(RunSpec(), [LENET, ALEXNET], sample_facts(), **(options | changes))  # type: ignore[arg-type]


def tasks(plan: Plan, name: str) -> list[str]:
    return [spec.task for spec in plan.specs if spec.model.name == name]


def test_train_makes_a_run_for_each_model_and_seed() -> None:
    plan = plan_train(RunSpec(), [LENET, ALEXNET], [0, 1], sample_facts())
    assert plan.labels == ("lenet seed 0", "lenet seed 1", "alexnet seed 0", "alexnet seed 1")
    assert [spec.seed for spec in plan.specs] == [0, 1, 0, 1]


def test_bench_times_both_ways_and_then_fits_within_seconds() -> None:
    plan = bench()
    assert tasks(plan, "lenet") == ["infer", "train_step", "fit"]
    assert plan.specs[2].fit.seconds == 30.0


def test_bench_takes_accuracy_from_a_checkpoint_where_there_is_one() -> None:
    plan = bench(checkpoints={"lenet": "a.pt"})
    assert tasks(plan, "lenet") == ["infer", "train_step", "evaluate"]
    assert plan.specs[2].checkpoint == "a.pt"
    assert tasks(plan, "alexnet") == ["infer", "train_step", "fit"]


def test_bench_trains_first_where_epochs_are_asked_for() -> None:
    plan = bench(fit_epochs=3, checkpoints={"lenet": "a.pt"})
    assert tasks(plan, "lenet") == ["fit", "infer", "train_step"]
    assert (plan.specs[0].fit.epochs, plan.specs[0].fit.seconds) == (3, None)


def test_bench_without_a_fit_only_times() -> None:
    assert tasks(bench(fit_seconds=0.0), "lenet") == ["infer", "train_step"]


def test_bench_shares_its_budget_among_the_cells() -> None:
    assert bench(budget=72.0).specs[0].timing.seconds == pytest.approx((72 - 60) / 4)


@given(st.floats(1, 1000), st.integers(1, 20), st.integers(0, 10), st.floats(0, 60))
def test_a_budget_is_shared_whole(share: float, cells: int, fits: int, fit_seconds: float) -> None:
    budget = share * cells + fits * fit_seconds
    assert seconds_a_cell(budget, cells=cells, fits=fits, fit_seconds=fit_seconds) == pytest.approx(share)


def test_a_budget_that_leaves_nothing_to_time_is_refused_with_the_least_that_works() -> None:
    least = 2 * 30 + 12 * LEAST_SECONDS
    with pytest.raises(SpecError, match=f"allowed: {least:.0f} s or more"):
        seconds_a_cell(60.0, cells=12, fits=2, fit_seconds=30.0)


def test_ablate_changes_one_field_and_nothing_else() -> None:
    plan = plan_ablate(RunSpec(), [LENET], [make_factor("activation")], 2, sample_facts())
    assert plan.factors == ("model.activation",)
    assert plan.labels[0] == "lenet activation sigmoid seed 0"
    sigmoid, relu = plan.specs[0], plan.specs[2]
    assert (sigmoid.model.activation, relu.model.activation) == ("sigmoid", "relu")
    assert (sigmoid.fit, sigmoid.data, sigmoid.placement) == (relu.fit, relu.data, relu.placement)
    assert {spec.seed for spec in plan.specs} == {0, 1}


def test_ablate_crosses_two_factors() -> None:
    factors = [make_factor("activation", ["relu", "gelu"]), make_factor("dropout", ["0", "0.5"])]
    assert len(plan_ablate(RunSpec(), [LENET, ALEXNET], factors, 1, sample_facts()).specs) == 8


def test_one_seed_is_said_to_prove_nothing() -> None:
    factor = [make_factor("activation")]
    assert ONE_SEED in plan_ablate(RunSpec(), [LENET], factor, 1, sample_facts()).notes
    assert ONE_SEED not in plan_ablate(RunSpec(), [LENET], factor, 2, sample_facts()).notes


def test_the_ladder_starts_with_the_plain_loop_and_adds_one_thing_a_rung() -> None:
    plan = plan_ladder(RunSpec(), [LENET], sample_facts())
    plain = plan.specs[0].placement
    assert (plain.precision, plain.memory_format, plain.fused, plain.feed) == (
        "fp32",
        "contiguous",
        False,
        "loader",
    )
    assert plain.sync_seconds == 0
    changed = [
        {name for name in plain.__struct_fields__ if getattr(one.placement, name) != getattr(two.placement, name)}
        for one, two in zip(plan.specs, plan.specs[1:], strict=False)
    ]
    assert changed == [{"memory_format"}, {"precision"}, {"fused"}, {"feed", "sync_seconds"}, {"compile"}]


def test_the_same_run_twice_is_refused() -> None:
    with pytest.raises(SpecError, match="each run once"):
        plan_train(RunSpec(), [LENET, LENET], [0], sample_facts())
