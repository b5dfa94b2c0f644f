"""The zoo's facts, without torch: who proposed what and when, and what a plan must know of a network.

What can be counted (parameters, FLOPs, shapes) is not kept here: `benchbox.models.describe` counts it.
"""

import difflib
from dataclasses import dataclass

from benchbox.errors import ModelError

FOREIGN_FORMS = "torchvision:NAME, timm:NAME, path/to/file.py:factory, module:factory"


@dataclass(frozen=True, kw_only=True)
class Architecture:
    """One network of the zoo. `smallest`: the least side, in pixels, that leaves each feature map a pixel.

    `has_fast_convolution`: some of its convolutions have a faster form (`models.convolutions`).
    """

    name: str
    title: str
    year: int
    contribution: str
    authors: str
    paper: str
    link: str
    activation: str
    dropout: float
    smallest: int
    has_fast_convolution: bool = False


def _efficientnet(variant: int, dropout: float) -> Architecture:
    return Architecture(
        name=f"efficientnet_b{variant}",
        title=f"EfficientNet-B{variant}",
        year=2019,
        contribution="compound scaling of depth, width and resolution",
        authors="Tan & Le",
        paper="EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks",
        link="arXiv 1905.11946",
        activation="silu",
        dropout=dropout,
        smallest=1,
        has_fast_convolution=True,
    )


_ARCHITECTURES = (
    Architecture(
        name="lenet",
        title="LeNet",
        year=1998,
        contribution="the first CNN: convolution, pooling, sigmoid",
        authors="LeCun et al.",
        paper="Gradient-Based Learning Applied to Document Recognition",
        link="doi 10.1109/5.726791",
        activation="sigmoid",
        dropout=0.5,
        smallest=64,
    ),
    Architecture(
        name="alexnet",
        title="AlexNet",
        year=2012,
        contribution="ReLU; dropout against overfitting; max pooling",
        authors="Krizhevsky et al.",
        paper="ImageNet Classification with Deep Convolutional Neural Networks",
        link="doi 10.1145/3065386",
        activation="relu",
        dropout=0.5,
        smallest=48,
    ),
    Architecture(
        name="googlenet",
        title="GoogLeNet",
        year=2014,
        contribution="parallel branches widen the network; 1×1 convolution; average pooling instead of flatten",
        authors="Szegedy et al.",
        paper="Going Deeper with Convolutions",
        link="arXiv 1409.4842",
        activation="relu",
        dropout=0.5,
        smallest=17,
    ),
    Architecture(
        name="vgg16",
        title="VGG16",
        year=2014,
        contribution="3×3 convolutions only; padding keeps the size while depth grows",
        authors="Simonyan & Zisserman",
        paper="Very Deep Convolutional Networks for Large-Scale Image Recognition",
        link="arXiv 1409.1556",
        activation="relu",
        dropout=0.5,
        smallest=32,
        has_fast_convolution=True,
    ),
    Architecture(
        name="resnet50",
        title="ResNet50",
        year=2015,
        contribution="residual connections cure degradation",
        authors="He et al.",
        paper="Deep Residual Learning for Image Recognition",
        link="arXiv 1512.03385",
        activation="relu",
        dropout=0.5,
        smallest=17,
    ),
    # Dropout of the classifier grows with the variant (the authors' released code).
    *(_efficientnet(variant, dropout) for variant, dropout in enumerate((0.2, 0.2, 0.3, 0.3, 0.4, 0.4, 0.5, 0.5))),
)

CATALOGUE: dict[str, Architecture] = {architecture.name: architecture for architecture in _ARCHITECTURES}
THE_SIX = ("lenet", "alexnet", "googlenet", "vgg16", "resnet50", "efficientnet_b0")
ALIASES = {"efficientnet": "efficientnet_b0"}


def is_foreign(name: str) -> bool:
    """Whether a name means a network from outside the zoo."""
    return ":" in name


def is_own(name: str) -> bool:
    """Whether a name means a user's own file or module, whose code runs when it is imported."""
    return is_foreign(name) and not name.startswith(("torchvision:", "timm:"))


def canonical(name: str) -> str:
    """The catalogue's spelling of a name; a foreign name is returned as it is.

    Raises ModelError for an unknown name, with the nearest known one.
    """
    if is_foreign(name):
        return name
    plain = name.lower().replace("-", "_")
    plain = ALIASES.get(plain, plain)
    if plain in CATALOGUE:
        return plain
    nearest = difflib.get_close_matches(plain, [*CATALOGUE, *ALIASES], n=1)
    raise ModelError(
        f"unknown architecture {name!r}",
        allowed=f"{', '.join(THE_SIX)}, efficientnet_b1 … efficientnet_b7, {FOREIGN_FORMS}",
        hint=f"did you mean {nearest[0]}?" if nearest else "`benchbox models` lists the zoo",
    )
