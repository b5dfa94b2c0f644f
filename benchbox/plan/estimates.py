"""How long runs will last, told beforehand from counted work and the machine's measured ceiling.

What is expected is an estimate for a person who waits, and rather too long than too short; what is least is the
work at the ceiling itself, which only an algorithm with fewer operations passes.
"""

from collections.abc import Sequence

from benchbox.plan.catalogue import CATALOGUE
from benchbox.plan.facts import Facts, sized
from benchbox.plan.schedule import SLICES_A_BLOCK, least_blocks, untimed_calls
from benchbox.plan.spec import FEW_SAMPLES, SLOW_CALL, Plan, RunSpec, Task

# In forward passes. A training step counts as three: the backward pass computes two products of the same size, one
# for the gradient of the weights and one for that of the inputs (Kaplan et al. 2020, section 2.1).
PASSES: dict[Task, int] = {"infer": 1, "train_step": 3, "largest_batch": 3, "fit": 3, "evaluate": 1}
# Of the matrix product's FLOP/s, about the least that any process reached, in inference or in training: twelve of
# each network, in bf16 on two cores with AVX512-BF16, batches of 32 at 128 pixels (`bench --all --data coil20
# --processes 3`, twice). Depthwise convolutions, as EfficientNet's, do little with a number once it has been read.
TYPICAL_SHARES = {
    "lenet": 0.2,
    "alexnet": 0.7,
    "googlenet": 0.6,
    "vgg16": 0.6,
    "resnet50": 0.6,
    **{name: 0.08 for name in CATALOGUE if name.startswith("efficientnet")},
}
# Of a network that was not seen: the geometric mean of the six.
UNKNOWN_SHARE = 0.35
# A process, its pictures and its network, until the first batch, seen with the quickest cells.
START_SECONDS = 1.5
# What compiling a network adds there: 15 s for LeNet's training step, 78 s for GoogLeNet's.
COMPILE_SECONDS = 60.0
# What a cell does besides its samples, in samples: first batch, two of warm-up, parity, and in training the split
# of three steps. A slow call has but its first batch, which takes longer by one-time work.
AROUND: dict[Task, float] = {"infer": 4, "train_step": 7, "largest_batch": 7}
AROUND_SLOW = 1.5


def least_seconds(spec: RunSpec, facts: Facts) -> float:
    """The time of one sample of a resolved cell at the ceiling itself; 0 where work or ceiling is not known."""
    return _sample_seconds(spec, facts, share=1.0)


def run_seconds(plan: Plan, spec: RunSpec) -> float:
    """About how long one run of a plan lasts; 0 where nothing is known of it."""
    if plan.facts is None or not plan.facts.machine.ceilings:
        return 0.0
    start = START_SECONDS + COMPILE_SECONDS * spec.placement.compile
    sample = _expected_seconds(spec, plan.facts)
    if spec.task == "evaluate":
        return start + sample * plan.facts.data.test / spec.fit.batch
    if spec.task == "fit":
        training = _fit_seconds(spec, plan.facts)
        return start + training if training else 0.0
    group = [_expected_seconds(other, plan.facts) for other in _group(plan, spec)]
    return start + _cell_seconds(spec, sample, group=group)


def _group(plan: Plan, spec: RunSpec) -> Sequence[RunSpec]:
    """The runs that take turns with a run, itself among them; none where it is timed by itself."""
    groups = ([plan.specs[place] for place in places] for places in plan.turns)
    return next((group for group in groups if spec in group), [])


def _cell_seconds(spec: RunSpec, sample: float, *, group: Sequence[float]) -> float:
    """The time that a cell was given, or its fewest calls where they take more, and what is done around them.

    `group` are the samples' seconds of all that take turns.
    """
    is_slow = sample > SLOW_CALL
    fewest = FEW_SAMPLES if is_slow else spec.timing.least
    if group:
        fewest = SLICES_A_BLOCK * least_blocks(group) * (1 + untimed_calls(sample))
    around = AROUND_SLOW if is_slow else AROUND[spec.task]
    return around * sample + max(spec.timing.seconds, fewest * sample)


def _fit_seconds(spec: RunSpec, facts: Facts) -> float:
    """A fit takes all its epochs or what bounds it, whichever is less.

    It takes nothing where not even at the ceiling an epoch would end in time; whether another one is started is
    only known once its cells have been timed.
    """
    steps = (facts.data.train + facts.data.test / PASSES["fit"]) / spec.fit.batch
    whole = steps * _expected_seconds(spec, facts) * (spec.fit.epochs or 1)
    bound = spec.fit.seconds
    if bound is None:
        return whole
    return min(whole or bound, bound) if steps * least_seconds(spec, facts) <= bound else 0.0


def _expected_seconds(spec: RunSpec, facts: Facts) -> float:
    """The time of one sample as it was seen with such networks; 0 where work or ceiling is not known."""
    return _sample_seconds(spec, facts, share=TYPICAL_SHARES.get(spec.model.name, UNKNOWN_SHARE))


def _sample_seconds(spec: RunSpec, facts: Facts, *, share: float) -> float:
    place = spec.placement
    ceiling = facts.machine.ceiling(
        device=place.device, precision=place.precision, threads=place.threads or facts.machine.threads
    )
    flops = facts.flops.get(sized(spec.model.name, spec.data.image_size))
    if ceiling is None or flops is None:
        return 0.0
    return flops * spec.fit.batch * PASSES[spec.task] / (ceiling.flops_per_second * share)
