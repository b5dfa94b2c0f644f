"""Fingerprints of single pictures, by which a checkpoint knows again what it was trained on."""

import hashlib

import torch
from torch import Tensor

from benchbox.data.pictures import Pictures

_BYTES = 8  # of 2⁶⁴ values, so that a million pictures collide by chance once in 40 million times


def picture_prints(pictures: Pictures, indices: Tensor) -> Tensor:
    """int64 [indices]: a hash of each picture's decoded pixels; none [0] where pictures are streamed."""
    if pictures.pixels is None:
        return torch.empty(0, dtype=torch.int64)
    rows = pictures.pixels[indices.to(pictures.pixels.device)].cpu().numpy()
    marks = (hashlib.blake2b(row.tobytes(), digest_size=_BYTES).digest() for row in rows)
    return torch.tensor([int.from_bytes(mark, "big", signed=True) for mark in marks], dtype=torch.int64)
