"""The commands' plans: which runs, in which order, under which names."""

import pytest
from factories import sample_facts

from benchbox.errors import SpecError
from benchbox.plan.axes import make_factor
from benchbox.plan.commands import ONE_SEED, plan_ablate, plan_ladder, plan_train
from benchbox.plan.spec import ModelSpec, RunSpec

LENET, ALEXNET = ModelSpec(name="lenet"), ModelSpec(name="alexnet")


def test_train_makes_a_run_for_each_model_and_seed() -> None:
    plan = plan_train(RunSpec(), [LENET, ALEXNET], [0, 1], sample_facts())
    assert plan.labels == ("lenet seed 0", "lenet seed 1", "alexnet seed 0", "alexnet seed 1")
    assert [spec.seed for spec in plan.specs] == [0, 1, 0, 1]


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
