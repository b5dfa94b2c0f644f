"""Specs: checked when made, never repaired, JSON in and out; the case that names equal work."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from benchbox.errors import SpecError
from benchbox.plan.spec import (
    ACTIVATIONS,
    DataSpec,
    FitSpec,
    ModelSpec,
    PlacementSpec,
    RunSpec,
    TimingSpec,
    case,
    work_of,
)
from benchbox.plan.splits import SplitRule

SPECS = st.builds(
    RunSpec,
    task=st.sampled_from(["fit", "infer", "train_step"]),
    model=st.builds(
        ModelSpec,
        name=st.sampled_from(["lenet", "torchvision:resnet18"]),
        activation=st.none() | st.sampled_from(ACTIVATIONS),
        dropout=st.none() | st.floats(0, 0.99),
    ),
    data=st.builds(
        DataSpec,
        image_size=st.integers(1, 4096),
        split=st.sampled_from(["random", "folders"]) | st.integers(1, 359).map("sector:{}".format),
        val_fraction=st.floats(0, 0.99),
        split_seed=st.integers(0, 2**31),
    ),
    fit=st.builds(
        FitSpec,
        recipe=st.sampled_from(["own", "plain"]),
        until=st.none() | st.floats(0.01, 1),
        lr=st.none() | st.floats(1e-6, 1),
        label_smoothing=st.none() | st.floats(0, 0.99),
        augment=st.sampled_from([None, "none", "light", "standard"]),
        batch_size=st.integers(1, 512),
    ),
    placement=st.builds(PlacementSpec, precision=st.sampled_from(["fp32", "bf16"])),
    seed=st.integers(0, 2**31),
)


@given(SPECS)
def test_a_spec_survives_json(spec: RunSpec) -> None:
    assert msgspec.json.decode(msgspec.json.encode(spec), type=RunSpec) == spec


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: ModelSpec(name=""), "model.name"),
        (lambda: ModelSpec(activation="step"), "model.activation: got 'step'"),
        (lambda: ModelSpec(dropout=1.0), "0 ≤ dropout < 1"),
        (lambda: DataSpec(image_size=0), "data.image_size: got 0"),
        (lambda: DataSpec(channels=2), "allowed: 1, 3"),
        (lambda: DataSpec(test_fraction=1.0), "data.test_fraction"),
        (lambda: DataSpec(split="half"), "data.split: got 'half'. allowed: random, views:K"),
        (lambda: DataSpec(split="views:0"), "allowed: views: and a whole number from 1"),
        (lambda: DataSpec(split="sector:9.5"), "data.split: got 'sector:9.5'"),
        (lambda: DataSpec(val_fraction=1.0), "data.val_fraction: got 1.0. allowed: 0 or more, less than 1"),
        (lambda: DataSpec(val_fraction=-0.1), "data.val_fraction: got -0.1"),
        (lambda: FitSpec(recipe="best"), "fit.recipe: got 'best'. allowed: own, plain"),  # type: ignore[arg-type]
        (lambda: FitSpec(epochs=0), "fit.epochs: got 0"),
        (lambda: FitSpec(until=0.0), "fit.until: got 0.0"),
        (lambda: FitSpec(until=100.0), "fit.until: got 100.0. allowed: a ratio over 0, at most 1"),
        (lambda: FitSpec(until=float("nan")), "fit.until: got nan"),
        (lambda: FitSpec(label_smoothing=1.0), "fit.label_smoothing: got 1.0. allowed: 0 or more, less than 1"),
        (lambda: FitSpec(label_smoothing=float("nan")), "fit.label_smoothing: got nan"),
        (lambda: FitSpec(augment="heavy"), "allowed: unset, none, light, standard"),  # type: ignore[arg-type]
        (lambda: FitSpec(lr=-1.0), "fit.lr: got -1.0"),
        (lambda: FitSpec(lr=float("nan")), "fit.lr: got nan"),
        (lambda: FitSpec(batch_size=0), "fit.batch_size"),
        (lambda: PlacementSpec(device="gpu"), "device: got 'gpu'"),
        (lambda: PlacementSpec(threads=0), "threads: got 0"),
        (lambda: PlacementSpec(convolution="winograd"), "allowed: direct, fast"),  # type: ignore[arg-type]
        (lambda: TimingSpec(seconds=0), "timing.seconds"),
        (lambda: RunSpec(task="evaluate"), "checkpoint: got None"),
        (lambda: RunSpec(seed=-1), "seed: got -1"),
    ],
)
def test_a_value_that_is_not_allowed_is_named(make: object, message: str) -> None:
    assert callable(make)
    with pytest.raises(SpecError) as error:
        make()
    assert message in str(error.value)


def test_replacing_a_field_checks_it_again() -> None:
    with pytest.raises(SpecError):
        replace(FitSpec(), epochs=0)


def test_unknown_fields_are_refused() -> None:
    with pytest.raises(msgspec.ValidationError, match="unknown field"):
        msgspec.json.decode(b'{"tusk": "fit"}', type=RunSpec)


@given(SPECS, st.integers(0, 99))
def test_the_case_leaves_out_what_differs_between_repeats(spec: RunSpec, other: int) -> None:
    repeat = replace(spec, seed=other, timing=TimingSpec(seconds=99.0), data=replace(spec.data, split_seed=other))
    assert case(repeat) == case(spec)


@pytest.mark.parametrize(
    "changed",
    [
        RunSpec(model=ModelSpec(name="alexnet")),
        RunSpec(model=ModelSpec(activation="relu")),
        RunSpec(data=DataSpec(image_size=64)),
        RunSpec(data=DataSpec(split="views:8")),
        RunSpec(data=DataSpec(val_fraction=0.1)),
        RunSpec(fit=FitSpec(lr=0.5)),
        RunSpec(fit=FitSpec(recipe="plain")),
        RunSpec(fit=FitSpec(label_smoothing=0.1)),
        RunSpec(fit=FitSpec(augment="light")),
        RunSpec(placement=PlacementSpec(compile=True)),
        RunSpec(placement=PlacementSpec(convolution="fast")),
        RunSpec(placement=PlacementSpec(keeps_memory=False)),
    ],
)
def test_other_work_has_another_case_and_a_row_of_its_own(changed: RunSpec) -> None:
    assert case(changed) != case(RunSpec())
    assert work_of(changed) != work_of(RunSpec())


@pytest.mark.parametrize(
    "other_side", [RunSpec(task="infer"), RunSpec(fit=FitSpec(until=1.0)), RunSpec(fit=FitSpec(seconds=30.0))]
)
def test_another_side_of_the_same_work_has_another_case_in_the_same_row(other_side: RunSpec) -> None:
    assert case(other_side) != case(RunSpec())
    assert work_of(other_side) == work_of(RunSpec())


def test_a_split_is_read_from_its_text() -> None:
    assert DataSpec(split="views:8").rule == SplitRule(kind="views", number=8)
    assert DataSpec().rule == SplitRule(kind="random")


def test_the_case_is_readable() -> None:
    assert case(RunSpec(task="infer")).startswith("infer/lenet/auto-auto-channels_last/b32@128/")
