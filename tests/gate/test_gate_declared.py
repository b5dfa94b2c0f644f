"""Declared rows: which runs they mean, how they are missed, and of which of them the gated metrics say nothing."""

from typing import Any

import msgspec
import pytest
from factories import sample_spec
from factories_machine import sample_fingerprint

from benchbox.gate.declared import (
    ANYWHERE,
    Row,
    declared_cases,
    find_declared,
    is_asked,
    is_count,
    is_of,
    unasked_cases,
)
from benchbox.gate.verdict import Group
from benchbox.plan.spec import RunSpec, case
from benchbox.records.record import make_record

SCORED = Row(model="lenet", checkpoint="a.pt")


def run(model: str = "resnet50", **fields: Any) -> RunSpec:
    return sample_spec(model, "infer", batch_size=8, **fields)


def count(model: str = "resnet50", **fields: Any) -> RunSpec:
    """A network that was counted."""
    spec = run(model, **fields)
    data = msgspec.structs.replace(spec.data, source="turntable")
    return msgspec.structs.replace(spec, data=data, placement=ANYWHERE)


def test_a_row_means_the_runs_that_decided_what_it_left_open() -> None:
    assert is_of(run(), Row(model="resnet50"))
    assert is_of(run(), Row(model="resnet50", precision="bf16", threads=2, data="coil20"))


# Rows that ask for other work than that of resnet50 as it stands here, wherever it is done.
OTHER_WORK = (
    Row(model="vgg16"),
    Row(model="resnet50", task="train_step"),
    Row(model="resnet50", batch_size=4),
    Row(model="resnet50", image_size=64),
)


@pytest.mark.parametrize(
    "row",
    [
        *OTHER_WORK,
        Row(model="resnet50", precision="fp32"),
        Row(model="resnet50", threads=1),
        Row(model="resnet50", device="cuda"),
        Row(model="resnet50", data="turntable"),
        Row(model="resnet50", compile=True),
        Row(model="resnet50", checkpoint="a.pt"),
    ],
)
def test_a_row_does_not_mean_other_runs(row: Row) -> None:
    assert not is_of(run(), row)


@pytest.mark.parametrize(
    ("asked", "is_meant"), [("cuda", True), ("cuda:0", True), ("cuda:1", False), ("cpu", False)]
)
def test_a_kind_of_device_means_any_of_them(asked: str, is_meant: bool) -> None:
    assert is_of(run(device="cuda:0"), Row(model="resnet50", device=asked)) is is_meant


def test_fast_convolutions_are_asked_of_networks_that_have_some() -> None:
    assert is_of(run("lenet"), Row(model="lenet", convolution="fast")), "it has one form alone, and ran in that"
    assert not is_of(run("vgg16"), Row(model="vgg16", convolution="fast"))
    assert is_of(run("vgg16", convolution="fast"), Row(model="vgg16", convolution="fast"))
    assert not is_of(run("nets.py:make"), Row(model="nets.py:make", convolution="fast"))


@pytest.mark.parametrize(
    "settings",
    [
        {"precision": "bf16"},
        {"device": "cuda"},
        {"threads": 4},
        {"compile": True},
        {"memory_format": "contiguous"},
        {"convolution": "fast"},
        {"data": "coil20"},
        {"split": "views:2"},
    ],
)
def test_a_count_stands_for_every_place_and_all_pictures(settings: dict[str, Any]) -> None:
    row = Row(model="vgg16", **settings)
    assert is_of(count("vgg16"), row, is_count=True)
    assert not is_of(count("vgg16"), row), "a run that was timed there is another one"


@pytest.mark.parametrize(
    "row",
    [
        *OTHER_WORK,
        Row(model="resnet50", channels=3),
        Row(model="resnet50", checkpoint="a.pt"),
    ],
)
def test_a_count_is_of_one_network_and_size(row: Row) -> None:
    assert not is_of(count(), row, is_count=True)


def test_a_count_has_no_machine() -> None:
    record = make_record(count(), status="ok", started="2026-11-24T10:00:00+00:00", seconds=1.0)
    assert is_count(record)
    assert not is_count(msgspec.structs.replace(record, fingerprint=sample_fingerprint()))
    assert not is_count(msgspec.structs.replace(record, spec=run()))


def test_declared_rows_are_the_cases_of_the_runs_that_they_mean() -> None:
    lenet, other = run("lenet"), run("alexnet")
    found = find_declared((Row(model="lenet", name="ours"),), [lenet, other])
    assert declared_cases(found) == {case(lenet): "ours"}


def test_two_rows_of_one_count_have_the_name_that_one_was_given() -> None:
    rows = (Row(model="lenet", name="ours", precision="bf16"), Row(model="lenet"))
    found = find_declared(rows, [count("lenet")], counts={case(count("lenet"))})
    assert declared_cases(found) == {case(count("lenet")): "ours"}


def test_a_row_that_ran_nowhere_is_missed_whatever_others_are_called() -> None:
    rows = (Row(model="lenet"), Row(model="lenet", compile=True), Row(model="lenet", compile=True, threads=1))
    cases = declared_cases(find_declared(rows, [run("lenet")]))
    [met, *missed] = cases
    assert met == case(run("lenet"))
    assert len(missed) == 2
    assert all(word != "lenet infer b8@128" for word in missed)
    assert [cases[word] for word in missed] == ["lenet infer b8@128"] * 2


@pytest.mark.parametrize(
    ("groups", "of_timed", "of_scored"),
    [
        (("exact",), True, False),
        (("exact", "time"), True, False),
        (("memory",), True, False),
        (("accuracy",), False, True),
        (("exact", "accuracy"), True, True),
    ],
)
def test_groups_ask_of_rows_what_they_can_have(groups: tuple[Group, ...], of_timed: bool, of_scored: bool) -> None:
    assert is_asked(groups, is_scored=False) is of_timed
    assert is_asked(groups, is_scored=True) is of_scored


@pytest.mark.parametrize(
    ("groups", "left"),
    [(("accuracy",), ["infer"]), (("exact",), ["evaluate"]), (("exact", "time", "accuracy"), [])],
)
def test_rows_of_which_the_groups_say_nothing_are_told(groups: tuple[Group, ...], left: list[str]) -> None:
    found = find_declared((Row(model="lenet"), SCORED), [run("lenet")])
    cases = unasked_cases(found, groups)
    assert len(cases) == len(left)
    assert all(task in name for name, task in zip(cases, left, strict=True))


@pytest.mark.parametrize(("groups", "is_left"), [(("exact",), False), (("time",), True)])
def test_sizes_of_weights_that_were_scored_count(groups: tuple[Group, ...], is_left: bool) -> None:
    scored = sample_spec("lenet", "evaluate")
    assert unasked_cases(find_declared((SCORED,), [scored]), groups) == ((case(scored),) if is_left else ())
