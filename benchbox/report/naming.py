"""What a run or a row is called in tables, plots and the live display."""

from collections.abc import Callable, Sequence

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
    "data.test_fraction": "held out {}",
    "data.split_seed": "split {}",
    "data.part": "{}",
    "data.skip_bad": "skip bad {}",
    "data.cache_limit": "cache limit {}",
    "fit.epochs": "epochs {}",
    "fit.seconds": "seconds {}",
    "fit.batch_size": "batch {}",
    "fit.eval_batch_size": "eval batch {}",
    "fit.optimizer": "{}",
    "fit.lr": "lr {}",
    "fit.weight_decay": "decay {}",
    "fit.schedule": "{}",
    "placement.device": "{}",
    "placement.precision": "{}",
    "placement.memory_format": "{}",
    "placement.compile": "compile {}",
    "placement.fused": "fused {}",
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
    words = [_FIELDS[path].format(setting(value_of(spec, path))) for path in varied]
    return " ".join([spec.model.name, *words])


def row_names(rows: Sequence[Row]) -> list[str]:
    """A name for each row, as `names`."""
    return names([row.spec for row in rows])


def labeller(plan: Plan) -> Callable[[RunSpec], str]:
    """The plan's own label of a spec; the architecture's name where the plan has none for it."""
    labels = dict(zip(plan.specs, plan.labels, strict=False))
    return lambda spec: labels.get(spec, spec.model.name)
