"""Mean and spread of the training pictures, and the arithmetic that applies them to a batch on its device."""

from collections.abc import Iterator

import torch
from torch import Tensor

from benchbox.data.pictures import Pictures

_CHUNK = 64
_SAMPLE = 1024  # streamed pictures: enough to know the mean of a channel to a fraction of a grey level
_GREYS = 255.0
# One grey level: pictures that are all alike must not be divided by zero.
_LEAST_STD = 1 / _GREYS

Statistics = tuple[tuple[float, ...], tuple[float, ...]]


def statistics(pictures: Pictures, indices: Tensor) -> Statistics:
    """Mean and standard deviation of each channel over some pictures, scaled to 0…1.

    Sums of whole numbers in float64 are exact, so the result does not depend on threads or order. Of
    streamed pictures at most 1,024 are read, evenly spaced in `indices`.
    """
    channels = pictures.shape[0]
    total, squares, count = torch.zeros(channels, dtype=torch.float64), torch.zeros(channels).double(), 0
    for chunk in _chunks(pictures, indices):
        values = chunk.transpose(0, 1).reshape(channels, -1).to(torch.float64)
        total += values.sum(dim=1).cpu()
        squares += values.square_().sum(dim=1).cpu()
        count += values.shape[1]
    mean = total / count
    std = (squares / count - mean.square()).clamp(min=0).sqrt()
    least = torch.full_like(std, _LEAST_STD)
    return tuple((mean / _GREYS).tolist()), tuple(torch.maximum(std / _GREYS, least).tolist())


def _chunks(pictures: Pictures, indices: Tensor) -> Iterator[Tensor]:
    if pictures.pixels is None and len(indices) > _SAMPLE:
        indices = indices[torch.linspace(0, len(indices) - 1, _SAMPLE).long()]
    for chunk in runs(indices, _CHUNK):
        yield pictures.decode(chunk.tolist())


def runs(values: Tensor, length: int) -> Iterator[Tensor]:
    """A one-dimensional tensor cut into runs of `length`, the last one shorter where it must be."""
    for start in range(0, len(values), length):
        yield values[start : start + length]


class Normalise:
    """From uint8 to standardised float32 pictures on `device`, in one memory format.

    The division by 255 is folded into mean and standard deviation.
    """

    def __init__(
        self, *, mean: tuple[float, ...], std: tuple[float, ...], device: torch.device, channels_last: bool
    ) -> None:
        self._mean = _as_column(mean, device)
        self._std = _as_column(std, device)
        self._format = torch.channels_last if channels_last else torch.contiguous_format

    def __call__(self, pixels: Tensor) -> Tensor:
        """uint8 [N, C, H, W] on the device to float32 of the same shape, a tensor of its own."""
        return pixels.to(torch.float32, memory_format=self._format).sub_(self._mean).div_(self._std)


def _as_column(values: tuple[float, ...], device: torch.device) -> Tensor:
    return torch.tensor(values, dtype=torch.float32, device=device).mul(_GREYS).reshape(1, -1, 1, 1)
