"""A spec as a person would type it: only what differs from the defaults."""

import shlex
from pathlib import Path

from factories import sample_facts
from msgspec.structs import replace

from benchbox.plan.resolve import resolve
from benchbox.plan.spec import DataSpec, ModelSpec, RunSpec
from benchbox.plan.words import rest_command, train_command


def resolved(**fields: object) -> RunSpec:
    spec = resolve(RunSpec(**fields), sample_facts())  # type: ignore[arg-type]
    return replace(spec, data=replace(spec.data, source="my pictures"))


def test_defaults_are_not_said() -> None:
    assert train_command(resolved()) == "benchbox train lenet --data 'my pictures'"


def test_what_a_checkpoint_must_match_is_said() -> None:
    spec = resolved(
        model=ModelSpec(activation="relu", dropout=0.1, init="default"),
        data=DataSpec(image_size=64, channels=3, fit_mode="pad", split="views:8", val_fraction=0.1, split_seed=7),
    )
    words = shlex.split(train_command(spec))
    assert words[:5] == ["benchbox", "train", "lenet", "--data", "my pictures"]
    options = dict(zip(words[5::2], words[6::2], strict=True))
    assert options == {
        "--image-size": "64",
        "--channels": "3",
        "--fit-mode": "pad",
        "--split": "views:8",
        "--val-fraction": "0.1",
        "--split-seed": "7",
        "--activation": "relu",
        "--dropout": "0.1",
        "--init": "default",
    }


def test_a_foreign_network_has_no_settings_to_say() -> None:
    assert "--" not in train_command(resolved(model=ModelSpec(name="torchvision:resnet18"))).split("--data", 1)[1]


def test_the_rest_of_a_report_is_run_by_its_own_command() -> None:
    assert rest_command("ablate speed", Path("my reports/x")) == "`benchbox ablate --resume 'my reports/x'`"
    assert rest_command("eval", Path("reports/x")) == "the same command again"
