"""What a plan must know: every network on every size of pictures, their FLOPs, the ceilings."""

from pathlib import Path
from typing import Any

import pytest

from benchbox.engine.prepare import prepare, probe_data
from benchbox.errors import DataError, ModelError
from benchbox.models.describe import describe_named
from benchbox.plan.facts import Facts, sized
from benchbox.plan.requests import PrepareRequest
from benchbox.plan.spec import DataSpec, ModelSpec, PlacementSpec
from benchbox.records.description import DescribeRequest
from benchbox.records.events import ignore

CPU = PlacementSpec(device="cpu", precision="fp32", threads=1)


def ask(pictures: Path, cache: Path, *names: str, **fields: Any) -> Facts:
    return prepare(
        PrepareRequest(
            data=DataSpec(source=str(pictures), image_size=64),
            models=tuple(ModelSpec(name=name) for name in names),
            dataset=str(cache),
            **fields,
        )
    )


def test_every_side_of_the_split_is_counted(pictures: Path, cache: Path) -> None:
    data = DataSpec(source=str(pictures), image_size=64, val_fraction=0.2)
    found = probe_data(data, dataset=cache, observer=ignore)
    assert (found.pictures, found.train, found.test, found.validation) == (60, 43, 6, 11)


def test_a_split_that_these_pictures_cannot_have_is_refused(pictures: Path, cache: Path) -> None:
    with pytest.raises(DataError, match="carries no view number"):
        prepare(PrepareRequest(data=DataSpec(source=str(pictures), split="views:4"), dataset=str(cache)))


def test_a_size_that_a_network_cannot_take_is_refused_there_alone(pictures: Path, cache: Path) -> None:
    facts = ask(pictures, cache, "lenet", "googlenet", image_sizes=(32, 64), goes_on=True)
    assert set(facts.refusals) == {sized("lenet", 32)}
    assert "--image-size" in facts.refusals["lenet@32"]
    assert set(facts.network_digests) == {"lenet", "googlenet"}


def test_without_going_on_the_first_refusal_is_an_error(pictures: Path, cache: Path) -> None:
    with pytest.raises(ModelError, match="lenet at image size 32"):
        ask(pictures, cache, "lenet", "googlenet", image_sizes=(64, 32))


def test_where_nothing_can_run_there_is_no_going_on(pictures: Path, cache: Path) -> None:
    with pytest.raises(ModelError, match="lenet at image size 32"):
        ask(pictures, cache, "lenet", "alexnet", image_sizes=(32,), goes_on=True)


def test_the_datas_own_size_is_tried_where_no_sizes_are_named(pictures: Path, cache: Path) -> None:
    facts = ask(pictures, cache, "lenet")
    assert not facts.refusals
    assert not facts.flops
    assert facts.machine.ceilings == ()


def test_every_size_is_decoded_beforehand(pictures: Path, tmp_path: Path) -> None:
    facts = ask(pictures, tmp_path, image_sizes=(32, 64))
    assert facts.data.pictures == 60
    assert len([path for path in tmp_path.rglob("*") if path.is_file()]) >= 2


def test_ceilings_bring_the_flops_of_every_network_and_size(
    pictures: Path, cache: Path, own_networks: Path
) -> None:
    own = f"{own_networks}:small"
    facts = ask(pictures, cache, "lenet", own, image_sizes=(64, 80), ceilings=(CPU,))
    assert set(facts.flops) == {sized(name, size) for name in ("lenet", own) for size in (64, 80)}
    described = describe_named(DescribeRequest(model=ModelSpec(name="lenet"), image_size=80, classes=3))
    assert facts.flops["lenet@80"] == described.flops
    found = facts.machine.ceiling(device="cpu", precision="fp32", threads=1)
    assert found is not None
    assert found.flops_per_second > 0
