"""The task `fit`: train a network, look at the held-out pictures after every epoch, keep what is worth keeping."""

import dataclasses
import math
from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import dataclass

import msgspec

from benchbox.data.feeds import Feed
from benchbox.engine.answers import Scored, report_answers, score
from benchbox.engine.keeper import Keeper, Standing, make_card
from benchbox.engine.loops import Batch, Learner, Totals, evaluate, train_epoch, train_step
from benchbox.engine.memory import peak_above
from benchbox.engine.optimisers import make_optimizer, make_schedule
from benchbox.engine.profiling import profile
from benchbox.engine.scalars import Scalars
from benchbox.engine.stage import Context, Stage, feed_of, set_stage
from benchbox.errors import Interrupted, NotFiniteError
from benchbox.plan.spec import RunSpec
from benchbox.records.events import EpochEnded, StepSeen

# A bounded fit plans its epochs from an estimate; this much of the time is left for the estimate's error.
RESERVE = 0.1


@dataclass(frozen=True, kw_only=True)
class Fit:
    """The moving parts of one fit."""

    context: Context
    stage: Stage
    learner: Learner
    training: Feed
    held_out: Feed
    epochs: int
    began: float


def fit(context: Context) -> None:
    """Train as the spec says and leave curves, scores, predictions and checkpoints in the findings.

    Raises NotFiniteError where the loss leaves the numbers, and Interrupted after saving the last epoch.
    """
    spec = context.spec
    floor, stage = set_stage(context)
    epochs = plan_epochs(spec, context.request.epoch_seconds)
    training = feed_of(stage, spec, stage.sides.train, batch_size=spec.fit.batch_size, shuffle_seed=spec.seed)
    held_out = feed_of(stage, spec, stage.sides.test, batch_size=spec.fit.eval_batch_size, shuffle_seed=None)
    learner = make_learner(spec, stage, steps=epochs * training.steps)
    name = context.request.name
    with closing(training), closing(held_out), Scalars(context.folder, name) as scalars:
        began = context.began("training")
        run = Fit(
            context=context,
            stage=stage,
            learner=learner,
            training=training,
            held_out=held_out,
            epochs=epochs,
            began=began,
        )
        scored = _run_epochs(run, scalars)
    context.findings.measure("fit_seconds", context.clock() - began)
    _finish(run, scored)
    context.findings.measure("peak_memory", peak_above(floor))
    if context.request.profiles:
        _profile(run)


def make_learner(spec: RunSpec, stage: Stage, *, steps: int) -> Learner:
    """Everything that a training step changes, fresh; the schedule spans `steps` steps."""
    optimizer = make_optimizer(spec.fit, stage.network.parameters(), is_fused=stage.place.is_fused)
    return Learner(
        network=stage.network,
        forward=stage.place.compiled(stage.network),
        optimizer=optimizer,
        scaler=stage.place.scaler(),
        schedule=make_schedule(spec.fit, optimizer, steps=steps),
        place=stage.place,
    )


def plan_epochs(spec: RunSpec, epoch_seconds: float | None) -> int:
    """The epochs of a fit: as many as asked for, or as `fit.seconds` allow, so that the schedule ends in time."""
    asked = spec.fit.epochs or 1
    if spec.fit.seconds is None or epoch_seconds is None:
        return asked
    return max(1, min(asked, math.floor(spec.fit.seconds * (1 - RESERVE) / epoch_seconds)))


def _run_epochs(run: Fit, scalars: Scalars) -> Scored:
    context = run.context
    keeper = Keeper(context, run.learner, make_card(context, run.stage, epochs=run.epochs), run.stage)
    try:
        for epoch in range(1, run.epochs + 1):
            scored, ended = _run_epoch(run, keeper, epoch)
            scalars.add(ended)
            context.observer(ended)
            if _is_out_of_time(run, epoch):
                break
    except (Interrupted, KeyboardInterrupt):
        keeper.save_state()
        raise
    keeper.finish()
    return scored


def _run_epoch(run: Fit, keeper: Keeper, epoch: int) -> tuple[Scored, EpochEnded]:
    """Train one epoch and look at the held-out pictures."""
    clock = run.context.clock
    began = clock()
    totals = train_epoch(run.learner, run.training.batches(epoch), look=_make_look(run, epoch))
    run.stage.place.synchronise()
    trained = clock()
    loss = _finite_loss(totals, epoch)
    scored = score(evaluate(run.learner.forward, run.held_out.batches(), run.stage.place))
    looked = clock()
    is_best = keeper.keep(Standing(epoch=epoch, accuracy=scored.accuracy, loss=scored.loss))
    ended = EpochEnded(
        epoch=epoch,
        epochs=run.epochs,
        train_loss=loss,
        train_accuracy=int(totals.correct) / totals.pictures,
        test_loss=scored.loss,
        test_accuracy=scored.accuracy,
        pictures_per_second=totals.pictures / (trained - began),
        seconds_left=(looked - run.began) / epoch * (run.epochs - epoch),
        is_best=is_best,
    )
    _record_epoch(run, ended, train_seconds=trained - began, eval_seconds=looked - trained)
    return scored, ended


def _record_epoch(run: Fit, ended: EpochEnded, *, train_seconds: float, eval_seconds: float) -> None:
    findings = run.context.findings
    findings.measure("epoch_seconds", train_seconds)
    findings.measure("train_loss", ended.train_loss)
    findings.measure("train_accuracy", ended.train_accuracy)
    findings.measure("test_loss", ended.test_loss)
    findings.measure("test_accuracy", ended.test_accuracy)
    findings.measure("learning_rate", run.learner.optimizer.param_groups[0]["lr"])
    findings.measure("train_pictures_per_second", ended.pictures_per_second)
    findings.measure("eval_pictures_per_second", run.held_out.pictures / eval_seconds)


def _make_look(run: Fit, epoch: int) -> Callable[[Totals], None]:
    """The loop's look: at most every `sync_seconds` it reads the loss back, checks it and tells of it."""
    clock, pause = run.context.clock, run.context.spec.placement.sync_seconds
    began = clock()
    looked = began

    def look(totals: Totals) -> None:
        nonlocal looked
        if clock() - looked < pause:
            return
        loss = _finite_loss(totals, epoch)
        looked = clock()
        rate = totals.pictures / (looked - began)
        steps_left = run.training.steps * (run.epochs - epoch + 1) - totals.steps
        run.context.observer(
            StepSeen(
                epoch=epoch,
                epochs=run.epochs,
                step=totals.steps,
                steps=run.training.steps,
                loss=loss,
                accuracy=int(totals.correct) / totals.pictures,
                pictures_per_second=rate,
                seconds_left=steps_left * (looked - began) / totals.steps,
            )
        )

    return look


def _finite_loss(totals: Totals, epoch: int) -> float:
    """The mean loss so far. Raises NotFiniteError with the epoch and step that showed it."""
    loss = float(totals.loss) / totals.pictures
    if not math.isfinite(loss):
        raise NotFiniteError(f"the loss is {loss} in epoch {epoch} by step {totals.steps}; a lower --lr may help")
    return loss


def _is_out_of_time(run: Fit, epoch: int) -> bool:
    """Whether the bound of a bounded fit has passed with epochs still to go; then it says so."""
    bound = run.context.spec.fit.seconds
    used = run.context.clock() - run.began
    if bound is None or used < bound or epoch == run.epochs:
        return False
    run.context.findings.note(
        f"stopped after epoch {epoch} of {run.epochs}: {used:.0f} s used of {bound:g} s, so the learning rate "
        "never came down"
    )
    return True


def _finish(run: Fit, scored: Scored) -> None:
    """The headline: what the last epoch's weights say of the held-out pictures."""
    context, pictures = run.context, run.stage.pictures
    report_answers(
        context.findings,
        scored,
        names=[pictures.names[index] for index in run.stage.sides.test.tolist()],
        classes=pictures.classes,
        run=context.request.name,
        folder=context.folder,
    )


def _profile(run: Fit) -> None:
    """Profile further training steps. They change the weights, of which all that is wanted has been kept."""
    context, stage, spec = run.context, run.stage, run.context.spec
    # Constant: the fit's own schedule has come to its end.
    schedule = make_schedule(msgspec.structs.replace(spec.fit, schedule="constant"), run.learner.optimizer, steps=1)
    learner = dataclasses.replace(run.learner, schedule=schedule)
    learner.forward.train()
    size, train = spec.fit.batch_size, stage.sides.train
    # Whole batches, where there is one: a mean over unequal steps says little.
    whole = train[: len(train) // size * size or len(train)]
    feed = feed_of(stage, spec, whole, batch_size=size, shuffle_seed=spec.seed)
    with closing(feed), closing(_endless(feed)) as batches:

        def step() -> None:
            train_step(learner, *next(batches))

        began = context.clock()
        step()
        stage.place.synchronise()
        profile(context, step, place=stage.place, network=stage.network, estimate=context.clock() - began)


def _endless(feed: Feed) -> Generator[Batch, None, None]:
    epoch = 0
    while True:
        yield from feed.batches(epoch)
        epoch += 1
