"""The accuracy of given weights by an arm's own code: evaluations in a process that stands in the arm's folder."""

import sys
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import msgspec
from msgspec.structs import replace

from benchbox.errors import RecordError
from benchbox.plan.gate import Identity, decode_scored
from benchbox.plan.requests import RunRequest
from benchbox.plan.spec import RunSpec, case
from benchbox.records.events import Observer, PhaseBegan
from benchbox.records.files import file_names
from benchbox.records.record import Record, decode
from benchbox.runner.arm_process import ArmProcess, ProcessOver
from benchbox.runner.folder import OUTPUT
from benchbox.runner.measuring import from_anywhere
from benchbox.runner.outcome import make_outcome
from benchbox.runner.places import ArmPlace

COMMAND = (sys.executable, "-m", "benchbox.runner.score_child")
# An evaluation is one pass over the held-out pictures.
TIMEOUT = 1800.0

Start = Callable[[], ArmProcess]
Identified = Callable[[Sequence[Identity]], None]


def score_rows(
    place: ArmPlace,
    specs: Sequence[RunSpec],
    *,
    labels: Sequence[str],
    folder: Path,
    dataset: Path,
    observer: Observer,
    identified: Identified = lambda identities: None,
    start: Start | None = None,
) -> Iterator[Record]:
    """The record of each evaluation, which leaves its predictions in `folder`, by a name that is made of its label.

    One that takes its process with it is a record with the reason, and the next has a new process. Networks of a
    user's own are imported: the rows name them. `identified` is told what was imported, after each, and may raise.
    """

    def start_live() -> ArmProcess:
        return ArmProcess(place.root, output=(folder / OUTPUT).resolve(), command=COMMAND)

    process: ArmProcess | None = None
    try:
        for spec, label, name in zip(specs, labels, file_names(labels), strict=True):
            observer(PhaseBegan(name=f"evaluating {label}"))
            if process is None or not process.is_alive:
                process = (start or start_live)()
                process.start()
            request = _request(spec, name, folder=folder, dataset=dataset)
            yield _score(process, request, spec, identified=identified)
    finally:
        if process is not None:
            process.end()


def _request(spec: RunSpec, name: str, *, folder: Path, dataset: Path) -> RunRequest:
    """The arm stands in another folder, but takes the same weights and pictures."""
    checkpoint = str(Path(str(spec.checkpoint)).expanduser().resolve())
    return RunRequest(
        spec=replace(spec, data=from_anywhere(spec.data), checkpoint=checkpoint),
        name=name,
        folder=str(folder.resolve()),
        dataset=str(dataset.resolve()),
        model=spec.model.name,
    )


def _score(process: ArmProcess, request: RunRequest, spec: RunSpec, *, identified: Identified) -> Record:
    began = datetime.now(UTC)
    process.send(msgspec.json.encode(request))
    try:
        scored = decode_scored(process.receive(TIMEOUT))
        record = decode(bytes(scored.record))
    except ProcessOver as over:
        status = "timeout" if over.is_late else "crashed"
        return make_outcome(spec, status, over.reason, began=began, log=over.log)  # type: ignore[arg-type]
    except (msgspec.MsgspecError, RecordError) as error:
        return make_outcome(spec, "crashed", f"what the arm answered is no record: {error}", began=began)
    identified([scored.identity])
    return replace(record, spec=spec, case=case(spec))
