"""The timed cells: one call of inference, or one training step, on one batch of the run's own pictures.

Phases, each by name and duration: build, first batch, warm-up, timing; then, so that nothing disturbs the
timing: split, memory, parity, profile. Accuracy is not a cell's business.
"""

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass

from torch import Tensor

from benchbox.engine.activations import activation_bytes
from benchbox.engine.memory import is_out_of_memory, peak_above, peak_reserved
from benchbox.engine.parity import check_parity, first_answers, own_logits
from benchbox.engine.sampling import SLOW_SAMPLE, Samples, Timed, take_samples, time_calls
from benchbox.engine.split import split_steps
from benchbox.engine.stage import Context, Stage
from benchbox.engine.state import doubts, read_state
from benchbox.engine.steadiness import unsteady
from benchbox.engine.work import Work, open_work
from benchbox.records.estimate import median

# Warming up costs at most this share of the timing, but always two calls. Where a call still takes over
# SLOW_SAMPLE seconds when it is made a second time, the first was the warm-up and the second counts.
WARMUP_SHARE = 0.1
WARMUP_CALLS = 2


@dataclass(frozen=True, kw_only=True)
class Start:
    """What the calls before the timing showed.

    `estimate` is about how many seconds a call takes, `taken` are samples that count already, and `answer` the
    first logits that the cell gave, None in training.
    """

    estimate: float
    taken: tuple[Timed, ...] = ()
    answer: Tensor | None = None


def time_cell(context: Context) -> None:
    """Time a call of inference or a training step, then look at what it holds and whether its answers are right."""
    with closing(open_work(context)) as work:
        start = start_work(work)
        samples = sample_work(work, start)
        look_closer(work, start, seconds=samples.seconds)


def start_work(work: Work) -> Start:
    """The phases "first batch" and "warm-up". A first call with all its one-time work is no sample."""
    clock, place = work.context.clock, work.place
    began = work.context.began("first batch")
    output = work.call()
    place.synchronise()
    first = clock() - began
    work.context.findings.measure("first_batch_seconds", first)
    answer = first_answers(output) if work.learner is None else None
    if first > SLOW_SAMPLE:
        second = time_calls(work.call, 1, clock=clock, synchronise=place.synchronise, stopwatch=place.stopwatch())
        if second.seconds > SLOW_SAMPLE:
            return Start(estimate=second.seconds, taken=(second,), answer=answer)
    return Start(estimate=_warm_up(work), answer=answer)


def look_closer(work: Work, start: Start, *, seconds: Sequence[float]) -> None:
    """What is measured after the timing, in passes of its own: split, memory, parity, profile.

    `seconds` are those that a call took, in the order seen.
    """
    context, findings, stage = work.context, work.context.findings, work.stage
    estimate = median(seconds).value if seconds else start.estimate
    findings.measure("peak_memory", peak_above(work.floor))
    reserved = peak_reserved(stage.place.device)
    if reserved is not None:
        findings.measure("peak_reserved", reserved)
    if work.learner is not None:
        split_steps(work, estimate=estimate)
    pictures = work.batch()
    if work.learner is not None:
        _measure_activations(context, stage, pictures)
    answer = own_logits(stage, pictures) if start.answer is None else start.answer
    check_parity(context, stage, answer=answer, pictures=pictures)
    if context.request.profiles:
        from benchbox.engine.profiling import profile  # costs time and memory that only a profile shall pay

        profile(context, work.call, place=stage.place, network=stage.network, estimate=estimate)


def _measure_activations(context: Context, stage: Stage, pictures: Tensor) -> None:
    """Four pictures may need more than a step on fewer: that is no fault of the step's."""
    context.began("memory")
    try:
        held = activation_bytes(stage.network, pictures, stage.place)
    except (RuntimeError, MemoryError) as error:
        if not is_out_of_memory(error):
            raise
        context.findings.note("memory ran out while the activations were counted: they are left out")
    else:
        context.findings.measure("activation_bytes", held)


def sample_work(work: Work, start: Start) -> Samples:
    """The phase "timing", between two looks at the machine."""
    context, place = work.context, work.place
    context.began("timing")
    before = read_state(place.device)
    samples = take_samples(
        work.call,
        context.spec.timing,
        estimate=start.estimate,
        taken=start.taken,
        clock=context.clock,
        synchronise=place.synchronise,
        stopwatch=place.stopwatch(),
    )
    after = read_state(place.device)
    context.findings.states += [before, after]
    context.findings.doubts += [*doubts(before, after), *unsteady(samples.seconds)]
    _keep(work, samples)
    return samples


def _keep(work: Work, samples: Samples) -> None:
    findings = work.context.findings
    findings.measure("sample_seconds", *samples.seconds)
    findings.measure("wall_seconds", *samples.walls)
    findings.actual |= {"stop_reason": samples.reason, "calls_a_sample": samples.calls}
    if samples.unlikely:
        findings.note(
            f"{samples.unlikely} of {len(samples.seconds)} samples: the GPU's clock contradicts the host's, whose "
            "time was taken"
        )


def _warm_up(work: Work) -> float:
    """Call until WARMUP_SHARE of the timing is used; returns the seconds that the last call took."""
    context = work.context
    began = context.began("warm-up")
    limit = began + WARMUP_SHARE * context.spec.timing.seconds
    calls, last = 0, 0.0
    while calls < WARMUP_CALLS or context.clock() < limit:
        before = context.clock()
        work.call()
        work.place.synchronise()
        last = context.clock() - before
        calls += 1
    context.findings.measure("warmup_seconds", context.clock() - began)
    return last
