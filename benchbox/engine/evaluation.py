"""The task `evaluate`: what a checkpoint's network says of pictures, and of disturbed ones."""

from contextlib import closing
from dataclasses import replace
from pathlib import Path

import torch
from msgspec import structs
from torch import Tensor, nn

from benchbox.data.feeds import Feed
from benchbox.data.pictures import Pictures, open_pictures
from benchbox.data.prints import picture_prints
from benchbox.data.split import Split
from benchbox.engine.answers import Scored, report_answers, score
from benchbox.engine.checkpoint import Checkpoint, load_checkpoint
from benchbox.engine.loops import evaluate
from benchbox.engine.mistakes import keep_mistakes
from benchbox.engine.place import Place, make_place
from benchbox.engine.stage import Context, Stage, feed_of, open_data, put_on_stage
from benchbox.errors import CheckpointError
from benchbox.records.checkpoints import Card, check_fit, same_split


def evaluate_checkpoint(context: Context) -> None:
    """Show the spec's part of the pictures to a checkpoint's network; scores and predictions go to the findings.

    So do a contact sheet of its mistakes and, where it is asked for, the accuracy on disturbed pictures.
    Raises CheckpointError where its classes or channels do not fit the pictures.
    """
    spec = context.spec
    path = Path(str(spec.checkpoint))
    checkpoint = load_checkpoint(path, model=context.request.model)
    pictures, sides = open_data(context)
    check_fit(checkpoint.card, name=str(path), classes=pictures.classes, channels=spec.data.channels)
    context.findings.actual |= {"weights": checkpoint.card.weights, "classes": checkpoint.classes}
    indices = _unseen(context, checkpoint, pictures, _part(spec.data.part, pictures, sides))
    stage = _set_stage(context, checkpoint, pictures=pictures, sides=sides)
    feed = feed_of(stage, spec, indices, batch_size=spec.fit.eval_batch_size, shuffle_seed=None)
    network = stage.place.compiled(stage.network).eval()
    with closing(feed):
        scored = _score_all(context, network, feed, stage.place)
    report_answers(
        context.findings,
        scored,
        names=[pictures.names[index] for index in indices.tolist()],
        classes=checkpoint.classes,
        run=context.request.name,
        folder=context.folder,
    )
    keep_mistakes(context, stage, indices, scored, classes=checkpoint.classes)
    if context.request.robustness:
        # Imported here: torchvision's transforms take a second, which no other run shall wait for.
        from benchbox.engine.robustness import measure_robustness

        measure_robustness(context, stage, network, indices)


def _score_all(context: Context, network: nn.Module, feed: Feed, place: Place) -> Scored:
    """The scores on all pictures of a feed; how fast they were given goes to the findings."""
    context.began("evaluating")
    # The first pass pays for one-time work, and its speed would be no speed.
    first = next(iter(feed.batches()))
    evaluate(network, [first], place)
    place.synchronise()
    began = context.clock()
    answers = evaluate(network, feed.batches(), place)
    place.synchronise()
    seconds = context.clock() - began
    scored = score(answers)
    context.findings.measure("eval_pictures_per_second", len(scored.labels) / seconds)
    return scored


def _set_stage(context: Context, checkpoint: Checkpoint, *, pictures: Pictures, sides: Split) -> Stage:
    """The checkpoint's network with its own normalisation, and labels in the order of its outputs."""
    card = checkpoint.card
    order = torch.tensor([card.classes.index(name) for name in pictures.classes])
    return put_on_stage(
        context,
        checkpoint.network,
        pictures=replace(pictures, labels=order[pictures.labels]),
        sides=sides,
        classes=len(card.classes),
        place=make_place(context.spec.placement),
        mean=card.mean,
        std=card.std,
    )


def _part(part: str, pictures: Pictures, sides: Split) -> Tensor:
    return {"test": sides.test, "train": sides.train, "all": torch.arange(len(pictures))}[part]


def _unseen(context: Context, checkpoint: Checkpoint, pictures: Pictures, indices: Tensor) -> Tensor:
    """Leave out pictures that the network was trained on, unless the training side itself was asked for.

    The held-out side of the training's own pictures needs no such look, and keeps what happens to be on both sides.
    Where it cannot be told which were trained on, that is noted. Raises CheckpointError where nothing is left.
    """
    part = context.spec.data.part
    if part == "train" or (part == "test" and _is_own_split(context, checkpoint.card, pictures)):
        return indices
    prints = _prints(context, checkpoint.card, pictures, indices)
    if not len(prints) or not len(checkpoint.trained_on):
        context.findings.note("it could not be checked whether some of these pictures were trained on")
        return indices
    is_seen = torch.isin(prints, checkpoint.trained_on)
    if is_seen.all():
        raise CheckpointError(
            "all these pictures were trained on", hint="use --part train to score pictures that were"
        )
    if is_seen.any():
        context.findings.note(f"left out {int(is_seen.sum()):,} pictures that the network was trained on")
    return indices[~is_seen]


def _is_own_split(context: Context, card: Card, pictures: Pictures) -> bool:
    """Whether what is held out was held out of the training too: of the same pictures by the same rule."""
    return pictures.digest == card.data_digest and same_split(context.spec.data, card.data)


def _prints(context: Context, card: Card, pictures: Pictures, indices: Tensor) -> Tensor:
    """The prints of some pictures in the form that the network was trained on, in which it knows them again.

    None [0] where they are streamed, or where not the same ones can be read in that form.
    """
    asked = context.spec.data
    trained = structs.replace(asked, image_size=card.data.image_size, fit_mode=card.data.fit_mode)
    if trained == asked:
        return picture_prints(pictures, indices)
    same = open_pictures(trained, root=Path(context.request.dataset))
    return picture_prints(same, indices if same.digest == pictures.digest else indices[:0])
