"""A series of pairs is checked when it is made, and every message comes back as it was sent."""

import msgspec
import pytest
from factories import sample_spec

from benchbox.errors import SpecError
from benchbox.plan.gate import (
    Finish,
    Finished,
    GateSeries,
    Hello,
    Identify,
    Identity,
    Look,
    Looked,
    Lost,
    Message,
    NoMemory,
    Open,
    Opened,
    Refused,
    Stopped,
    Turn,
    Turned,
    decode_said,
    decode_wish,
    encode_message,
)
from benchbox.plan.requests import RunRequest
from benchbox.plan.spec import RunSpec

HELLO = Hello(protocol=1, benchbox="/arm", version="1", schema=4, control="c", python="3.11", process=7)
RECORD = msgspec.Raw(b'{"schema":4}')


@pytest.mark.parametrize(
    "wish",
    [
        Open(row=0, request=RunRequest(spec=sample_spec("lenet", "infer"), name="row", folder="reports")),
        Turn(row=None, block=3, seconds=0.1),
        Turn(row=2, block=0, seconds=0.1),
        Look(processes=(1, 2)),
        Identify(),
        Finish(row=1, reason="enough", passes="all"),
    ],
)
def test_a_wish_comes_back_as_it_was(wish: Message) -> None:
    assert decode_wish(encode_message(wish)) == wish


@pytest.mark.parametrize(
    "said",
    [
        HELLO,
        Opened(row=1, call_seconds=0.1, peak=5),
        Turned(calls=3, seconds=0.03),
        Looked(),
        Identity(hello=HELLO, imported={"case": "net.py"}, files={"net.py": "f"}),
        Identity(hello=HELLO, imported={}, files={}, elsewhere=("/other/layers.py",)),
        NoMemory(reason="memory ran out"),
        Refused(reason="what?"),
    ],
)
def test_what_is_said_comes_back_as_it_was(said: Message) -> None:
    assert decode_said(encode_message(said)) == said


def test_records_travel_as_they_stand_in_a_journal() -> None:
    for said in (Finished(record=RECORD), Lost(record=RECORD)):
        seen = decode_said(encode_message(said))
        assert isinstance(seen, Finished | Lost)
        assert bytes(seen.record) == bytes(RECORD)
    stopped = decode_said(encode_message(Stopped(records={2: RECORD})))
    assert isinstance(stopped, Stopped)
    assert {row: bytes(record) for row, record in stopped.records.items()} == {2: bytes(RECORD)}


def test_a_wish_is_nothing_that_an_arm_says() -> None:
    with pytest.raises(msgspec.ValidationError):
        decode_said(encode_message(Identify()))


def series(*specs: RunSpec, **fields: object) -> GateSeries:
    rows = specs or (sample_spec("lenet", "infer"), sample_spec("alexnet", "train_step"))
    given = {"labels": tuple(f"row {place}" for place in range(len(rows))), "seconds": 3.0} | fields
    return GateSeries(specs=rows, **given)  # type: ignore[arg-type]


def test_rows_of_one_device_with_equal_threads_are_a_series() -> None:
    assert len(series().specs) == 2


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("seconds", 0.0),
        ("seconds", float("inf")),
        ("least", 0),
        ("most", 5),
        ("first", -1),
        ("timeout", 0.0),
        ("labels", ("one",)),
        ("labels", ("one", "one")),
    ],
)
def test_what_cannot_be_is_refused(field: str, value: object) -> None:
    with pytest.raises(SpecError):
        series(**{field: value})


@pytest.mark.parametrize(
    ("specs", "said"),
    [
        ((sample_spec("lenet", "fit"),), "task of a row: got 'fit'"),
        ((sample_spec("lenet", "infer"), sample_spec("lenet", "infer", seed=1)), "each once"),
        ((sample_spec("lenet", "infer"), sample_spec("alexnet", "infer", threads=1)), "one number of threads"),
        ((sample_spec("lenet", "infer"), sample_spec("alexnet", "infer", device="cuda:0")), "one device"),
    ],
)
def test_rows_that_cannot_be_told_apart_or_measured_together_are_refused(
    specs: tuple[RunSpec, ...], said: str
) -> None:
    with pytest.raises(SpecError, match=said):
        series(*specs)


def test_a_series_of_nothing_is_refused() -> None:
    with pytest.raises(SpecError, match="rows"):
        GateSeries(specs=(), labels=(), seconds=1.0)
