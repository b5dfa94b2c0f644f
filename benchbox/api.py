"""What a notebook or another program uses. torch and pandas are imported when a function is called, not before."""

import os
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, overload

from msgspec.structs import replace

from benchbox.plan.facts import Facts
from benchbox.plan.requests import PrepareRequest
from benchbox.plan.spec import Activation, DataSpec, Init, ModelSpec, PlacementSpec, Plan, RunSpec
from benchbox.records.events import AnyEvent, Observer, ignore
from benchbox.records.record import Record

if TYPE_CHECKING:
    import pandas
    from torch import nn

    from benchbox.engine.checkpoint import Checkpoint
    from benchbox.records.predictions import Predictions


def build_model(
    name: str,
    *,
    classes: int = 20,
    channels: int = 1,
    image_size: int = 128,
    activation: Activation | None = None,
    dropout: float | None = None,
    init: Init | None = None,
) -> "nn.Module":
    """A network that maps (batch, channels, image_size, image_size) to (batch, classes).

    `name` is a catalogue name or a foreign network (`torchvision:NAME`, `timm:NAME`, `file.py:factory`,
    `module:factory`); None means the architecture's own activation, dropout and a suitable init. Weights
    come from torch's global generator. Raises ModelError or SpecError.
    """
    from benchbox.models import build
    from benchbox.plan.resolve import resolve_model

    model = ModelSpec(name=name, activation=activation, dropout=dropout, init=init or "auto")
    resolved = resolve_model(model, DataSpec(image_size=image_size, channels=channels))
    return build(resolved, classes=classes, channels=channels, image_size=image_size)


@overload
def run(
    what: RunSpec,
    *,
    out: str | os.PathLike[str] = ...,
    dataset: str | os.PathLike[str] = ...,
    observer: Observer = ...,
    isolate: bool = ...,
) -> Record: ...
@overload
def run(
    what: Plan,
    *,
    out: str | os.PathLike[str] = ...,
    dataset: str | os.PathLike[str] = ...,
    observer: Observer = ...,
    isolate: bool = ...,
) -> list[Record]: ...
def run(
    what: RunSpec | Plan,
    *,
    out: str | os.PathLike[str] = "reports",
    dataset: str | os.PathLike[str] = "dataset",
    observer: Observer = ignore,
    isolate: bool = False,
) -> Record | list[Record]:
    """Run one spec or a whole plan, and write its report under `out`.

    What a spec leaves open ("auto", None) is resolved first. `isolate` gives every run a process of its own,
    as the command line does; a script that uses it must guard its main code with `if __name__ == "__main__"`.
    Without it the runs share this process: their memory is counted together, and freed memory is kept only where
    every spec says so, since that lasts to the end of the process. `dataset` holds pictures and their cache.
    Raises UsageError for what cannot run and StorageError where the report cannot be written; what fails while
    running is a record that says so.
    """
    from benchbox.plan.resolve import refuse_mixed_memory
    from benchbox.records.journal import latest
    from benchbox.report.write import write_report
    from benchbox.runner.child import call, call_here
    from benchbox.runner.folder import make_folder, write_plan
    from benchbox.runner.run import Runner, run_turns

    caller = call if isolate else call_here
    plan = what if isinstance(what, Plan) else Plan(command="run", specs=(what,))
    plan = _resolved(plan, Path(dataset), observer, caller, shares_process=not isolate)
    if not isolate:
        refuse_mixed_memory(plan.specs)
    folder = make_folder(Path(out), plan.command, now=datetime.now())
    write_plan(folder, plan)
    runner = Runner(
        folder=folder,
        watcher=_Watching(observer),
        dataset=Path(dataset),
        call=caller,
        turns=run_turns if isolate else None,
    )
    records: list[Record] = []
    try:
        for record in runner.run(plan):
            records.append(record)
    finally:
        # An interruption, too, leaves a report of what was done.
        records = latest(records, plan.specs)
        write_report(folder, plan, records)
    return records if isinstance(what, Plan) else records[0]


def load(path: str | os.PathLike[str]) -> "pandas.DataFrame":
    """A report folder or a `results.jsonl` as a frame: one row an architecture under one setting.

    Units and meanings of the columns are in `frame.attrs`. Raises RecordError.
    """
    from benchbox.records.frame import load as load_frame

    return load_frame(Path(path))


def load_checkpoint(path: str | os.PathLike[str], *, model: str | None = None) -> "Checkpoint":
    """A checkpoint of `benchbox train`: its `network` in eval mode on the CPU, its `classes`, its `card`.

    No code of the file is run. A network from a user's own file is imported only if that file is given
    again as `model`. Raises CheckpointError.
    """
    from benchbox.engine.checkpoint import load_checkpoint as load_file

    return load_file(path, model=model)


def predict(
    checkpoint: str | os.PathLike[str],
    pictures: Sequence[str | os.PathLike[str]],
    *,
    model: str | None = None,
    placement: PlacementSpec | None = None,
    top: int = 5,
    observer: Observer = ignore,
) -> "Predictions":
    """What a checkpoint's network says of pictures: files, folders or zips, brought to the form it was trained on.

    Of a picture that cannot be read the answer holds the reason. `model` as for `load_checkpoint`. Freed memory is
    kept in this process only where `placement` says so: that lasts to its end. Raises UsageError for what is not
    there or cannot be done, and NotFiniteError where the answers are no numbers.
    """
    from benchbox.engine.predict import predict as predict_pictures
    from benchbox.records.predictions import PredictRequest

    asked = placement or PlacementSpec()
    request = PredictRequest(
        checkpoint=str(checkpoint),
        pictures=tuple(map(str, pictures)),
        model=model,
        placement=replace(asked, keeps_memory=bool(asked.keeps_memory)),
        top=top,
    )
    return predict_pictures(request, observer=observer)


class _Watching:
    """An observer as a watcher that cares for events only."""

    def __init__(self, observer: Observer) -> None:
        self._observer = observer

    def run_started(self, index: int, spec: RunSpec, label: str, /) -> None:
        """Not told."""

    def __call__(self, event: AnyEvent, /) -> None:
        """Hand on."""
        self._observer(event)

    def run_ended(self, record: Record, /) -> None:
        """Not told: the record is what `run` returns."""


def _resolved(
    plan: Plan, dataset: Path, observer: Observer, caller: Callable[..., Facts], *, shares_process: bool
) -> Plan:
    """The plan with nothing left open, its facts, its labels and the time."""
    from benchbox.plan.resolve import resolve
    from benchbox.runner.child import ENGINE

    known: dict[tuple[DataSpec, ModelSpec], Facts] = {}
    specs = []
    for spec in plan.specs:
        key = (spec.data, spec.model)
        if key not in known:
            request = PrepareRequest(
                data=spec.data,
                models=(spec.model,),
                placement=spec.placement,
                dataset=str(dataset),
            )
            facts = caller(f"{ENGINE}:prepare", request, returns=Facts, observer=observer)
            known[key] = replace(facts, shares_process=shares_process)
        specs.append(resolve(spec, known[key]))
    count = len(specs)
    labels = [
        spec.model.name if count == 1 else f"{number} {spec.model.name}" for number, spec in enumerate(specs, 1)
    ]
    return replace(
        plan,
        specs=tuple(specs),
        labels=plan.labels or tuple(labels),
        trusted=tuple(dict.fromkeys(spec.model.name for spec in specs)),
        facts=plan.facts or next(iter(known.values()), None),
        created=datetime.now(UTC).isoformat(timespec="seconds"),
    )
