"""How long a plan is expected to last."""

import pytest
from factories import sample_facts, sample_spec
from msgspec.structs import replace

from benchbox.plan.bench import BenchOptions, plan_bench
from benchbox.plan.estimates import TYPICAL_SHARE, least_seconds, run_seconds
from benchbox.plan.facts import Ceiling, Facts, sized
from benchbox.plan.spec import ModelSpec, Plan, RunSpec

CEILING = Ceiling(device="cpu", precision="bf16", threads=2, flops_per_second=1e11, copy_bytes_per_second=1e10)


def facts(flops: int = 10**9) -> Facts:
    known = sample_facts()
    return replace(known, machine=replace(known.machine, ceilings=(CEILING,)), flops={sized("lenet", 128): flops})


def test_no_sample_is_quicker_than_the_ceiling_allows() -> None:
    spec = sample_spec(task="infer", batch_size=50)
    assert least_seconds(spec, facts()) == pytest.approx(0.5)
    assert least_seconds(replace(spec, task="train_step"), facts()) == pytest.approx(1.5)


def test_without_a_ceiling_or_counted_work_nothing_is_known() -> None:
    assert least_seconds(sample_spec(task="infer"), sample_facts()) == 0.0
    assert least_seconds(sample_spec("alexnet", task="infer"), facts()) == 0.0
    plan = Plan(command="bench", specs=(sample_spec(),), labels=("a",))
    assert run_seconds(plan, plan.specs[0]) == 0.0


def test_a_plan_lasts_about_as_long_as_its_budget() -> None:
    plan = plan_bench(RunSpec(), [ModelSpec(name="lenet")], facts(flops=10**7), options=BenchOptions(budget=60.0))
    assert 60 < sum(run_seconds(plan, spec) for spec in plan.specs) < 120


def test_a_slow_cell_takes_its_fewest_samples_however_small_the_budget() -> None:
    slow = facts(flops=10**11)
    plan = plan_bench(RunSpec(), [ModelSpec(name="lenet")], slow, options=BenchOptions(budget=200.0, fit_seconds=0))
    sample = 32 * 1e11 * 3 / (1e11 * TYPICAL_SHARE)
    assert run_seconds(plan, plan.specs[1]) > 3 * sample
