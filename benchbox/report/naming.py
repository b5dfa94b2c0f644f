"""What a run or a row is called in tables, plots and the live display."""

from collections.abc import Callable, Collection, Sequence
from itertools import takewhile
from pathlib import PurePath

from benchbox.plan.axes import value_of
from benchbox.plan.spec import Plan, RunSpec
from benchbox.records.rows import Row
from benchbox.report.text import setting

# What may tell two runs of one architecture apart, and how its value stands in a name.
_FIELDS = {
    "model.activation": "{}",
    "model.dropout": "dropout {}",
    "model.init": "init {}",
    "data.source": "{}",
    "data.image_size": "{} px",
    "data.channels": "channels {}",
    "data.fit_mode": "{}",
    "data.split": "{}",
    "data.test_fraction": "held out {}",
    "data.val_fraction": "set aside {}",
    "data.split_seed": "split {}",
    "data.part": "{}",
    "data.skip_bad": "skip bad {}",
    "data.cache_limit": "cache limit {}",
    "fit.recipe": "recipe {}",
    "fit.epochs": "epochs {}",
    "fit.seconds": "seconds {}",
    "fit.until": "until {}",
    "fit.batch_size": "batch {}",
    "fit.eval_batch_size": "eval batch {}",
    "fit.optimizer": "{}",
    "fit.lr": "lr {}",
    "fit.weight_decay": "decay {}",
    "fit.schedule": "{}",
    "fit.label_smoothing": "smoothing {}",
    "fit.augment": "augment {}",
    "placement.device": "{}",
    "placement.precision": "{}",
    "placement.memory_format": "{}",
    "placement.compile": "compile {}",
    "placement.fused": "fused {}",
    "placement.convolution": "convolution {}",
    "placement.keeps_memory": "keeps memory {}",
    "placement.feed": "{}",
    "placement.threads": "threads {}",
    "placement.workers": "workers {}",
    "placement.sync_seconds": "sync {}",
    "seed": "seed {}",
    "repeat": "process {}",
    "checkpoint": "{}",
}


def names(specs: Sequence[RunSpec]) -> list[str]:
    """A name for each: the architecture and, where it comes more than once, what sets it apart."""
    return [_name(spec, [other for other in specs if other.model.name == spec.model.name]) for spec in specs]


def _name(spec: RunSpec, kin: Sequence[RunSpec]) -> str:
    varied = [path for path in _FIELDS if len({value_of(other, path) for other in kin}) > 1]
    if {other.task for other in kin} == {"evaluate"} and len({other.checkpoint for other in kin}) == len(kin) > 1:
        # How each was trained lies in its checkpoint, and would make a name that fills a table.
        varied = ["checkpoint"]
    words = [_FIELDS[path].format(_said(spec, path, kin)) for path in varied]
    return " ".join([spec.model.name, *words])


def _said(spec: RunSpec, path: str, kin: Sequence[RunSpec]) -> str:
    """A field's value, of a checkpoint's path only what sets it apart from those of its kin."""
    if path != "checkpoint" or spec.checkpoint is None:
        return setting(value_of(spec, path))
    return _apart(spec.checkpoint, {other.checkpoint for other in kin if other.checkpoint is not None})


def _apart(path: str, paths: Collection[str]) -> str:
    """A path without what all begin with and what all end in; whole where that would leave nothing of one of them.

    `reports/a/checkpoints/lenet-best.pt` beside `reports/b/checkpoints/lenet-best.pt` is `a`.
    """
    every = [PurePath(each).parts for each in paths]
    begin = _alike(every)
    end = _alike([parts[begin:][::-1] for parts in every])
    if any(len(parts) == begin + end for parts in every):
        return path
    return "/".join(PurePath(path).parts[begin:][: -end or None])


def _alike(every: Collection[Sequence[str]]) -> int:
    """With how many equal parts all begin."""
    return sum(1 for _ in takewhile(lambda parts: len(set(parts)) == 1, zip(*every, strict=False)))


def row_names(rows: Sequence[Row]) -> list[str]:
    """A name for each row, as `names`."""
    return names([row.spec for row in rows])


def labeller(plan: Plan) -> Callable[[RunSpec], str]:
    """The plan's own label of a spec; the architecture's name where the plan has none for it."""
    labels = dict(zip(plan.specs, plan.labels, strict=False))
    return lambda spec: labels.get(spec, spec.model.name)
