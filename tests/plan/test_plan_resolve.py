"""What was left open in a spec is filled in once; what cannot run here is refused before anything runs."""

import pytest
from factories import sample_facts
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from benchbox.errors import ModelError, SpecError
from benchbox.plan.catalogue import CATALOGUE, canonical
from benchbox.plan.facts import DeviceFacts
from benchbox.plan.recipes import RECIPES, recipe_for
from benchbox.plan.resolve import refuse_mixed_memory, resolve
from benchbox.plan.spec import DataSpec, FitSpec, ModelSpec, PlacementSpec, RecipeName, RunSpec

CUDA = DeviceFacts(name="cuda:0", title="GPU", precisions=("fp32", "bf16", "fp16"), fastest="bf16")


@given(st.sampled_from(sorted(CATALOGUE)))
def test_nothing_is_left_open(name: str) -> None:
    resolved = resolve(RunSpec(model=ModelSpec(name=name)), sample_facts())
    assert resolved.model.activation == CATALOGUE[name].activation
    assert resolved.model.dropout == CATALOGUE[name].dropout
    assert resolved.model.init == "suited"
    assert (resolved.fit.lr, resolved.fit.epochs) == (RECIPES[name].lr, RECIPES[name].epochs)
    assert None not in (resolved.fit.weight_decay, resolved.fit.schedule, resolved.placement.threads)
    assert (resolved.fit.label_smoothing, resolved.fit.augment) == (0.0, "none")
    assert "auto" not in (resolved.placement.device, resolved.placement.precision, resolved.data.source)


@given(st.sampled_from(sorted(CATALOGUE)))
def test_the_plain_recipe_is_one_constant_rate_and_torchs_init_for_all(name: str) -> None:
    resolved = resolve(RunSpec(model=ModelSpec(name=name), fit=FitSpec(recipe="plain")), sample_facts())
    fit = resolved.fit
    assert (fit.lr, fit.schedule, fit.weight_decay, fit.optimizer) == (1e-4, "constant", 0.01, "adamw")
    assert (fit.label_smoothing, fit.augment, fit.epochs) == (0.0, "none", RECIPES[name].epochs)
    assert resolved.model.init == "default"


@pytest.mark.parametrize("recipe", ["own", "plain"])
def test_what_is_typed_wins_over_the_recipe(recipe: RecipeName) -> None:
    asked = RunSpec(
        model=ModelSpec(name="alexnet", init="suited" if recipe == "plain" else "default"),
        fit=FitSpec(
            recipe=recipe,
            epochs=3,
            lr=0.5,
            weight_decay=0.0,
            schedule="cosine",
            label_smoothing=0.1,
            augment="light",
        ),
    )
    resolved = resolve(asked, sample_facts())
    assert resolved.fit == asked.fit
    assert resolved.model.init == asked.model.init


@pytest.mark.parametrize("recipe", ["own", "plain"])
def test_a_foreign_network_has_both_recipes_and_keeps_its_init(recipe: RecipeName) -> None:
    name = "torchvision:resnet18"
    resolved = resolve(RunSpec(model=ModelSpec(name=name), fit=FitSpec(recipe=recipe)), sample_facts())
    assert resolved.fit.lr == recipe_for(name, recipe).lr
    assert resolved.model.init == "default"


def test_until_and_the_split_stay_as_asked() -> None:
    asked = RunSpec(data=DataSpec(split="views:8", val_fraction=0.1), fit=FitSpec(until=0.99))
    resolved = resolve(asked, sample_facts())
    assert (resolved.data.split, resolved.data.val_fraction, resolved.fit.until) == ("views:8", 0.1, 0.99)


@pytest.mark.parametrize(
    ("name", "ran"),
    [("vgg16", "fast"), ("efficientnet_b0", "fast"), ("lenet", "direct"), ("torchvision:resnet18", "fast")],
)
def test_only_networks_of_which_a_convolution_has_a_faster_form_are_asked_for_it(name: str, ran: str) -> None:
    spec = RunSpec(model=ModelSpec(name=name), placement=PlacementSpec(convolution="fast"))
    assert resolve(spec, sample_facts()).placement.convolution == ran
    assert resolve(RunSpec(model=ModelSpec(name=name)), sample_facts()).placement.convolution == "direct"


@given(st.sampled_from(sorted(CATALOGUE)), st.sampled_from(["own", "plain"]))
def test_resolving_twice_changes_nothing(name: str, recipe: RecipeName) -> None:
    once = resolve(RunSpec(model=ModelSpec(name=name), fit=FitSpec(recipe=recipe)), sample_facts())
    assert resolve(once, sample_facts()) == once


def test_what_was_asked_for_is_kept() -> None:
    asked = RunSpec(
        model=ModelSpec(activation="gelu", dropout=0.0, init="default"),
        fit=FitSpec(
            lr=0.5, epochs=3, weight_decay=0.0, schedule="constant", label_smoothing=0.1, augment="standard"
        ),
        placement=PlacementSpec(device="cpu", precision="fp32", threads=1, keeps_memory=False),
    )
    resolved = resolve(asked, sample_facts())
    assert (resolved.model, resolved.fit) == (asked.model, asked.fit)
    assert resolved.placement == replace(asked.placement, fused=True)


def test_auto_takes_the_first_device_and_its_fastest_precision() -> None:
    facts = sample_facts()
    facts = replace(facts, machine=replace(facts.machine, devices=(CUDA, *facts.machine.devices)))
    placement = resolve(RunSpec(), facts).placement
    assert (placement.device, placement.precision) == ("cuda:0", "bf16")
    assert resolve(RunSpec(placement=PlacementSpec(device="cuda")), facts).placement.device == "cuda:0"


def test_freed_memory_is_kept_where_that_can_be_and_nobody_says_otherwise() -> None:
    plain = sample_facts()
    able = replace(plain, machine=replace(plain.machine, can_keep_memory=True))
    with_gpu = replace(able, machine=replace(able.machine, devices=(CUDA, *able.machine.devices)))
    assert resolve(RunSpec(), able).placement.keeps_memory is True
    assert resolve(RunSpec(placement=PlacementSpec(keeps_memory=False)), able).placement.keeps_memory is False
    assert resolve(RunSpec(), plain).placement.keeps_memory is False
    assert resolve(RunSpec(), with_gpu).placement.keeps_memory is False


def test_in_a_shared_process_freed_memory_is_kept_only_where_somebody_says_so() -> None:
    plain = sample_facts()
    able = replace(plain, machine=replace(plain.machine, can_keep_memory=True), shares_process=True)
    assert resolve(RunSpec(), able).placement.keeps_memory is False
    assert resolve(RunSpec(placement=PlacementSpec(keeps_memory=True)), able).placement.keeps_memory is True


def test_runs_that_share_a_process_all_keep_freed_memory_or_none_does() -> None:
    keeping, plain = (RunSpec(placement=PlacementSpec(keeps_memory=keeps)) for keeps in (True, False))
    for alike in ([], [keeping, keeping], [plain, plain]):
        refuse_mixed_memory(alike)
    with pytest.raises(SpecError, match=r"keeps_memory: got 'true and false'\. allowed: one of them"):
        refuse_mixed_memory([plain, keeping])


@pytest.mark.parametrize(
    ("placement", "message"),
    [
        (PlacementSpec(device="cuda"), "device: got 'cuda'. allowed: cpu."),
        (PlacementSpec(precision="fp16"), "precision on cpu: got 'fp16'. allowed: fp32, bf16."),
        (PlacementSpec(threads=99), "threads: got 99"),
        (PlacementSpec(keeps_memory=True), "keeps_memory on cpu: got True. allowed: false"),
    ],
)
def test_a_placement_that_is_not_here_is_refused(placement: PlacementSpec, message: str) -> None:
    with pytest.raises(SpecError) as error:
        resolve(RunSpec(placement=placement), sample_facts())
    assert message in str(error.value)


def test_a_picture_under_the_smallest_is_refused_with_the_smallest() -> None:
    spec = RunSpec(model=ModelSpec(name="lenet"), data=DataSpec(image_size=32))
    with pytest.raises(ModelError, match="64 pixels or more"):
        resolve(spec, sample_facts())


@pytest.mark.parametrize("setting", [{"activation": "relu"}, {"dropout": 0.1}, {"init": "suited"}])
def test_a_foreign_network_takes_no_settings_of_the_zoo(setting: dict[str, object]) -> None:
    model = replace(ModelSpec(name="torchvision:resnet18"), **setting)
    with pytest.raises(ModelError, match="torchvision:resnet18"):
        resolve(RunSpec(model=model), sample_facts())


def test_an_optimizer_without_a_fused_kernel_runs_unfused() -> None:
    assert not resolve(RunSpec(fit=FitSpec(optimizer="rmsprop")), sample_facts()).placement.fused


def test_streamed_pictures_come_from_a_loader() -> None:
    facts = sample_facts()
    streamed = replace(facts, data=replace(facts.data, is_streamed=True))
    assert resolve(RunSpec(), streamed).placement.feed == "loader"


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("LeNet", "lenet"), ("efficientnet", "efficientnet_b0"), ("efficientnet-b3", "efficientnet_b3")],
)
def test_names_are_forgiving(typed: str, meant: str) -> None:
    assert canonical(typed) == meant


def test_an_unknown_architecture_is_refused_with_the_nearest() -> None:
    with pytest.raises(ModelError, match="did you mean resnet50"):
        canonical("resnet5O")
