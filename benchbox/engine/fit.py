"""The task `fit`: train a network, look at the held-out pictures after every epoch, keep what is worth keeping."""

import dataclasses
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager

import msgspec

from benchbox.data.feeds import Feed
from benchbox.engine.answers import Scored, report_answers, score
from benchbox.engine.beginning import Fit, begin, open_feeds
from benchbox.engine.checkpoint import weights_digest
from benchbox.engine.lookout import Lookout, advice
from benchbox.engine.loops import Batch, evaluate, train_epoch, train_step
from benchbox.engine.memory import peak_above
from benchbox.engine.optimisers import make_schedule
from benchbox.engine.profiling import profile
from benchbox.engine.scalars import Scalars
from benchbox.engine.stage import Context, feed_of, set_stage
from benchbox.engine.training_state import Standing
from benchbox.errors import Interrupted, NotFiniteError
from benchbox.records.events import EpochEnded
from benchbox.records.learning import ROUNDING
from benchbox.signals import signals_held


def fit(context: Context) -> None:
    """Train as the spec says and leave curves, scores, predictions and checkpoints in the findings.

    Raises NotFiniteError where the loss leaves the numbers, Interrupted after saving the state to go on from, and
    CheckpointError where a state is there that is not this fit's.
    """
    floor, stage = set_stage(context)
    with closing(open_feeds(context.spec, stage)) as feeds:
        run = begin(context, stage, feeds)
        with _saving_when_stopped(run):
            with Scalars(context.folder, context.request.name, first=run.course.epoch) as scalars:
                scored = _run_epochs(run, scalars)
            context.findings.measure("fit_seconds", run.course.seconds)
            _finish(run, scored)
            context.findings.measure("peak_memory", peak_above(floor))
            if context.request.profiles:
                # Now: a profile changes the weights, and one that is stopped is to be made again from these.
                run.keeper.save_state(run.course)
    if context.request.profiles:
        _profile(run)
    run.keeper.drop_state()


@contextmanager
def _saving_when_stopped(run: Fit) -> Iterator[None]:
    """A signal that ends what is done in here leaves a state to go on from."""
    try:
        yield
    except (Interrupted, KeyboardInterrupt):
        run.keeper.save_state(run.course)
        raise


def _run_epochs(run: Fit, scalars: Scalars) -> Scored:
    """Train to the end, whatever ends it, and keep the last weights; returns the scores of the last epoch."""
    scored = None
    while not _is_over(run):
        scored = _run_epoch(run, scalars)
    if scored is None:  # the state was saved after the last epoch
        scored = _look(run, run.feeds.held_out, rate=run.learner.rate)
    _say_ending(run)
    run.keeper.finish(_last(run))
    return scored


def _run_epoch(run: Fit, scalars: Scalars) -> Scored:
    """Train an epoch, or what is left of it, and look at the pictures that are held out or set aside.

    Returns the scores on the held-out ones.
    """
    course, training, clock = run.course, run.feeds.training, run.context.clock
    lookout = Lookout(run.context, run.learner, course, run.keeper, epochs=run.epochs, steps=training.steps)
    with course.training():
        rest = course.steps(training.batches(course.epoch, skip=course.totals.steps))
        train_epoch(run.learner, rest, look=lookout, start=course.totals)
        run.stage.place.synchronise()
    loss, trained = lookout.finite_loss(), clock()
    scored = _look(run, run.feeds.held_out, rate=lookout.last_rate)
    looked = clock()
    aside = None
    if run.feeds.set_aside is not None:
        aside = _look(run, run.feeds.set_aside, rate=lookout.last_rate, pictures="pictures set aside")
    # A signal waits: what is measured, what is kept and how far the fit has come belong together.
    with signals_held():
        ended = _end_epoch(run, loss, scored, aside, eval_seconds=looked - trained)
        scalars.add(ended)
        run.context.observer(ended)
        # The first epoch's end always: that much at least is never lost.
        if ended.epoch == 1 or run.keeper.is_due(clock(), within_epoch=False):
            run.keeper.save_state(course)
    return scored


def _look(run: Fit, feed: Feed, *, rate: float, pictures: str = "held-out pictures") -> Scored:
    """Scores on some pictures.

    Raises NotFiniteError where the weights give no numbers, with the learning `rate` of the step that made them.
    """
    try:
        return score(evaluate(run.learner.forward, feed.batches(), run.stage.place), pictures=pictures)
    except NotFiniteError as error:
        course = run.course
        where = f"after epoch {course.epoch}, step {course.totals.steps} of {run.feeds.training.steps}"
        raise NotFiniteError(f"{error} {where}, {advice(rate, run.keeper)}") from error


def _end_epoch(run: Fit, loss: float, scored: Scored, aside: Scored | None, *, eval_seconds: float) -> EpochEnded:
    """Record an epoch, and keep its weights where they are the best."""
    course, totals = run.course, run.course.totals
    epoch, train_seconds = course.epoch, course.epoch_seconds
    held_out, judged = _standing(epoch, scored), _standing(epoch, aside or scored)
    ended = EpochEnded(
        epoch=epoch,
        epochs=run.epochs,
        train_loss=loss,
        train_accuracy=int(totals.correct) / totals.pictures,
        test_loss=scored.loss,
        test_accuracy=scored.accuracy,
        val_loss=None if aside is None else aside.loss,
        val_accuracy=None if aside is None else aside.accuracy,
        pictures_per_second=totals.pictures / train_seconds,
        seconds_left=course.seconds / epoch * (run.epochs - epoch),
        is_best=judged.is_better_than(course.best),
    )
    _record_epoch(run, ended, train_seconds=train_seconds, eval_seconds=eval_seconds)
    if ended.is_best:
        run.keeper.keep_best(held_out)
    course.end_epoch(judged=judged, held_out=held_out)
    return ended


def _standing(epoch: int, scored: Scored) -> Standing:
    return Standing(epoch=epoch, accuracy=scored.accuracy, loss=scored.loss)


def _record_epoch(run: Fit, ended: EpochEnded, *, train_seconds: float, eval_seconds: float) -> None:
    seen = {
        "epoch_seconds": train_seconds,
        "train_loss": ended.train_loss,
        "train_accuracy": ended.train_accuracy,
        "test_loss": ended.test_loss,
        "test_accuracy": ended.test_accuracy,
        "val_loss": ended.val_loss,
        "val_accuracy": ended.val_accuracy,
        "learning_rate": run.learner.rate,
        "train_pictures_per_second": ended.pictures_per_second,
        "eval_pictures_per_second": run.feeds.held_out.pictures / eval_seconds,
    }
    for metric, value in seen.items():
        if value is not None:
            run.context.findings.measure(metric, value)


def _last(run: Fit) -> Standing:
    assert run.course.last is not None, "a fit has one epoch or more"
    return run.course.last


def _is_over(run: Fit) -> bool:
    """Whether no epoch follows; one that was begun before a break is ended first, or its weights would be torn."""
    last = run.course.last
    if last is None or run.course.totals.steps:
        return False
    return last.epoch >= run.epochs or _has_reached(run, last) or _is_out_of_time(run)


def _has_reached(run: Fit, last: Standing) -> bool:
    """Whether the last epoch has the held-out accuracy after which the fit shall end."""
    until = run.context.spec.fit.until
    return until is not None and last.accuracy >= until - ROUNDING


def _is_out_of_time(run: Fit) -> bool:
    bound = run.context.spec.fit.seconds
    return bound is not None and run.course.seconds >= bound


def _say_ending(run: Fit) -> None:
    """Note what ended a fit, where that is not its last epoch alone."""
    fit, last, findings = run.context.spec.fit, _last(run), run.context.findings
    if fit.until is not None and _has_reached(run, last):
        findings.note(f"reached {_percent(fit.until)} after epoch {last.epoch} of {run.epochs}, as asked")
        return
    if last.epoch < run.epochs:
        findings.note(
            f"stopped after epoch {last.epoch} of {run.epochs}: {run.course.seconds:.0f} s used of "
            f"{fit.seconds:g} s, so the learning rate never came down"
        )
    if fit.until is not None:
        accuracies = findings.values("test_accuracy")
        best = max(accuracies)
        findings.note(
            f"{_percent(fit.until)} was not reached in {last.epoch} of {run.epochs} epochs: the best was "
            f"{_percent(best)} after epoch {accuracies.index(best) + 1}; more --epochs may help"
        )


def _percent(share: float) -> str:
    return f"{100 * share:.4g} %"


def _finish(run: Fit, scored: Scored) -> None:
    """The headline: what the last epoch's weights say of the held-out pictures."""
    context, pictures = run.context, run.stage.pictures
    context.findings.actual["weights_digest"] = weights_digest(run.stage.network)
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
    size, train = spec.fit.batch, stage.sides.train
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
