"""The zoo's table from catalogue name to constructor, and how one of its networks is made.

Networks of other makers are the business of `benchbox.models.foreign`.
"""

from functools import partial
from typing import Protocol

import torch
from torch import nn

from benchbox.models.alexnet import AlexNet
from benchbox.models.efficientnet import EfficientNet
from benchbox.models.googlenet import GoogLeNet
from benchbox.models.initialisation import initialise
from benchbox.models.lenet import LeNet
from benchbox.models.resnet import ResNet50
from benchbox.models.vgg import VGG16
from benchbox.plan.catalogue import CATALOGUE, canonical
from benchbox.plan.spec import ModelSpec


class Constructor(Protocol):
    """What makes a network of the zoo. Raises ModelError where the pictures are too small for it."""

    def __call__(
        self, *, classes: int, channels: int, image_size: int, activation: str, dropout: float
    ) -> nn.Module:
        """A network on the default device, with PyTorch's own initialisation."""


CONSTRUCTORS: dict[str, Constructor] = {
    "lenet": LeNet,
    "alexnet": AlexNet,
    "googlenet": GoogLeNet,
    "vgg16": VGG16,
    "resnet50": ResNet50,
    "efficientnet_b0": partial(EfficientNet, 0),
    "efficientnet_b1": partial(EfficientNet, 1),
    "efficientnet_b2": partial(EfficientNet, 2),
    "efficientnet_b3": partial(EfficientNet, 3),
    "efficientnet_b4": partial(EfficientNet, 4),
    "efficientnet_b5": partial(EfficientNet, 5),
    "efficientnet_b6": partial(EfficientNet, 6),
    "efficientnet_b7": partial(EfficientNet, 7),
}


def build_zoo(model: ModelSpec, *, classes: int, channels: int, image_size: int) -> nn.Module:
    """A network of the zoo on the default device, initialised from torch's global generator.

    Raises ModelError for an unknown name or pictures that are too small.
    """
    name = canonical(model.name)
    architecture = CATALOGUE[name]
    activation = architecture.activation if model.activation is None else model.activation
    construct = partial(
        CONSTRUCTORS[name],
        classes=classes,
        channels=channels,
        image_size=image_size,
        activation=activation,
        dropout=architecture.dropout if model.dropout is None else model.dropout,
    )
    if model.init == "default":
        return construct()
    # PyTorch would draw VGG16's 140 million numbers first, only for us to draw them again.
    device = torch.get_default_device()
    with torch.device("meta"):
        network = construct()
    return initialise(network.to_empty(device=device), activation=activation)
