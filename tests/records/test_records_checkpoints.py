"""Cards of checkpoints: old ones are read for ever, and the best is found by the pictures that it held out."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from benchbox.errors import CheckpointError
from benchbox.plan.spec import DataSpec, ModelSpec
from benchbox.records.checkpoints import (
    CARD_SCHEMA,
    Card,
    card_path,
    checkpoint_path,
    decode_card,
    find_checkpoint,
    state_beside,
)

# As the first release wrote it.
OLD = """{
  "schema": 1, "kind": "best",
  "model": {"name": "lenet", "activation": "sigmoid", "dropout": 0.5, "init": "suited"},
  "data": {
    "source": "turntable", "image_size": 128, "channels": 1, "fit_mode": "stretch", "test_fraction": 0.1,
    "split_seed": 0, "part": "test", "skip_bad": false, "cache_limit": 2147483648
  },
  "fit": {
    "epochs": 30, "seconds": 30.0, "batch_size": 32, "eval_batch_size": 64, "optimizer": "adamw", "lr": 0.01,
    "weight_decay": 0.01, "schedule": "one_cycle"
  },
  "data_digest": "5f73", "data_title": "turntable (dataset/turntable)", "classes": ["obj1", "obj2"],
  "mean": [0.197], "std": [0.278], "seed": 0, "epoch": 12, "epochs": 30, "accuracy": 0.99, "loss": 0.05,
  "network_digest": "", "created": "2026-11-24T05:38:28+00:00", "benchbox": "0.1.0"
}"""


def test_a_card_of_the_first_release_is_read_as_it_was_meant() -> None:
    card = decode_card(OLD, name="a.json")
    assert (card.schema, card.kind, card.model.name, card.accuracy) == (1, "best", "lenet", 0.99)
    assert (card.data.split, card.data.val_fraction, card.fit.recipe) == ("random", 0.0, "own")
    assert card.chosen_on == "test"
    assert card.weights == "epoch 12 of 30, the best on the held-out pictures"


def test_a_card_comes_back_as_it_was_and_has_the_newest_schema() -> None:
    card = replace(decode_card(OLD, name="a.json"), schema=CARD_SCHEMA, chosen_on="validation")
    assert decode_card(msgspec.json.encode(card), name="a.json") == card
    assert (CARD_SCHEMA, card.weights) == (2, "epoch 12 of 30, chosen on the pictures set aside")


def test_an_unknown_card_is_refused_with_those_that_are_known() -> None:
    with pytest.raises(CheckpointError, match=r"a\.json has schema 7\. allowed: schema 1 or 2"):
        decode_card(json.dumps(json.loads(OLD) | {"schema": 7}), name="a.json")


def put(reports: Path, report: str, **fields: Any) -> Path:
    """A checkpoint without weights, which is found by its card alone."""
    card = replace(decode_card(OLD, name="a.json"), **fields)
    path = checkpoint_path(reports / report, "lenet", card.kind)
    path.parent.mkdir(parents=True)
    path.touch()
    card_path(path).write_bytes(msgspec.json.encode(card))
    return path


def found(reports: Path, data: DataSpec) -> Path | None:
    card: Card = decode_card(OLD, name="a.json")
    model: ModelSpec = card.model
    return find_checkpoint(reports, model, data, digest=card.data_digest)


def test_only_a_checkpoint_of_the_same_held_out_pictures_is_found(tmp_path: Path) -> None:
    data = decode_card(OLD, name="a.json").data
    random = put(tmp_path, "random", data=data)
    views = put(tmp_path, "views", data=replace(data, split="views:4"))
    assert found(tmp_path, data) == random
    assert found(tmp_path, replace(data, split="views:4")) == views
    assert found(tmp_path, replace(data, split="views:8")) is None


def test_how_the_weights_began_does_not_matter_but_the_network_does(tmp_path: Path) -> None:
    card = decode_card(OLD, name="a.json")
    path = put(tmp_path, "plain", model=replace(card.model, init="default"))
    assert found(tmp_path, card.data) == path
    for other in (replace(card.model, activation="relu"), replace(card.model, dropout=0.1)):
        assert find_checkpoint(tmp_path, other, card.data, digest=card.data_digest) is None


def test_how_many_pictures_are_set_aside_changes_no_held_out_picture(tmp_path: Path) -> None:
    data = decode_card(OLD, name="a.json").data
    path = put(tmp_path, "aside", data=replace(data, val_fraction=0.2))
    assert found(tmp_path, data) == path


def test_the_last_checkpoint_and_the_state_beside_it_are_not_found(tmp_path: Path) -> None:
    data = decode_card(OLD, name="a.json").data
    last = put(tmp_path, "last", kind="last")
    state_beside(last).touch()
    assert found(tmp_path, data) is None


@pytest.mark.parametrize("run", ["lenet", "lenet-2", "a-last", "x.y"])
def test_a_state_lies_beside_the_checkpoints_of_its_run_and_no_other(run: str) -> None:
    state = state_beside(checkpoint_path(Path("report"), run, "last"))
    assert state == Path("report/checkpoints") / f"{run}-state.pt"
