"""How long runs will last, told beforehand from counted work and the machine's measured ceiling.

What is expected is an estimate for a person who waits; what is least is the work at the ceiling itself, which
only an algorithm with fewer operations passes.
"""

from benchbox.plan.facts import Facts, sized
from benchbox.plan.spec import FEW_SAMPLES, Plan, RunSpec, Task

# In forward passes. A training step counts as three: the backward pass computes two products of the same size, one
# for the gradient of the weights and one for that of the inputs (Kaplan et al. 2020, section 2.1).
PASSES: dict[Task, int] = {"infer": 1, "train_step": 3, "largest_batch": 3, "fit": 3, "evaluate": 1}
# Of the matrix product's FLOP/s, what the six reach here in training: most of them lie between 0.2 and 0.5.
TYPICAL_SHARE = 0.3
# A process, its pictures and its network, until the first batch; first batch, warm-up, memory and parity are
# counted in samples.
START_SECONDS = 1.0
OTHER_SAMPLES = 5


def least_seconds(spec: RunSpec, facts: Facts) -> float:
    """The time of one sample of a resolved cell at the ceiling itself; 0 where work or ceiling is not known."""
    return _sample_seconds(spec, facts, share=1.0)


def run_seconds(plan: Plan, spec: RunSpec) -> float:
    """About how long one run of a plan lasts; 0 where nothing is known of it."""
    if plan.facts is None or not plan.facts.machine.ceilings:
        return 0.0
    sample = _sample_seconds(spec, plan.facts, share=TYPICAL_SHARE)
    if spec.task == "evaluate":
        return START_SECONDS + sample * plan.facts.data.test / spec.fit.batch_size
    if spec.task == "fit":
        training = _fit_seconds(spec, plan.facts, step=sample)
        return START_SECONDS + training if training else 0.0
    return START_SECONDS + OTHER_SAMPLES * sample + max(spec.timing.seconds, FEW_SAMPLES * sample)


def _fit_seconds(spec: RunSpec, facts: Facts, *, step: float) -> float:
    """A fit bounded by seconds takes them, or nothing where not even one epoch fits into them."""
    epoch = step * (facts.data.train + facts.data.test / PASSES["fit"]) / spec.fit.batch_size
    if spec.fit.seconds is not None:
        return spec.fit.seconds if epoch <= spec.fit.seconds else 0.0
    return epoch * (spec.fit.epochs or 1)


def _sample_seconds(spec: RunSpec, facts: Facts, *, share: float) -> float:
    place = spec.placement
    ceiling = facts.machine.ceiling(
        device=place.device, precision=place.precision, threads=place.threads or facts.machine.threads
    )
    flops = facts.flops.get(sized(spec.model.name, spec.data.image_size))
    if ceiling is None or flops is None:
        return 0.0
    return flops * spec.fit.batch_size * PASSES[spec.task] / (ceiling.flops_per_second * share)
