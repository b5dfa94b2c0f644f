"""Counting and listing layers without arithmetic."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn

from benchbox.errors import Interrupted, ModelError
from benchbox.models.describe import describe, describe_all, describe_named
from benchbox.models.receptive import receptive_fields
from benchbox.models.wording import formula_of, kind_of
from benchbox.plan.catalogue import THE_SIX
from benchbox.plan.spec import ModelSpec
from benchbox.records.description import DescribeAllRequest, DescribeRequest, Description, Layer

LENET = """
features.conv1|conv 10@10×10 s2|10×60×60|(128 − 10 + 2·0) / 2 + 1 = 60|1010|7200000|10
features.act1|Sigmoid|10×60×60||0|0|10
features.pool1|max pool 2×2 s2|10×30×30|(60 − 2 + 2·0) / 2 + 1 = 30|0|0|12
features.conv2|conv 20@5×5|20×26×26|(30 − 5 + 2·0) / 1 + 1 = 26|5020|6760000|28
features.act2|Sigmoid|20×26×26||0|0|28
features.pool2|max pool 2×2 s2|20×13×13|(26 − 2 + 2·0) / 2 + 1 = 13|0|0|32
features.conv3|conv 20@4×4|20×10×10|(13 − 4 + 2·0) / 1 + 1 = 10|6420|1280000|56
features.act3|Sigmoid|20×10×10||0|0|56
features.pool3|max pool 2×2 s2|20×5×5|(10 − 2 + 2·0) / 2 + 1 = 5|0|0|64
features.conv4|conv 20@3×3 p1|20×5×5|(5 − 3 + 2·1) / 1 + 1 = 5|3620|180000|96
features.act4|Sigmoid|20×5×5||0|0|96
head.pool|average pool to 5×5|20×5×5||0|0|96
head.flatten|flatten|500||0|0|96
head.dropout1|dropout 0.5|500||0|0|96
head.linear1|linear 100|100||50100|100000|picture
head.act1|Sigmoid|100||0|0|picture
head.linear2|linear 60|60||6060|12000|picture
head.act2|Sigmoid|60||0|0|picture
head.linear3|linear 20|20||1220|2400|picture
"""
# The stem and the first block of the second stage.
RESNET50 = """
stem.conv1|conv 64@17×17|64×112×112|(128 − 17 + 2·0) / 1 + 1 = 112|18560|464027648|17
stem.norm1|batch norm|64×112×112||128|0|17
stem.pool1|max pool 3×3 s2 p1|64×56×56|⌊(112 − 3 + 2·1) / 2⌋ + 1 = 56|0|0|19
stages.stage2.block1.residual.conv1|conv 128@1×1|128×56×56|(56 − 1 + 2·0) / 1 + 1 = 56|32896|205520896|31
stages.stage2.block1.residual.norm1|batch norm|128×56×56||256|0|31
stages.stage2.block1.residual.act1|ReLU|128×56×56||0|0|31
stages.stage2.block1.residual.conv2|conv 128@3×3 s2 p1|128×28×28|⌊(56 − 3 + 2·1) / 2⌋ + 1 = 28|147584|231211008|35
stages.stage2.block1.residual.norm2|batch norm|128×28×28||256|0|35
stages.stage2.block1.residual.act2|ReLU|128×28×28||0|0|35
stages.stage2.block1.residual.conv3|conv 512@1×1|512×28×28|(28 − 1 + 2·0) / 1 + 1 = 28|66048|102760448|35
stages.stage2.block1.residual.norm3|batch norm|512×28×28||1024|0|35
stages.stage2.block1.shortcut.conv1|conv 512@1×1 s2|512×28×28|⌊(56 − 1 + 2·0) / 2⌋ + 1 = 28|131584|205520896|31
stages.stage2.block1.shortcut.norm1|batch norm|512×28×28||1024|0|31
stages.stage2.block1.add|add shortcut|512×28×28||0|0|35
stages.stage2.block1.act|ReLU|512×28×28||0|0|35
"""


def line(layer: Layer) -> str:
    output = "×".join(str(side) for side in layer.output)
    fields = (layer.path, layer.kind, output, layer.formula, layer.parameters, layer.flops)
    return "|".join(str(field) for field in (*fields, layer.receptive_field))


def of(name: str, *, channels: int = 1, image_size: int = 128) -> Description:
    return describe_named(
        DescribeRequest(model=ModelSpec(name=name), channels=channels, image_size=image_size, classes=20)
    )


def fields(network: nn.Module, *, side: int = 32) -> list[object]:
    """Receptive fields of a network on grey pictures, layer by layer."""
    described = describe(network, name="own", channels=1, image_size=side, classes=20)
    return [layer.receptive_field for layer in described.layers]


def test_lenet_layer_by_layer() -> None:
    assert "\n".join(line(layer) for layer in of("lenet").layers) == LENET.strip()


def test_resnet50_layer_by_layer() -> None:
    shown = [layer for layer in of("resnet50").layers if layer.path.startswith(("stem", "stages.stage2.block1"))]
    assert "\n".join(line(layer) for layer in shown) == RESNET50.strip()


@pytest.mark.parametrize("name", THE_SIX)
def test_the_layers_add_up_to_the_whole(name: str) -> None:
    described = of(name)
    assert sum(layer.parameters for layer in described.layers) == described.parameters
    assert sum(layer.flops for layer in described.layers) == described.flops
    assert described.layers[-1].output == (20,)


@pytest.mark.parametrize("name", THE_SIX)
def test_every_window_has_its_formula_and_every_layer_its_field(name: str) -> None:
    for layer in of(name, image_size=97).layers:
        is_window = layer.kind.startswith(("conv ", "depthwise", "max pool"))
        assert bool(layer.formula) == is_window, layer
        assert layer.receptive_field is not None


def test_a_real_network_is_counted_and_left_as_it_was() -> None:
    norm = nn.BatchNorm2d(4)
    network = nn.Sequential(nn.Conv2d(1, 4, 3), norm, nn.Flatten(), nn.Linear(4 * 30 * 30, 20))
    described = describe(network, name="own", channels=1, image_size=32, classes=20)
    assert described.flops == 2 * (4 * 9 * 30 * 30 + 4 * 900 * 20)
    assert described.parameters == 40 + 8 + 72_020
    assert described.buffers == 4 + 4 + 1
    assert described.weight_bytes == 4 * (72_068 + 8) + 8
    assert network.training
    assert norm.num_batches_tracked == 0


def test_branches_meet_at_the_largest_field() -> None:
    layers = {layer.path: layer.receptive_field for layer in of("googlenet").layers}
    module = "inceptions.inception3a"
    ends = [layers[f"{module}.{branch}"] for branch in ("one.conv1", "three.conv2", "five.conv2", "project.conv1")]
    assert ends == [27, 35, 43, 35]
    assert layers[f"{module}.concatenate"] == 43


def test_a_gate_does_not_widen_the_field() -> None:
    layers = {layer.path: layer.receptive_field for layer in of("efficientnet_b0").layers}
    block = "stages.stage1.block1.residual"
    assert layers[f"{block}.excite.gate"] == "picture"
    assert layers[f"{block}.excite.scale"] == layers[f"{block}.depthwise.conv"] == 7


def test_torchvisions_layers_have_the_same_fields_as_ours() -> None:
    def fields_of_convolutions(name: str) -> list[object]:
        described = of(name, channels=3, image_size=64)
        return [layer.receptive_field for layer in described.layers if "@" in layer.kind]

    assert fields_of_convolutions("torchvision:efficientnet_b0") == fields_of_convolutions("efficientnet_b0")


def test_dilation_and_average_pooling_count() -> None:
    network = nn.Sequential(
        nn.Conv2d(1, 2, 3, dilation=2), nn.AvgPool2d(2), nn.Conv2d(2, 2, 3), nn.AdaptiveAvgPool2d(1)
    )
    assert fields(network) == [5, 6, 10, "picture"]


def test_adaptive_pooling_to_more_pixels_widens_by_its_windows() -> None:
    # From 30 to 4 pixels: windows of 8.
    assert fields(nn.Sequential(nn.Conv2d(1, 2, 3), nn.AdaptiveAvgPool2d(4))) == [3, 3 + 7]


class Branching(nn.Module):
    """Control flow that depends on numbers cannot be traced, but it can be run."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(1, 2, 3)

    def forward(self, x: Tensor) -> Tensor:
        maps: Tensor = self.conv(x)
        return maps if maps.sum() < float("inf") else -maps


def test_what_cannot_be_traced_has_no_fields_but_all_counts() -> None:
    described = describe(Branching(), name="own", channels=1, image_size=32, classes=20)
    assert [layer.receptive_field for layer in described.layers] == [None]
    assert described.flops == 2 * 2 * 9 * 30 * 30


def test_what_cannot_run_is_refused_with_the_reason() -> None:
    network = nn.Sequential(nn.Flatten(), nn.Linear(100, 20))
    with pytest.raises(ModelError, match="own cannot run on a picture of 1×32×32: RuntimeError"):
        describe(network, name="own", channels=1, image_size=32, classes=20)


def test_an_activation_is_named() -> None:
    request = DescribeRequest(model=ModelSpec(name="lenet", activation="mish"))
    assert describe_named(request).layers[1].kind == "Mish"


def test_several_networks_come_in_the_order_of_the_request() -> None:
    requests = tuple(DescribeRequest(model=ModelSpec(name=name)) for name in ("alexnet", "lenet"))
    answer = describe_all(DescribeAllRequest(requests=requests))
    assert [each.name for each in answer.descriptions] == ["alexnet", "lenet"]


def test_a_factory_that_computes_with_its_weights_is_built_really(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    path = tmp_path_factory.mktemp("own") / "own.py"
    path.write_text(
        "import torch\nfrom torch import nn\n\n"
        "def make(classes, image_size):\n"
        "    layer = nn.Linear(image_size ** 2, classes)\n"
        "    assert layer.weight.abs().max().item() > 0\n"
        "    return nn.Sequential(nn.Flatten(), layer)\n"
    )
    assert of(f"{path}:make", image_size=8).parameters == 64 * 20 + 20


@pytest.mark.parametrize(
    ("layer", "words"),
    [
        (nn.Conv2d(3, 64, 7, 2, 3), "conv 64@7×7 s2 p3"),
        (nn.Conv2d(8, 8, 3, padding=1, groups=8), "depthwise 8@3×3 p1"),
        (nn.Conv2d(8, 16, 3, groups=4), "conv 16@3×3 g4"),
        (nn.Conv2d(8, 8, (1, 7), padding=(0, 3), dilation=2), "conv 8@1×7 p0×3 d2"),
        (nn.Conv2d(8, 8, 3, padding="same"), "conv 8@3×3 psame"),
        (nn.MaxPool2d(3, 1, 1), "max pool 3×3 p1"),
        (nn.AdaptiveAvgPool2d((2, 3)), "average pool to 2×3"),
        (nn.Softplus(), "Softplus"),
    ],
)
def test_layers_in_words(layer: nn.Module, words: str) -> None:
    assert kind_of(layer) == words


@given(
    side=st.integers(1, 40),
    kernel=st.integers(1, 7),
    stride=st.integers(1, 4),
    padding=st.integers(0, 3),
    dilation=st.integers(1, 3),
)
def test_the_formula_ends_in_the_true_side(
    side: int, kernel: int, stride: int, padding: int, dilation: int
) -> None:
    layer = nn.Conv2d(1, 1, kernel, stride, padding, dilation, device="meta")
    reach = dilation * (kernel - 1) + 1
    if side + 2 * padding < reach:
        return
    after = tuple(layer(torch.empty(1, side, side, device="meta")).shape)
    text = formula_of(layer, (1, side, side), after)
    assert text.endswith(f" + 1 = {after[-1]}")
    assert f"({side} − {reach} + 2·{padding}) / {stride}" in text
    assert ("⌊" in text) == ((side - reach + 2 * padding) % stride != 0)


def test_two_different_sides_have_two_formulas() -> None:
    layer = nn.Conv2d(1, 1, (3, 1), device="meta")
    assert formula_of(layer, (1, 8, 9), (1, 6, 9)) == "(8 − 3 + 2·0) / 1 + 1 = 6; (9 − 1 + 2·0) / 1 + 1 = 9"


def test_rounding_up_is_shown_where_a_pooling_does_it() -> None:
    layer = nn.MaxPool2d(3, 2, ceil_mode=True)
    assert formula_of(layer, (1, 8, 8), (1, 4, 4)) == "⌈(8 − 3 + 2·0) / 2⌉ + 1 = 4"


def test_no_formula_is_shown_that_would_be_wrong() -> None:
    assert formula_of(nn.MaxPool2d(3, 2), (1, 8, 8), (1, 4, 4)) == ""


class Stopped(nn.Module):
    """A signal comes while it runs, be it without numbers or, where it needs them, with them."""

    def __init__(self, needs_numbers: bool) -> None:
        super().__init__()
        self.needs_numbers = needs_numbers

    def forward(self, x: Tensor) -> Tensor:
        if self.needs_numbers and x.is_meta:
            raise ZeroDivisionError("by zero")
        raise Interrupted


@pytest.mark.parametrize("needs_numbers", [False, True])
def test_a_signal_while_it_is_described_is_not_its_error(needs_numbers: bool) -> None:
    with pytest.raises(Interrupted):
        describe(Stopped(needs_numbers), name="stopped", channels=1, image_size=4, classes=4)


def test_a_signal_while_it_is_traced_is_no_unknown_field() -> None:
    class Traced(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            raise Interrupted

    with pytest.raises(Interrupted):
        receptive_fields(Traced(), {})
