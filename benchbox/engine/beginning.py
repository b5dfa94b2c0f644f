"""How a fit begins, or goes on from the state that another process left: its parts, put together."""

import math
from dataclasses import dataclass

from benchbox.data.feeds import Feed
from benchbox.engine.course import Course
from benchbox.engine.keeper import Keeper, make_card
from benchbox.engine.loops import Learner, no_totals
from benchbox.engine.optimisers import make_optimizer, make_schedule
from benchbox.engine.stage import Context, Stage, feed_of
from benchbox.engine.training_state import Position, TrainingState, load_state
from benchbox.plan.spec import RunSpec
from benchbox.records.checkpoints import checkpoint_path, state_beside

# A bounded fit plans its epochs from an estimate; this much of the time is left for the estimate's error.
RESERVE = 0.1


@dataclass(frozen=True, kw_only=True)
class Feeds:
    """The pictures of a fit by their sides; `set_aside` is None where none are."""

    training: Feed
    held_out: Feed
    set_aside: Feed | None

    def close(self) -> None:
        """End all workers."""
        for feed in (self.training, self.held_out, self.set_aside):
            if feed is not None:
                feed.close()


@dataclass(frozen=True, kw_only=True)
class Fit:
    """The parts of one fit. The learner and the course are what changes."""

    context: Context
    stage: Stage
    feeds: Feeds
    learner: Learner
    keeper: Keeper
    course: Course
    epochs: int


def open_feeds(spec: RunSpec, stage: Stage) -> Feeds:
    """The training pictures shuffled, the others in their order; to be closed."""
    sides, size = stage.sides, spec.fit.eval_batch_size
    aside = sides.validation
    return Feeds(
        training=feed_of(stage, spec, sides.train, batch_size=spec.fit.batch, shuffle_seed=spec.seed),
        held_out=feed_of(stage, spec, sides.test, batch_size=size, shuffle_seed=None),
        set_aside=feed_of(stage, spec, aside, batch_size=size, shuffle_seed=None) if len(aside) else None,
    )


def begin(context: Context, stage: Stage, feeds: Feeds) -> Fit:
    """The fit before its first step, or where the state in the folder has left it.

    Raises CheckpointError where that state cannot be read, or is not this fit's.
    """
    saved = _find_state(context, stage)
    planned = plan_epochs(context.spec, context.request.epoch_seconds)
    epochs = planned if saved is None else saved.subject.epochs
    learner = make_learner(context.spec, stage, steps=epochs * feeds.training.steps)
    keeper = Keeper(context, learner, make_card(context, stage, epochs=epochs), stage)
    keeper.remove_remains()
    totals = no_totals(stage.place.device) if saved is None else saved.restore(learner)
    position = Position() if saved is None else saved.position
    began = context.began("training")
    course = Course(position, totals, clock=context.clock, now=began)
    run = Fit(
        context=context,
        stage=stage,
        feeds=feeds,
        learner=learner,
        keeper=keeper,
        course=course,
        epochs=epochs,
    )
    if saved is not None:
        _go_on(run, position)
    return run


def _find_state(context: Context, stage: Stage) -> TrainingState | None:
    """The state in the folder that this fit shall go on from, None where it begins. Raises CheckpointError."""
    request, path = context.request, state_beside(checkpoint_path(context.folder, context.request.name, "last"))
    if not (request.resumes and request.keeps_checkpoints and path.exists()):
        return None
    saved = load_state(path)
    saved.check(
        spec=context.spec,
        data_digest=stage.pictures.digest,
        network_digest=str(context.findings.actual.get("network_digest", "")),
    )
    return saved


def _go_on(run: Fit, position: Position) -> None:
    """Take over what was seen until the position, and say from where the fit goes on."""
    findings = run.context.findings
    for metric, values in position.curves.items():
        findings.measure(metric, *values)
    findings.notes.extend(position.breaks)
    run.keeper.go_on(run.course)
    said = f"went on after epoch {position.epoch - 1} of {run.epochs}"
    if position.step:
        steps = run.feeds.training.steps
        said = f"went on from epoch {position.epoch} of {run.epochs}, step {position.step} of {steps}"
    run.course.breaks = (*position.breaks, said)
    findings.note(said)


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
        label_smoothing=spec.fit.label_smoothing or 0.0,
    )


def plan_epochs(spec: RunSpec, epoch_seconds: float | None) -> int:
    """The epochs of a fit: as many as asked for, or as `fit.seconds` allow, so that the schedule ends in time."""
    asked = spec.fit.epochs or 1
    if spec.fit.seconds is None or epoch_seconds is None:
        return asked
    return max(1, min(asked, math.floor(spec.fit.seconds * (1 - RESERVE) / epoch_seconds)))
