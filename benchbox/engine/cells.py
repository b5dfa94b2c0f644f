"""The timed cells: one call of inference, or one training step, on one batch of the run's own pictures.

Phases, each by name and duration: pictures, build, counting, placement, first batch, warm-up, control, timing,
control; then, so that nothing disturbs the timing: split, memory, parity, profile. Accuracy is not a cell's
business.
"""

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass

from torch import Tensor

from benchbox.engine.activations import activation_bytes
from benchbox.engine.control import (
    CONTROL_DIGEST,
    LEAST_SECONDS,
    SAMPLE_SECONDS,
    Control,
    Make,
    make_control_call,
    open_control,
)
from benchbox.engine.findings import Findings
from benchbox.engine.fingerprint import read_fingerprint
from benchbox.engine.memory import is_out_of_memory, peak_above, peak_reserved
from benchbox.engine.parity import COMPARED, check_parity, first_answers, own_logits
from benchbox.engine.sampling import (
    Samples,
    Timed,
    count_repeats,
    gather,
    take_samples,
    time_calls,
)
from benchbox.engine.slicing import wake
from benchbox.engine.split import split_steps
from benchbox.engine.stage import Context, Stage
from benchbox.engine.state import doubts, read_state
from benchbox.engine.steadiness import unsteady
from benchbox.engine.warmup import still_falling, warm_up
from benchbox.engine.work import Work, open_work
from benchbox.errors import Interrupted
from benchbox.models.oneline import one_line
from benchbox.plan.spec import SLOW_CALL
from benchbox.records.estimate import median

# Warming up costs at most this share of the timing, but always two calls. Where a call still takes over
# SLOW_CALL seconds when it is made a second time, the first was the warm-up and the second counts.
WARMUP_SHARE = 0.1
CUT_OFF = "cut off while sampling"
NO_CONTROL = (
    "too little time for the control network beside the samples, without which the times of two runs cannot be "
    "compared: a larger --budget has it"
)
NOT_COMPARED = (
    "the compiled training step was not compared with plain fp32, which would need a second compilation: its "
    "uncompiled form was, and a cell of inference with --compile compares the compiled one"
)


@dataclass(frozen=True, kw_only=True)
class Start:
    """What the calls before the timing showed.

    `estimate` is about how many seconds a call takes, `taken` are samples that count already, and `answer` the
    first logits that the cell gave, None in training.
    """

    estimate: float
    taken: tuple[Timed, ...] = ()
    answer: Tensor | None = None


def time_cell(context: Context, *, make_control: Make = make_control_call) -> None:
    """Time a call of inference or a training step, then look at what it holds and whether its answers are right.

    The control network is timed shortly on both sides of the samples.
    """
    with closing(open_work(context)) as work:
        context.findings.fingerprint = read_fingerprint(work.place)
        start = start_work(work)
        control = _begin_control(work, start, make_control)
        samples = sample_work(work, start)
        if control is not None:
            context.began("control")
            _time_control(context, control)
        look_closer(work, start, seconds=samples.seconds)


def _begin_control(work: Work, start: Start, make: Make) -> Control | None:
    """Time the control before the samples, and give it; None where the cell is too short for it, which is noted."""
    context, seconds = work.context, work.context.spec.timing.seconds
    if seconds >= LEAST_SECONDS:
        context.began("control")
        control = open_control(work.place.device, clock=context.clock, make=make)
        if control.samples_beside(seconds):
            context.findings.actual["control"] = CONTROL_DIGEST
            _time_control(context, control)
            wake(work, call_seconds=start.estimate)
            return control
    context.findings.note(NO_CONTROL)
    return None


def _time_control(context: Context, control: Control) -> None:
    control.call()
    for _ in range(control.samples_beside(context.spec.timing.seconds)):
        context.findings.measure("control_seconds", control.time(SAMPLE_SECONDS, clock=context.clock))


def start_work(work: Work) -> Start:
    """The phases "first batch" and "warm-up". A first call with all its one-time work is no sample."""
    clock, place = work.context.clock, work.place
    began = work.context.began("first batch")
    output = work.call()
    place.synchronise()
    first = clock() - began
    work.context.findings.measure("first_batch_seconds", first)
    answer = first_answers(output) if work.learner is None else None
    if first > SLOW_CALL:
        second = time_calls(work.call, 1, clock=clock, synchronise=place.synchronise, stopwatch=place.stopwatch())
        if second.seconds > SLOW_CALL:
            return Start(estimate=second.seconds, taken=(second,), answer=answer)
    return Start(estimate=_warm_up(work), answer=answer)


def look_closer(work: Work, start: Start, *, seconds: Sequence[float]) -> None:
    """What is measured after the timing, in passes of its own: split, memory, parity, profile.

    `seconds` are those that a call took, in the order seen. The timing stands, whatever comes: memory that runs out
    in a pass is a note, and so is any fault of the profile.
    """
    context, findings, stage = work.context, work.context.findings, work.stage
    estimate = median(seconds).value if seconds else start.estimate
    findings.measure("peak_memory", peak_above(work.floor))
    reserved = peak_reserved(stage.place.device)
    if reserved is not None:
        findings.measure("peak_reserved", reserved)
    # Taken first, since a feed that memory failed in the split gives none any more; and few, to leave it the room.
    pictures = work.batch()[:COMPARED].clone()
    if work.learner is not None:
        with _noting_memory(findings, "while the steps were split into stages: some or all are left out"):
            split_steps(work, estimate=estimate)
        _measure_activations(context, stage, pictures)
    with _noting_memory(findings, "while the answers were compared with plain fp32's: they are not known to agree"):
        _compare_answers(work, start, pictures)
    if context.request.profiles:
        _profile(work, estimate=estimate)


@contextmanager
def _noting_memory(findings: Findings, what: str) -> Iterator[None]:
    """Memory that runs out in a pass is a note; every other fault is a crash."""
    try:
        yield
    except (RuntimeError, MemoryError) as error:
        if not is_out_of_memory(error):
            raise
        findings.note(f"memory ran out {what}")


def _measure_activations(context: Context, stage: Stage, pictures: Tensor) -> None:
    """Four pictures may need more than a step on fewer: that is no fault of the step's."""
    context.began("memory")
    with _noting_memory(context.findings, "while the activations were counted: they are left out"):
        context.findings.measure("activation_bytes", activation_bytes(stage.network, pictures, stage.place))


def _compare_answers(work: Work, start: Start, pictures: Tensor) -> None:
    """A training step is asked in its uncompiled form: compiling it in eval mode too takes up to 90 s on a CPU."""
    if work.learner is not None and work.place.is_compiled:
        work.context.findings.note(NOT_COMPARED)
    answer = own_logits(work.stage, pictures) if start.answer is None else start.answer
    check_parity(work.context, work.stage, answer=answer, pictures=pictures)


def _profile(work: Work, *, estimate: float) -> None:
    """Tables and a trace are no reason for a run to fail: what goes wrong is a note."""
    from benchbox.engine.profiling import profile  # costs time and memory that only a profile shall pay

    try:
        profile(work.context, work.call, place=work.place, network=work.network, estimate=estimate)
    except Interrupted:
        raise
    except Exception as error:
        # Not swallowed: a note says it, and the run was asked for its numbers.
        work.context.findings.note(f"no profile: {one_line(error)}")


def sample_work(work: Work, start: Start) -> Samples:
    """The phase "timing", between two looks at the machine. One that is cut off leaves what it saw."""
    context, place, findings = work.context, work.place, work.context.findings
    context.began("timing")
    before, stopwatch = read_state(place.device), place.stopwatch()
    findings.states.append(before)
    seen = list(start.taken)
    samples: Samples | None = None
    try:
        samples = take_samples(
            work.call,
            context.spec.timing,
            estimate=start.estimate,
            seen=seen,
            clock=context.clock,
            synchronise=place.synchronise,
            stopwatch=stopwatch,
        )
    finally:
        calls, has_stopwatch = count_repeats(start.estimate), stopwatch is not None
        _keep(findings, samples or gather(seen, CUT_OFF, calls=calls, has_stopwatch=has_stopwatch))
    after = read_state(place.device)
    findings.states.append(after)
    findings.doubts += [*doubts(before, after), *unsteady(samples.seconds)]
    return samples


def _keep(findings: Findings, samples: Samples) -> None:
    findings.measure("sample_seconds", *samples.seconds)
    findings.measure("wall_seconds", *samples.walls)
    findings.actual |= {"stop_reason": samples.reason, "calls_a_sample": samples.calls}
    if samples.unlikely:
        findings.note(
            f"{samples.unlikely} of {len(samples.seconds)} samples: the GPU's clock contradicts the host's, whose "
            "time was taken"
        )


def _warm_up(work: Work) -> float:
    """The phase "warm-up"; the least seconds that a call took, since a hiccup only ever adds to one."""
    context = work.context
    began = context.began("warm-up")
    seconds = WARMUP_SHARE * context.spec.timing.seconds
    seen = warm_up(work.call, seconds=seconds, clock=context.clock, synchronise=work.place.synchronise)
    context.findings.measure("warmup_seconds", context.clock() - began)
    context.findings.doubts += still_falling(seen)
    return min(seen)
