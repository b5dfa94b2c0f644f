"""How long a plan is expected to last."""

import math

import pytest
from factories import SIZES, sample_facts, sample_spec
from msgspec.structs import replace

from benchbox.plan.bench import BenchOptions, plan_bench
from benchbox.plan.catalogue import CATALOGUE, THE_SIX
from benchbox.plan.estimates import TYPICAL_SHARES, UNKNOWN_SHARE, least_seconds, run_seconds
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
    sample = 32 * 1e11 * 3 / (1e11 * TYPICAL_SHARES["lenet"])
    assert 4 * sample < run_seconds(plan, plan.specs[1]) < 5 * sample


def test_every_network_of_the_zoo_has_a_share_and_a_foreign_one_a_middle_one() -> None:
    assert set(TYPICAL_SHARES) == set(CATALOGUE)
    product = math.prod(TYPICAL_SHARES[name] for name in THE_SIX)
    assert pytest.approx(product ** (1 / 6), abs=0.02) == UNKNOWN_SHARE
    name = "torchvision:resnet18"
    known = replace(facts(), flops={sized(name, 128): 10**9})
    spec = sample_spec(name, task="fit", epochs=1)
    plan = Plan(command="train", specs=(spec,), labels=("a",), facts=known)
    assert run_seconds(plan, spec) == pytest.approx(1.5 + (1296 + 144 / 3) * 3e9 / (1e11 * UNKNOWN_SHARE))


@pytest.mark.parametrize(
    ("bound", "epochs", "expected"),
    [
        (None, 4, 4 * 20.16),
        # The bound ends it, or its epochs do, whichever comes first.
        (60.0, 4, 60.0),
        (60.0, 1, 20.16),
        # Perhaps an epoch ends in time.
        (20.0, 4, 20.0),
        # Surely none does: it will not be started.
        (4.0, 4, 0.0),
    ],
)
def test_a_fit_takes_its_epochs_or_its_bound(bound: float | None, epochs: int, expected: float) -> None:
    # 1,296 pictures learned and 144 looked at, of 0.1 GFLOP: 4.03 s an epoch at 100 GFLOP/s, 20.16 s at a fifth.
    spec = sample_spec("lenet", task="fit", epochs=epochs, seconds=bound)
    plan = Plan(command="train", specs=(spec,), labels=("a",), facts=facts(flops=10**8))
    assert run_seconds(plan, spec) == pytest.approx(expected + 1.5 if expected else 0.0)


def test_where_the_work_is_not_known_a_bounded_fit_takes_its_bound() -> None:
    spec = sample_spec("alexnet", task="fit", seconds=30.0)
    plan = Plan(command="bench", specs=(spec,), labels=("a",), facts=facts())
    assert run_seconds(plan, spec) == pytest.approx(31.5)


# Of two cores with AVX512-BF16, in FLOP/s.
CEILINGS = {"bf16": 3.9e11, "fp32": 1.94e11}


def two_cores() -> Facts:
    """A machine with these ceilings, and the six with their work."""
    known = sample_facts()
    ceilings = tuple(replace(CEILING, precision=name, flops_per_second=seen) for name, seen in CEILINGS.items())
    flops = {sized(name, 128): int(SIZES[name][1]) for name in THE_SIX}
    return replace(known, machine=replace(known.machine, ceilings=ceilings), flops=flops)


@pytest.mark.parametrize(("processes", "took"), [(1, 312), (3, 637)])
def test_a_bench_of_the_six_is_promised_about_as_long_as_it_took(processes: int, took: float) -> None:
    models = [ModelSpec(name=name) for name in THE_SIX]
    plan = plan_bench(RunSpec(), models, two_cores(), options=BenchOptions(processes=processes))
    assert took < sum(run_seconds(plan, spec) for spec in plan.specs) < 1.3 * took


def test_arms_in_turns_are_promised_about_as_long_as_they_took() -> None:
    """Six rungs of `ablate speed` for four networks, two in fp32 and the last one compiled, took 778 s there."""
    rungs = [("fp32", False), ("fp32", False), ("bf16", False), ("bf16", False), ("bf16", False), ("bf16", True)]
    specs = tuple(
        sample_spec(name, task="train_step", precision=precision, compile=is_compiled)
        for name in ("lenet", "alexnet", "googlenet", "resnet50")
        for precision, is_compiled in rungs
    )
    turns = tuple(tuple(range(start, start + 6)) for start in range(0, 24, 6))
    plan = Plan(command="ablate speed", specs=specs, facts=two_cores(), turns=turns)
    assert 778 < sum(run_seconds(plan, spec) for spec in plan.specs) < 1.3 * 778


def test_compiling_takes_its_time() -> None:
    spec = sample_spec("lenet", task="infer")
    compiled = replace(spec, placement=replace(spec.placement, compile=True))
    plan = Plan(command="bench", specs=(spec, compiled), labels=("a", "b"), facts=facts())
    assert run_seconds(plan, compiled) == run_seconds(plan, spec) + 60


def test_arms_that_take_turns_make_more_calls_than_a_cell_alone() -> None:
    spec = sample_spec("lenet", task="train_step")
    # 3 × 32 × 1 GFLOP at a fifth of 100 GFLOP/s: 4.8 s, so three blocks of two slices of one call.
    alone = Plan(command="ablate", specs=(spec, replace(spec, seed=1)), labels=("a", "b"), facts=facts())
    in_turns = replace(alone, turns=((0, 1),))
    assert run_seconds(in_turns, spec) - run_seconds(alone, spec) == pytest.approx(3 * 4.8)
