"""Which runs of a plan take turns: the rungs of a ladder, and what a factor of the placement is varied for."""

import pytest
from factories import sample_facts

from benchbox.errors import SpecError
from benchbox.plan.axes import make_factor
from benchbox.plan.commands import plan_ablate, plan_ladder
from benchbox.plan.spec import ModelSpec, RunSpec

LENET, ALEXNET = ModelSpec(name="lenet"), ModelSpec(name="alexnet")


def test_the_rungs_of_each_architecture_take_turns() -> None:
    plan = plan_ladder(RunSpec(), [LENET, ALEXNET], sample_facts())
    assert plan.turns == (tuple(range(6)), tuple(range(6, 12)))
    for group, name in zip(plan.turns, ("lenet", "alexnet"), strict=True):
        assert {plan.specs[place].model.name for place in group} == {name}
        assert plan.labels[group[0]] == f"{name} plain"


def test_a_ladder_without_the_last_rung_is_one_shorter() -> None:
    whole = plan_ladder(RunSpec(), [LENET], sample_facts())
    short = plan_ladder(RunSpec(), [LENET], sample_facts(), has_compile=False)
    assert (short.specs, short.turns) == (whole.specs[:-1], (tuple(range(5)),))


def test_what_changes_nothing_is_no_rung() -> None:
    base = RunSpec()
    base = RunSpec(fit=base.fit, placement=type(base.placement)(precision="fp32"))
    labels = plan_ladder(base, [LENET], sample_facts()).labels
    assert not any("autocast" in label for label in labels)


def test_a_factor_of_the_placement_is_timed_in_turns_and_then_trained() -> None:
    plan = plan_ablate(RunSpec(), [LENET, ALEXNET], [make_factor("precision")], 2, sample_facts())
    assert plan.turns == ((0, 1), (6, 7))
    assert [spec.task for spec in plan.specs[:6]] == ["train_step"] * 2 + ["fit"] * 4
    assert [spec.placement.precision for spec in plan.specs[:6]] == ["fp32", "bf16", *["fp32"] * 2, *["bf16"] * 2]
    assert plan.labels[:3] == (
        "lenet precision fp32 train step",
        "lenet precision bf16 train step",
        "lenet precision fp32 seed 0",
    )
    assert {spec.seed for spec in plan.specs if spec.task == "train_step"} == {0}


def test_two_crossed_factors_make_one_group() -> None:
    factors = [make_factor("memory-format"), make_factor("dropout", ["0", "0.5"])]
    plan = plan_ablate(RunSpec(), [LENET], factors, 1, sample_facts())
    assert plan.turns == ((0, 1, 2, 3),)


def test_other_factors_and_a_single_value_take_no_turns() -> None:
    assert plan_ablate(RunSpec(), [LENET], [make_factor("activation")], 1, sample_facts()).turns == ()
    alone = plan_ablate(RunSpec(), [LENET], [make_factor("precision", ["fp32"])], 1, sample_facts())
    assert (alone.turns, [spec.task for spec in alone.specs]) == ((), ["fit"])


def test_some_rungs_of_the_ladder_are_what_they_are_in_the_whole() -> None:
    facts = sample_facts()
    whole = plan_ladder(RunSpec(), [LENET, ALEXNET], facts)
    some = plan_ladder(RunSpec(), [LENET, ALEXNET], facts, wanted=("gathered", "plain"))
    assert some.labels == tuple(
        f"{model} {rung}" for model in ("lenet", "alexnet") for rung in ("plain", "+ gathered batches")
    )
    assert set(some.specs) < set(whole.specs)
    assert some.turns == ((0, 1), (2, 3))


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        (("plain", "faster"), ("'faster'", "rungs of the ladder: plain, channels_last, autocast")),
        (("fast",), ("'fast'", "one of the rungs that lenet has here: plain, channels_last")),
    ],
)
def test_rungs_that_are_not_there_are_refused(wanted: tuple[str, ...], said: tuple[str, ...]) -> None:
    with pytest.raises(SpecError) as refused:
        plan_ladder(RunSpec(), [LENET], sample_facts(), wanted=wanted)
    assert all(part in str(refused.value) for part in said)
