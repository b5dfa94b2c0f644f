"""The plan of bench: cells, sweeps, processes in turn, budgets, refusals."""

import pytest
from factories import sample_facts
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from benchbox.errors import SpecError
from benchbox.plan.axes import make_factor
from benchbox.plan.bench import SWEEP_TRAINS_NOTHING, USUAL_BUDGET, BenchOptions, plan_bench
from benchbox.plan.facts import Ceiling, Facts, sized
from benchbox.plan.spec import ModelSpec, Plan, RunSpec

LENET, ALEXNET = ModelSpec(name="lenet"), ModelSpec(name="alexnet")
CEILING = Ceiling(device="cpu", precision="bf16", threads=2, flops_per_second=1e11, copy_bytes_per_second=1e10)


def facts(**flops: int) -> Facts:
    """A machine of 100 GFLOP/s, and the work of networks at 128 px."""
    known = sample_facts()
    machine = replace(known.machine, ceilings=(CEILING,))
    return replace(known, machine=machine, flops={sized(name, 128): work for name, work in flops.items()})


def bench(*, known: Facts | None = None, sweep: dict[str, list[str]] | None = None, **wishes: object) -> Plan:
    checkpoints = wishes.pop("checkpoints", {})
    return plan_bench(
        RunSpec(),
        [LENET, ALEXNET],
        known or facts(),
        options=BenchOptions(**wishes),  # type: ignore[arg-type]
        factors=[make_factor(name, values) for name, values in (sweep or {}).items()],
        checkpoints=checkpoints,  # type: ignore[arg-type]
    )


def tasks(plan: Plan, name: str) -> list[str]:
    return [spec.task for spec in plan.specs if spec.model.name == name]


def test_it_times_both_ways_and_then_fits_within_seconds() -> None:
    plan = bench()
    assert tasks(plan, "lenet") == ["infer", "train_step", "fit"]
    assert plan.specs[2].fit.seconds == 30.0


def test_accuracy_comes_from_a_checkpoint_where_there_is_one() -> None:
    plan = bench(checkpoints={"lenet@128": "a.pt"})
    assert tasks(plan, "lenet") == ["infer", "train_step", "evaluate"]
    assert plan.specs[2].checkpoint == "a.pt"
    assert tasks(plan, "alexnet") == ["infer", "train_step", "fit"]


def test_it_trains_first_where_epochs_are_asked_for() -> None:
    plan = bench(fit_epochs=3)
    assert tasks(plan, "lenet") == ["fit", "infer", "train_step"]
    assert (plan.specs[0].fit.epochs, plan.specs[0].fit.seconds) == (3, None)


def test_without_a_fit_it_only_times() -> None:
    assert tasks(bench(fit_seconds=0.0), "lenet") == ["infer", "train_step"]


def test_the_largest_batch_is_a_run_of_its_own() -> None:
    assert tasks(bench(fit_seconds=0.0, has_max_batch=True), "lenet") == ["infer", "train_step", "largest_batch"]


def test_settings_with_several_values_are_crossed() -> None:
    plan = bench(sweep={"batch-size": ["1", "8"], "precision": ["fp32", "bf16"]})
    assert len(plan.specs) == 2 * 4 * 2
    assert plan.labels[:3] == (
        "lenet batch 1 fp32 infer",
        "lenet batch 1 fp32 train step",
        "lenet batch 1 bf16 infer",
    )
    seen = {(spec.model.name, spec.fit.batch_size, spec.placement.precision) for spec in plan.specs}
    assert len(seen) == 8


def test_a_sweep_trains_nothing_unasked_and_says_so() -> None:
    sweep = {"batch-size": ["1", "8"]}
    plan = bench(sweep=sweep, checkpoints={"lenet@128": "a.pt"})
    assert tasks(plan, "alexnet") == ["infer", "train_step"] * 2
    assert tasks(plan, "lenet") == ["infer", "train_step", "evaluate"] * 2
    assert SWEEP_TRAINS_NOTHING in plan.notes
    assert tasks(bench(sweep=sweep, fit_epochs=2), "lenet") == ["fit", "infer", "train_step"] * 2


@given(st.integers(2, 4), st.integers(0, 5))
def test_processes_visit_every_cell_once_a_round_between_fits_and_accuracy(processes: int, seed: int) -> None:
    options = BenchOptions(processes=processes, fit_seconds=30.0)
    plan = plan_bench(RunSpec(seed=seed), [LENET, ALEXNET], facts(), options=options)
    assert sorted(plan.order) == list(range(len(plan.specs)))
    run = [plan.specs[place] for place in plan.order]
    timed, others = run[: 4 * processes], run[4 * processes :]
    assert {spec.task for spec in others} == {"fit"}
    for repeat in range(processes):
        turn = timed[4 * repeat : 4 * repeat + 4]
        assert {spec.repeat for spec in turn} == {repeat}
        assert len({(spec.model.name, spec.task) for spec in turn}) == 4


def test_rounds_run_in_orders_of_their_own() -> None:
    plan = bench(processes=6, fit_seconds=0.0)
    run = [(plan.specs[place].model.name, plan.specs[place].task) for place in plan.order]
    assert len({tuple(run[start : start + 4]) for start in range(0, 24, 4)}) > 1


def test_a_network_that_cannot_run_at_one_size_is_refused_there_alone() -> None:
    known = replace(facts(), refusals={"lenet@64": "too small"})
    plan = bench(known=known, sweep={"image-size": ["64", "128"]})
    assert plan.refusals == {"lenet 64 px infer": "too small"}
    assert tasks(plan, "lenet") == ["infer", "infer", "train_step"]
    assert tasks(plan, "alexnet") == ["infer", "train_step"] * 2


def test_the_budget_is_shared_among_cells_and_processes_after_the_fits() -> None:
    assert bench(budget=72.0).specs[0].timing.seconds == pytest.approx((72 - 60) / 4)
    assert bench(budget=84.0, processes=2).specs[0].timing.seconds == pytest.approx((84 - 60) / 8)


def test_a_budget_under_one_sample_of_each_cell_is_refused_with_the_smallest_that_works() -> None:
    # 32 pictures of 10 GFLOP at 100 GFLOP/s: 3.2 s forward, 9.6 s a training step.
    known = facts(lenet=10**10)
    with pytest.raises(SpecError, match=r"--budget: got '10 s for 4 timed cells'. allowed: 14 s or more"):
        bench(known=known, budget=10.0, fit_seconds=0.0)
    bench(known=known, budget=14.0, fit_seconds=0.0)


def test_the_usual_budget_is_raised_where_one_sample_of_each_cell_needs_it() -> None:
    plan = bench(known=facts(lenet=10**12), fit_seconds=0.0)
    assert f"not {USUAL_BUDGET:.0f}" in plan.notes[0]
    assert [spec.timing.seconds for spec in plan.specs] == pytest.approx([320, 960, 0.2, 0.2])
    assert not bench(fit_seconds=0.0).notes


@pytest.mark.parametrize(
    ("wishes", "field"),
    [({"budget": 0.0}, "--budget"), ({"fit_seconds": -1.0}, "--fit"), ({"processes": 0}, "--processes")],
)
def test_impossible_wishes_are_refused(wishes: dict[str, object], field: str) -> None:
    with pytest.raises(SpecError, match=field):
        BenchOptions(**wishes)  # type: ignore[arg-type]
