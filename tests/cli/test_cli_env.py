"""`benchbox env`: what is asked of children, what is printed, and the keys of its JSON document."""

import json
from pathlib import Path

import msgspec
import pytest
from commandline import CommandLine
from factories_machine import sample_inspection

from benchbox.cli.env import INSPECT, PROCESSES, TIME_FIXED, Answer, inspect
from benchbox.plan.spec import PlacementSpec
from benchbox.records.events import AnyEvent, Observer, Progress
from benchbox.records.inspection import FixedRequest, FixedTimes, InspectRequest

KEYS = Path(__file__).parent / "env_keys.txt"
# Parts whose own keys are frozen elsewhere, or depend on the machine.
WHOLE = ("advice", "cautions", "doubts", "fingerprint", "placement", "processes", "blocks")


class Children:
    """Answer as child processes would, each fresh one a little slower, and remember what they were asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, msgspec.Struct]] = []

    def __call__(
        self, target: str, request: msgspec.Struct, *, returns: type[Answer], observer: Observer
    ) -> Answer:
        self.asked.append((target, request))
        fixed = FixedTimes(seconds=(0.01 * len(self.asked), 9.0, 0.001))
        answer: object = sample_inspection(processes=()) if target == INSPECT else fixed
        assert isinstance(answer, returns)
        return answer


def test_fresh_processes_do_the_work_where_the_machine_was_inspected() -> None:
    children, events = Children(), list[AnyEvent]()
    request = InspectRequest(placement=PlacementSpec(device="cpu"), seconds=20.0)
    seen = inspect(request, call=children, observer=events.append)
    assert [target for target, _ in children.asked] == [INSPECT, *[TIME_FIXED] * PROCESSES]
    settled = FixedRequest(placement=sample_inspection().placement, seconds=1.0)
    assert [asked for _, asked in children.asked] == [request, *[settled] * PROCESSES]
    assert seen.processes == pytest.approx((0.02, 0.03, 0.04, 0.05, 0.06))
    assert events[-1] == Progress(done=PROCESSES, total=PROCESSES)


def test_the_targets_exist() -> None:
    import benchbox.engine

    for target in (INSPECT, TIME_FIXED):
        module, _, name = target.partition(":")
        assert module == benchbox.engine.__name__
        assert name in benchbox.engine.__all__


@pytest.fixture
def benchbox(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> CommandLine:
    return CommandLine(tmp_path, monkeypatch, capfd)


def keys_of(document: object, path: str = "") -> set[str]:
    """The dotted paths of all values; `[]` stands for the places of a list."""
    if path.rpartition(".")[2] in WHOLE:
        return {path}
    if isinstance(document, dict):
        inside = (keys_of(value, f"{path}.{key}" if path else key) for key, value in document.items())
        return set().union(*inside)
    if isinstance(document, list):
        return set().union(*(keys_of(value, f"{path}[]") for value in document))
    return {path}


def test_the_json_document_has_the_keys_on_record(benchbox: CommandLine) -> None:
    """Change `env_keys.txt` only together with the CHANGELOG."""
    ended = benchbox("env", "--seconds", "0.2", "--device", "cpu", "--threads", "1", "--json", "--quiet")
    assert ended.code == 0, ended.err
    assert ended.err == ""
    document = json.loads(ended.out)
    assert "\n".join(sorted(keys_of(document))) + "\n" == KEYS.read_text()
    assert len(document["processes"]) == PROCESSES
    assert document["smallest_change"] > 0
    assert document["placement"]["threads"] == 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--seconds", "0"), "--seconds"),
        (("--seconds", "nan"), "--seconds"),
        (("--device", "cuda:99"), "--device"),
        (("--device", "cpu", "--threads", "9999"), "--threads"),
    ],
)
def test_what_cannot_be_is_refused(benchbox: CommandLine, words: tuple[str, ...], said: str) -> None:
    ended = benchbox("env", *words)
    assert ended.code == 2
    assert said in ended.err
    assert ended.out == ""
