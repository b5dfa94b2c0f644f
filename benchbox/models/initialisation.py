"""Initial weights that suit the activation, so that signals neither die nor explode on their way through.

Sigmoid and tanh: Xavier (Glorot & Bengio 2010) with a gain; for sigmoid, whose values lie around 1/2 and not
around 0, the weights of each unit are centred, so that what all values have in common cancels. ReLU and its
kin: He et al. (arXiv 1502.01852, eq. 10). Biases 0, batch norm at its identity.
"""

import math

import torch
from torch import Tensor, nn

from benchbox.models.activations import make_activation

# For weights whose input came through the activation. √2 keeps the variance for ReLU, and for what is a ReLU
# to large inputs; to small ones the smooth kinds are weaker, which dampens what max pooling raises (a gain
# that kept their unit variance, 1.68 for SiLU, let GoogLeNet's logits grow to 48). ELU lets more through:
# its gain is 1/√E[f(z)²] for a standard normal z; a test integrates it anew.
ROOT_TWO = math.sqrt(2)
HE_GAINS = {
    "relu": ROOT_TWO,
    "leaky_relu": ROOT_TWO,
    "elu": 1.2452,
    "gelu": ROOT_TWO,
    "silu": ROOT_TWO,
    "mish": ROOT_TWO,
    "hardswish": ROOT_TWO,
}
# Sigmoid: its slope at 0 is 1/4. Tanh: the usual 5/3.
XAVIER_GAINS = {"sigmoid": 4.0, "tanh": 5 / 3}


def initialise(network: nn.Module, *, activation: str) -> nn.Module:
    """Fill every parameter and buffer of a zoo network in place, whatever they held; returns the network.

    Modules are visited in the order of their making, which in the zoo is the order of execution.
    """
    layers = [layer for layer in network.modules() if isinstance(layer, nn.Conv2d | nn.Linear)]
    kind = type(make_activation(activation))
    is_activated = False
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            _fill(module, activation=activation, is_activated=is_activated, is_last=module is layers[-1])
            is_activated = False
        elif isinstance(module, nn.BatchNorm2d):
            module.reset_parameters()
        elif isinstance(module, kind):
            is_activated = True
    return network


def _fill(layer: nn.Conv2d | nn.Linear, *, activation: str, is_activated: bool, is_last: bool) -> None:
    # The logits start small, so that the first loss is near that of a fair guess.
    if activation in XAVIER_GAINS:
        nn.init.xavier_uniform_(layer.weight, 1.0 if is_last else XAVIER_GAINS[activation])
        if activation == "sigmoid" and is_activated:
            _centre(layer.weight)
    else:
        gain = HE_GAINS[activation] if is_activated and not is_last else 1.0
        bound = gain * math.sqrt(3 / layer.weight[0].numel())
        nn.init.uniform_(layer.weight, -bound, bound)
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)


def _centre(weight: Tensor) -> None:
    """Give each unit's weights a mean of 0.

    Else every unit sees nearly the same large sum whatever the picture, and a deep network's logits hardly
    tell pictures apart (GoogLeNet: a spread of 0.002 at a size of 0.6 and more in its last layers).
    """
    with torch.no_grad():
        weight -= weight.mean(tuple(range(1, weight.dim())), keepdim=True)
