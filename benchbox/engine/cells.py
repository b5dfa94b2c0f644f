"""The timed cells: one call of inference, or one training step, on one batch of the run's own pictures.

Phases, each by name and duration: build, first batch, warm-up, timed samples, memory. Accuracy is not a
cell's business.
"""

from collections.abc import Callable, Iterator

from msgspec.structs import replace

from benchbox.data.feeds import Feed
from benchbox.engine.fit import make_learner
from benchbox.engine.loops import Batch, infer, train_step
from benchbox.engine.memory import peak_above
from benchbox.engine.sampling import SLOW_SAMPLE, take_samples, time_calls
from benchbox.engine.stage import Context, Stage, feed_of, set_stage

# Warming up costs at most this share of the timing, but always two calls. Where a call still takes over
# SLOW_SAMPLE seconds when it is made a second time, the first was the warm-up and the second counts.
WARMUP_SHARE = 0.1
WARMUP_CALLS = 2
# Enough whole batches that a loader's workers are never at the end of their epoch.
BATCHES_A_PASS = 64


def time_inference(context: Context) -> None:
    """Pictures a second and latency of the forward pass on one batch that lies on the device."""
    floor, stage = set_stage(context)
    network = stage.place.compiled(stage.network).eval()
    feed = _whole_batches(context, stage, shuffle_seed=None)
    pictures, _ = next(iter(feed.batches()))
    feed.close()
    _time(context, stage, lambda: infer(network, pictures, stage.place))
    context.findings.measure("peak_memory", peak_above(floor))


def time_training(context: Context) -> None:
    """Pictures a second of a training step with its feed: next batch, forward, backward, optimizer."""
    floor, stage = set_stage(context)
    feed = _whole_batches(context, stage, shuffle_seed=context.spec.seed)
    # Constant: no schedule ends, however many steps are timed.
    constant = replace(context.spec, fit=replace(context.spec.fit, schedule="constant"))
    learner = make_learner(constant, stage, steps=1)
    learner.forward.train()
    batches = _endless(feed)
    is_watched = context.spec.placement.sync_seconds == 0

    def step() -> None:
        loss, _ = train_step(learner, *next(batches))
        if is_watched:
            loss.item()

    _time(context, stage, step)
    context.findings.measure("peak_memory", peak_above(floor))
    feed.close()


def _whole_batches(context: Context, stage: Stage, *, shuffle_seed: int | None) -> Feed:
    """Training pictures, repeated so that every batch has the size that was asked for."""
    spec = context.spec
    wanted = spec.fit.batch_size * BATCHES_A_PASS
    train = stage.sides.train
    indices = train.repeat(-(-wanted // len(train)))[:wanted]
    return feed_of(stage, spec, indices, batch_size=spec.fit.batch_size, shuffle_seed=shuffle_seed)


def _endless(feed: Feed) -> Iterator[Batch]:
    epoch = 0
    while True:
        yield from feed.batches(epoch)
        epoch += 1


def _time(context: Context, stage: Stage, call: Callable[[], object]) -> None:
    """First batch, warm-up and timed samples of a call."""
    clock, findings, place = context.clock, context.findings, stage.place
    began = context.began("first batch")
    call()
    place.synchronise()
    first = clock() - began
    findings.measure("first_batch_seconds", first)
    second = time_calls(call, 1, clock=clock, synchronise=place.synchronise) if first > SLOW_SAMPLE else 0.0
    is_slow = second > SLOW_SAMPLE
    estimate = second if is_slow else _warm_up(context, stage, call)
    context.began("timing")
    samples = take_samples(
        call,
        context.spec.timing,
        estimate=estimate,
        taken=(second,) if is_slow else (),
        clock=clock,
        synchronise=place.synchronise,
    )
    findings.measure("sample_seconds", *samples.seconds)
    findings.actual["stop_reason"] = samples.reason


def _warm_up(context: Context, stage: Stage, call: Callable[[], object]) -> float:
    """Call until WARMUP_SHARE of the timing is used; returns the seconds that the last call took."""
    began = context.began("warm-up")
    limit = began + WARMUP_SHARE * context.spec.timing.seconds
    calls, last = 0, 0.0
    while calls < WARMUP_CALLS or context.clock() < limit:
        before = context.clock()
        call()
        stage.place.synchronise()
        last = context.clock() - before
        calls += 1
    context.findings.measure("warmup_seconds", context.clock() - began)
    return last
