"""The six networks against their tables: counts, shapes, order, oracle, variations."""

from functools import partial

import pytest
import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from benchbox.errors import ModelError, SpecError
from benchbox.models import build
from benchbox.models.activations import make_activation
from benchbox.models.zoo import CONSTRUCTORS
from benchbox.plan.catalogue import CATALOGUE, THE_SIX
from benchbox.plan.spec import ACTIVATIONS, ModelSpec

# Parameters and FLOPs of a picture at 1 channel, 128 pixels, 20 classes: the definition of the zoo.
COUNTS = {
    "lenet": (73_450, 0.01553),
    "alexnet": (58_366_836, 2.28397),
    "googlenet": (6_003_140, 3.39134),
    "vgg16": (139_810_044, 57.99287),
    "resnet50": (25_854_076, 8.40689),
    "efficientnet_b0": (4_032_592, 0.24730),
}
SHAPES: dict[str, dict[str, tuple[int, ...]]] = {
    "lenet": {
        "features.conv1": (10, 60, 60),
        "features.pool1": (10, 30, 30),
        "features.conv2": (20, 26, 26),
        "features.pool2": (20, 13, 13),
        "features.conv3": (20, 10, 10),
        "features.pool3": (20, 5, 5),
        "features.conv4": (20, 5, 5),
        "head.flatten": (500,),
        "head.linear1": (100,),
        "head.linear2": (60,),
    },
    "alexnet": {
        "features.conv1": (96, 55, 55),
        "features.pool1": (96, 27, 27),
        "features.conv2": (256, 27, 27),
        "features.pool2": (256, 13, 13),
        "features.conv4": (384, 13, 13),
        "features.conv5": (256, 13, 13),
        "features.pool3": (256, 6, 6),
        "head.flatten": (9216,),
        "head.linear2": (4096,),
    },
    "googlenet": {
        "stem.conv1": (64, 112, 112),
        "stem.pool1": (64, 56, 56),
        "stem.conv3": (192, 56, 56),
        "stem.pool2": (192, 28, 28),
        "inceptions.inception3a": (256, 28, 28),
        "inceptions.inception3b": (480, 28, 28),
        "inceptions.inception4a": (512, 14, 14),
        "inceptions.inception4b": (512, 14, 14),
        "inceptions.inception4c": (512, 14, 14),
        "inceptions.inception4d": (528, 14, 14),
        "inceptions.inception4e": (832, 14, 14),
        "inceptions.inception5a": (832, 7, 7),
        "inceptions.inception5b": (1024, 7, 7),
        "head.pool": (1024, 1, 1),
    },
    "vgg16": {
        "features.conv2": (64, 128, 128),
        "features.conv3": (64, 112, 112),
        "features.conv5": (128, 112, 112),
        "features.pool1": (128, 56, 56),
        "features.pool2": (256, 28, 28),
        "features.pool3": (512, 14, 14),
        "features.pool4": (512, 7, 7),
        "head.flatten": (25088,),
        "head.linear3": (1000,),
        "head.linear4": (256,),
    },
    "resnet50": {
        "stem.conv1": (64, 112, 112),
        "stem.pool1": (64, 56, 56),
        "stages.stage1": (256, 56, 56),
        "stages.stage2": (512, 28, 28),
        "stages.stage3": (1024, 14, 14),
        "stages.stage4": (2048, 7, 7),
        "head.pool": (2048, 1, 1),
        "head.linear1": (1000,),
        "head.linear2": (256,),
    },
    "efficientnet_b0": {
        "stem": (32, 64, 64),
        "stages.stage1": (16, 64, 64),
        "stages.stage2": (24, 32, 32),
        "stages.stage3": (40, 16, 16),
        "stages.stage4": (80, 8, 8),
        "stages.stage5": (112, 8, 8),
        "stages.stage6": (192, 4, 4),
        "stages.stage7": (320, 4, 4),
        "last": (1280, 4, 4),
    },
}


def make(
    name: str,
    *,
    classes: int = 20,
    channels: int = 1,
    image_size: int = 128,
    activation: str | None = None,
    dropout: float | None = None,
) -> nn.Module:
    """A network without numbers."""
    model = ModelSpec(name=name, activation=activation, dropout=dropout)
    with torch.device("meta"):
        return build(model, classes=classes, channels=channels, image_size=image_size)


def count(network: nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


def pictures(side: int, *, channels: int = 1, amount: int = 2) -> Tensor:
    return torch.randn(amount, channels, side, side, generator=torch.Generator().manual_seed(5))


def test_every_catalogue_name_has_a_constructor() -> None:
    assert list(CONSTRUCTORS) == list(CATALOGUE)


@pytest.mark.parametrize("name", THE_SIX)
def test_parameters_are_those_of_the_definition(name: str) -> None:
    assert count(make(name)) == COUNTS[name][0]


@pytest.mark.parametrize("name", THE_SIX)
def test_flops_are_those_of_the_definition(name: str) -> None:
    counter = FlopCounterMode(display=False)
    with counter:
        make(name).eval()(torch.empty(1, 1, 128, 128, device="meta"))
    assert round(counter.get_total_flops() / 1e9, 5) == COUNTS[name][1]


@pytest.mark.parametrize("name", THE_SIX)
def test_shapes_are_those_of_the_definition(name: str) -> None:
    network = make(name).eval()
    seen: dict[str, tuple[int, ...]] = {}

    def look(path: str, module: nn.Module, inputs: object, output: Tensor) -> None:
        seen[path] = tuple(output.shape[1:])

    for path, module in network.named_modules():
        module.register_forward_hook(partial(look, path))
    network(torch.empty(1, 1, 128, 128, device="meta"))
    assert {path: seen[path] for path in SHAPES[name]} == SHAPES[name]
    assert seen[""] == (20,)


# The larger EfficientNets have the strides of the smallest.
@pytest.mark.parametrize("name", THE_SIX)
def test_the_smallest_picture_runs_and_a_smaller_one_could_not(name: str) -> None:
    smallest = CATALOGUE[name].smallest
    network = make(name, image_size=smallest)
    assert network(torch.empty(2, 1, smallest, smallest, device="meta")).shape == (2, 20)
    with pytest.raises(RuntimeError):
        network(torch.empty(2, 1, smallest - 1, smallest - 1, device="meta"))


@pytest.mark.parametrize("name", CATALOGUE)
def test_a_smaller_picture_is_refused_with_the_smallest_side(name: str) -> None:
    smallest = CATALOGUE[name].smallest
    with pytest.raises(ModelError, match=f"image size of {smallest} or more.*--image-size {smallest}"):
        make(name, image_size=smallest - 1)


@pytest.mark.parametrize("name", THE_SIX)
@pytest.mark.parametrize("side", [64, 97, 224])
def test_any_larger_side_runs_with_the_same_parameters(name: str, side: int) -> None:
    network = make(name, image_size=side)
    assert network(torch.empty(2, 1, side, side, device="meta")).shape == (2, 20)
    assert count(network) == COUNTS[name][0]


@pytest.mark.parametrize("name", THE_SIX)
def test_classes_and_channels_change_the_ends_only(name: str) -> None:
    plain, other = make(name).state_dict(), make(name, classes=7, channels=3).state_dict()
    changed = [key for key in plain if plain[key].shape != other[key].shape]
    last = [key for key in plain if key.startswith("head.linear")][-2:]
    assert changed == [next(iter(plain)), *last]
    assert make(name, classes=7, channels=3)(torch.empty(2, 3, 128, 128, device="meta")).shape == (2, 7)


ACTIVATED = {
    "lenet": 6,
    "alexnet": 7,
    "googlenet": 1 + 9 * 6,
    "vgg16": 2 + 2 + 3 + 3 + 3 + 3,
    "resnet50": 16 * 3 + 1,
    # Stem and last; each of 16 blocks has depthwise and squeeze, all but the first also expand.
    "efficientnet_b0": 2 + 16 * 3 - 1,
}


@pytest.mark.parametrize("name", THE_SIX)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_an_activation_stands_wherever_the_table_says_so(name: str, activation: str) -> None:
    network = make(name, activation=activation)
    kind = type(make_activation(activation))
    gates = 16 if name == "efficientnet_b0" and activation == "sigmoid" else 0
    assert sum(isinstance(module, kind) for module in network.modules()) == ACTIVATED[name] + gates


@pytest.mark.parametrize("name", THE_SIX)
def test_the_native_activation_is_the_catalogues(name: str) -> None:
    native = make(name, activation=CATALOGUE[name].activation)
    assert str(make(name)) == str(native)


def test_squeeze_excitation_keeps_its_sigmoid_gate() -> None:
    network = make("efficientnet_b0", activation="relu")
    gates = [path for path, module in network.named_modules() if isinstance(module, nn.Sigmoid)]
    assert len(gates) == 16
    assert all(path.endswith("excite.gate") for path in gates)


@pytest.mark.parametrize("activation", [each for each in ACTIVATIONS if each != "sigmoid"])
def test_each_activation_changes_the_output(activation: str) -> None:
    def logits(name: str) -> Tensor:
        torch.manual_seed(0)
        network = build(
            ModelSpec(name="lenet", activation=name, init="default"), classes=20, channels=1, image_size=64
        )
        values: Tensor = network.eval()(pictures(64))
        return values

    assert not torch.allclose(logits(activation), logits("sigmoid"), atol=1e-6)


def test_an_unknown_activation_is_refused_by_name() -> None:
    with pytest.raises(SpecError, match=r"activation: got 'swish'.*silu"):
        make_activation("swish")


@pytest.mark.parametrize("name", THE_SIX)
def test_dropout_is_the_catalogues_or_the_callers(name: str) -> None:
    def rates(dropout: float | None) -> set[float]:
        network = make(name, dropout=dropout)
        return {module.p for module in network.modules() if isinstance(module, nn.Dropout)}

    assert rates(None) == {CATALOGUE[name].dropout}
    assert rates(0.0) == {0.0}
    assert rates(0.3) == {0.3}


@pytest.mark.parametrize(("name", "amount"), [("alexnet", 2), ("vgg16", 1), ("lenet", 1), ("resnet50", 1)])
def test_dropout_stands_as_often_as_the_table_says(name: str, amount: int) -> None:
    assert sum(isinstance(module, nn.Dropout) for module in make(name).modules()) == amount


@pytest.mark.parametrize("name", ["lenet", "googlenet", "resnet50", "efficientnet_b0"])
def test_the_memory_formats_agree(name: str) -> None:
    torch.manual_seed(0)
    side = max(32, CATALOGUE[name].smallest)
    network = build(ModelSpec(name=name), classes=20, channels=3, image_size=side).eval()
    batch = pictures(side, channels=3)
    with torch.no_grad():
        plain = network(batch)
        turned = network.to(memory_format=torch.channels_last)(batch.contiguous(memory_format=torch.channels_last))
    torch.testing.assert_close(turned, plain, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("name", THE_SIX)
@pytest.mark.parametrize("layout", [torch.channels_last, torch.contiguous_format])
def test_both_memory_formats_train(name: str, layout: torch.memory_format) -> None:
    network = make(name, channels=3).to(memory_format=layout)
    network(torch.empty(2, 3, 128, 128, device="meta").contiguous(memory_format=layout)).sum().backward()
    assert all(parameter.grad is not None for parameter in network.parameters())
