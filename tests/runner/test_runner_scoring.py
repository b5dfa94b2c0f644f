"""Checkpoints that are evaluated by an arm's own code: what is asked, and that faults take no others along."""

from collections.abc import Sequence
from pathlib import Path

import msgspec
import pytest
from factories import eval_record, sample_identity, sample_spec

from benchbox.plan.gate import Identity, Scored, encode_message
from benchbox.plan.requests import RunRequest
from benchbox.plan.spec import RunSpec
from benchbox.records.events import PhaseBegan
from benchbox.records.record import Record, encode
from benchbox.runner.arm_process import ProcessOver
from benchbox.runner.places import ArmPlace
from benchbox.runner.scoring import Identified, score_rows

SPECS = [sample_spec(model, "evaluate") for model in ("lenet", "alexnet", "vgg16")]
PLACE = ArmPlace(asked=".", root=Path("/arm"))
IDENTITY = sample_identity()


class Process:
    """Answers as a process of an arm would; a fault ends it."""

    def __init__(self, answers: Sequence[Record | bytes | ProcessOver]) -> None:
        self.answers, self.asked = list(answers), list[RunRequest]()
        self.starts = self.ends = 0
        self.is_alive = False

    def start(self) -> None:
        self.starts += 1
        self.is_alive = True

    def send(self, content: bytes) -> None:
        self.asked.append(msgspec.json.decode(content, type=RunRequest))

    def receive(self, seconds: float | None) -> bytes:
        answer = self.answers.pop(0)
        if isinstance(answer, ProcessOver):
            self.is_alive = False
            raise answer
        if isinstance(answer, Record):
            return encode_message(Scored(record=msgspec.Raw(encode(answer)), identity=IDENTITY))
        return answer

    def end(self) -> None:
        self.ends += 1
        self.is_alive = False


def scored(
    process: Process,
    folder: Path,
    specs: Sequence[RunSpec] = SPECS,
    *,
    identified: Identified = lambda identities: None,
) -> list[Record]:
    seen = list[object]()
    records = score_rows(
        PLACE,
        specs,
        labels=[f"base {spec.model.name}" for spec in specs],
        folder=folder,
        dataset=Path("dataset"),
        observer=seen.append,
        identified=identified,
        start=lambda: process,  # type: ignore[arg-type, return-value]
    )
    found = list(records)
    assert seen == [PhaseBegan(name=f"evaluating base {spec.model.name}") for spec in specs]
    return found


def test_every_row_is_evaluated_in_one_process_under_a_name_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    process = Process([eval_record(spec.model.name) for spec in SPECS])
    records = scored(process, tmp_path / "report")
    assert [record.spec for record in records] == SPECS
    assert (process.starts, process.ends) == (1, 1)
    assert [asked.name for asked in process.asked] == ["base-lenet", "base-alexnet", "base-vgg16"]
    assert {asked.folder for asked in process.asked} == {str(tmp_path / "report")}
    assert process.asked[0].spec.checkpoint == str(tmp_path / "reports/latest-train/lenet-best.pt")
    assert process.asked[0].dataset == str(tmp_path / "dataset")
    assert process.asked[0].model == "lenet", "whoever names a row may have its code run"


def test_a_process_that_dies_is_a_record_and_the_next_row_has_another(tmp_path: Path) -> None:
    over = ProcessOver("the process was ended by SIGKILL", log="its last words", signal=9)
    process = Process([over, eval_record("alexnet"), eval_record("vgg16")])
    records = scored(process, tmp_path)
    assert [record.status for record in records] == ["crashed", "ok", "ok"]
    assert (records[0].reason, records[0].log) == ("the process was ended by SIGKILL", "its last words")
    assert process.starts == 2


def test_one_that_hangs_is_over_its_time(tmp_path: Path) -> None:
    process = Process([ProcessOver("no answer for 9 s", is_late=True)])
    assert [record.status for record in scored(process, tmp_path, SPECS[:1])] == ["timeout"]


def test_what_was_imported_is_told_after_every_row_that_came_to_an_end(tmp_path: Path) -> None:
    told = list[Sequence[Identity]]()
    over = ProcessOver("the process was ended by SIGKILL", signal=9)
    scored(Process([eval_record("lenet"), over, eval_record("vgg16")]), tmp_path, identified=told.append)
    assert told == [[IDENTITY], [IDENTITY]]


@pytest.mark.parametrize(
    "nonsense",
    [b"{}", encode_message(IDENTITY.hello), encode_message(Scored(record=msgspec.Raw(b"{}"), identity=IDENTITY))],
)
def test_nonsense_is_a_record_with_the_reason(tmp_path: Path, nonsense: bytes) -> None:
    [record] = scored(Process([nonsense]), tmp_path, SPECS[:1])
    assert record.status == "crashed"
    assert "is no record" in record.reason


def test_the_process_ends_where_nobody_wants_more(tmp_path: Path) -> None:
    process = Process([eval_record("lenet")])
    records = score_rows(
        PLACE,
        SPECS,
        labels=["a", "b", "c"],
        folder=tmp_path,
        dataset=tmp_path,
        observer=lambda event: None,
        start=lambda: process,  # type: ignore[arg-type, return-value]
    )
    next(iter(records))
    records.close()  # type: ignore[attr-defined]
    assert process.ends == 1


def test_no_row_starts_no_process(tmp_path: Path) -> None:
    process = Process([])
    assert scored(process, tmp_path, []) == []
    assert process.starts == 0
