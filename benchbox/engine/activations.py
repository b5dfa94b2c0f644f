"""What a forward pass keeps for the backward pass: the memory that grows with the batch."""

import torch
from torch import Tensor, nn
from torch.autograd.graph import saved_tensors_hooks

from benchbox.engine.place import Place

# Two sizes, since what does not depend on the batch (weights that autocast has cast) cancels in the difference.
# Batch norm on a 1×1 map needs two pictures at least.
FEW, MANY = 2, 4


def activation_bytes(network: nn.Module, pictures: Tensor, place: Place) -> float:
    """Bytes that an eager forward pass in training mode holds for backward, for one picture [1 of N, C, H, W].

    The picture itself counts, the loss does not. The running statistics of batch norm move.
    """
    was_training = network.training
    network.train()
    few, many = (saved_bytes(network, _batch(pictures, count, place.memory_format), place) for count in (FEW, MANY))
    network.train(was_training)
    return (many - few) / (MANY - FEW)


def saved_bytes(network: nn.Module, pictures: Tensor, place: Place) -> int:
    """Bytes of the storages that autograd saves in one forward pass, each once; parameters and buffers left out."""
    own = {tensor.untyped_storage().data_ptr() for tensor in (*network.parameters(), *network.buffers())}
    seen: dict[int, int] = {}

    def remember(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in own:
            seen[storage.data_ptr()] = storage.nbytes()
        return tensor

    # The output holds the graph, and the graph what was saved: no address is given twice while it lives.
    with place.autocast(), saved_tensors_hooks(remember, lambda tensor: tensor):
        output = network(pictures)
    total = sum(seen.values())
    del output
    return total


def _batch(pictures: Tensor, count: int, layout: torch.memory_format) -> Tensor:
    """So many pictures in a storage of their own: a slice's would be the whole batch's."""
    repeats = -(-count // len(pictures))
    return pictures.repeat(repeats, 1, 1, 1)[:count].clone(memory_format=layout)
