"""The commands' plans: which runs, in which order, under which names."""

from itertools import pairwise

import pytest
from factories import sample_facts
from msgspec.structs import replace

from benchbox.errors import SpecError
from benchbox.plan.axes import make_factor
from benchbox.plan.commands import ONE_SEED, SAME, plan_ablate, plan_ladder, plan_train
from benchbox.plan.recipes import recipe_for
from benchbox.plan.spec import FitSpec, ModelSpec, Plan, RecipeName, RunSpec

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


def test_with_rates_every_arm_runs_every_rate_with_every_seed() -> None:
    plan = plan_ablate(RunSpec(), [LENET], [make_factor("activation")], 2, sample_facts(), rates=[0.01, 0.001])
    assert (plan.factors, plan.chosen) == (("model.activation",), ("fit.lr",))
    assert [(spec.model.activation, spec.fit.lr, spec.seed) for spec in plan.specs] == [
        (activation, lr, seed) for activation in ("sigmoid", "relu") for lr in (0.001, 0.01) for seed in (0, 1)
    ]
    assert plan.labels[0] == "lenet activation sigmoid lr 0.001 seed 0"


@pytest.mark.parametrize("recipe", ["own", "plain"])
def test_the_usual_rates_lie_around_the_recipes_of_each_network(recipe: RecipeName) -> None:
    base = RunSpec(fit=FitSpec(recipe=recipe))
    plan = plan_ablate(base, [LENET, ALEXNET], [make_factor("activation")], 1, sample_facts(), rates=[])
    for model in (LENET, ALEXNET):
        rates = {spec.fit.lr for spec in plan.specs if spec.model.name == model.name}
        usual = recipe_for(model.name, recipe).lr
        assert sorted(rate for rate in rates if rate) == pytest.approx([usual / 10, usual, usual * 10])
        assert usual in rates
    assert all(len(str(spec.fit.lr)) < 8 for spec in plan.specs)


def test_without_rates_nothing_is_chosen() -> None:
    assert plan_ablate(RunSpec(), [LENET], [make_factor("activation")], 1, sample_facts()).chosen == ()


def test_rates_are_no_matter_to_training_steps_that_take_turns() -> None:
    plan = plan_ablate(RunSpec(), [LENET], [make_factor("precision")], 1, sample_facts(), rates=[0.1, 0.2])
    assert plan.turns == ((0, 1),)
    assert [spec.task for spec in plan.specs] == ["train_step"] * 2 + ["fit"] * 4


def test_a_recipe_brings_its_rate_its_schedule_and_its_init() -> None:
    plan = plan_ablate(RunSpec(), [LENET], [make_factor("recipe")], 1, sample_facts())
    for spec, name in zip(plan.specs, ("plain", "own"), strict=True):
        recipe = recipe_for("lenet", spec.fit.recipe)
        assert spec.fit.recipe == name
        assert (spec.model.init, spec.fit.lr, spec.fit.schedule) == (recipe.init, recipe.lr, recipe.schedule)
    plain, own = plan.specs
    assert (plain.model.init, own.model.init) == ("default", "suited")
    assert plain.fit.epochs == own.fit.epochs


def test_an_arm_that_would_run_the_same_as_another_is_left_out_and_said() -> None:
    base = RunSpec(fit=FitSpec(optimizer="rmsprop"))
    plan = plan_ablate(base, [LENET], [make_factor("fused")], 2, sample_facts())
    assert [(spec.task, spec.placement.fused, spec.seed) for spec in plan.specs] == [
        ("fit", False, 0),
        ("fit", False, 1),
    ]
    assert (plan.notes, plan.turns) == ((f"lenet fused True: {SAME}",), ())


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
    assert changes(plan) == [{"memory_format"}, {"precision"}, {"fused"}, {"feed", "sync_seconds"}, {"compile"}]


def test_kept_memory_and_fast_convolutions_are_rungs_where_they_can_be() -> None:
    facts = sample_facts()
    able = replace(facts, machine=replace(facts.machine, can_keep_memory=True))
    plan = plan_ladder(RunSpec(), [ModelSpec(name="vgg16")], able)
    plain = plan.specs[0].placement
    assert (plain.keeps_memory, plain.convolution, plain.compile, plain.workers) == (False, "direct", False, 0)
    assert changes(plan) == [
        {"memory_format"},
        {"precision"},
        {"fused"},
        {"feed", "sync_seconds"},
        {"keeps_memory"},
        {"convolution"},
        {"compile"},
    ]
    assert plan.labels[5:7] == ("vgg16 + kept memory", "vgg16 + fast convolutions")


def changes(plan: Plan) -> list[set[str]]:
    """The fields of the placement that each rung changes."""
    placements = [spec.placement for spec in plan.specs]
    return [
        {name for name in one.__struct_fields__ if getattr(one, name) != getattr(two, name)}
        for one, two in pairwise(placements)
    ]


def test_the_same_run_twice_is_refused() -> None:
    with pytest.raises(SpecError, match="each run once"):
        plan_train(RunSpec(), [LENET, LENET], [0], sample_facts())
