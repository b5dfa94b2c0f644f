"""Convolutions with large kernels, computed as products of Fourier transforms.

A direct convolution of side k costs k² multiplications a pixel and pair of channels, this one a handful whatever
the side: cross-correlation becomes a product in the frequency domain (Mathieu, Henaff & LeCun 2013,
arXiv 1312.5851). The sums are the same and are made in float32; their roundings differ.
"""

from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

# Below these the transforms cost more than the multiplications that they save. On two cores, forward and backward
# of 32 pictures of 128 px with 64 kernels of side 17: 1.0 s against 12 s from 64 channels, but 0.3 s against
# 0.1 s from one.
LEAST_KERNEL = 11
LEAST_CHANNELS = 16


class FourierConvolution(nn.Conv2d):
    """A convolution of stride 1 by Fourier transforms; same parameters, same names, same output as `nn.Conv2d`."""

    is_direct = False

    def forward(self, pictures: Tensor) -> Tensor:
        """[N, C, H, W] to [N, outputs, H', W'], in autocast's dtype where that is on."""
        if self.is_direct:
            return super().forward(pictures)
        height, width = cast("tuple[int, int]", self.padding)
        padded = F.pad(pictures, (width, width, height, height)) if height or width else pictures
        device = pictures.device.type
        dtype = torch.get_autocast_dtype(device) if torch.is_autocast_enabled(device) else pictures.dtype
        with torch.autocast(device, enabled=False):
            found = _CrossCorrelation.apply(padded.float(), self.weight.float())
            if self.bias is not None:
                found = found + self.bias.float().reshape(1, -1, 1, 1)
        # Told by a stride, which also says how a picture of one channel lies.
        layout = torch.channels_last if pictures.stride(1) == 1 else torch.contiguous_format
        return cast(Tensor, found.to(dtype, memory_format=layout))


class _CrossCorrelation(torch.autograd.Function):
    """The valid part of the cross-correlation of pictures [N, C, H, W] with kernels [O, C, h, w], in float32.

    The transforms are as long as the pictures: a cyclic correlation wraps around only behind its valid part.
    """

    @staticmethod
    def forward(context: Any, pictures: Tensor, kernels: Tensor) -> Tensor:
        size = tuple(map(_fast_length, pictures.shape[2:]))
        spectra, filters = _transform(pictures, size), _transform(kernels, size)
        context.save_for_backward(spectra, filters)
        context.size, context.sides, context.kernel = size, pictures.shape[2:], kernels.shape[2:]
        valid = tuple(side - kernel + 1 for side, kernel in zip(pictures.shape[2:], kernels.shape[2:], strict=True))
        return _restore(spectra @ filters.mH, size, valid)

    @staticmethod
    def backward(context: Any, *gradients: Tensor) -> tuple[Tensor | None, Tensor | None]:
        spectra, filters = context.saved_tensors
        gradient = _transform(gradients[0].float(), context.size)
        of_pictures = of_kernels = None
        if context.needs_input_grad[0]:
            of_pictures = _restore(gradient @ filters, context.size, context.sides)
        if context.needs_input_grad[1]:
            of_kernels = _restore(gradient.mH @ spectra, context.size, context.kernel)
        return of_pictures, of_kernels


def _fast_length(side: int) -> int:
    """The least length of a fast transform that holds a side."""
    # Imported here: it takes a tenth of a second, and most runs have no such convolution.
    from scipy.fft import next_fast_len

    return int(next_fast_len(side, real=True))


def _transform(planes: Tensor, size: tuple[int, ...]) -> Tensor:
    """[A, B, H, W] real to [frequencies, A, B] complex: one matrix a frequency."""
    # Row by row, then column by column: the rows that only padding would fill are not transformed.
    rows: Tensor = torch.fft.rfft(planes, n=size[1])
    spectra: Tensor = torch.fft.fft(rows, n=size[0], dim=-2)
    return spectra.flatten(2).permute(2, 0, 1).contiguous()


def _restore(spectra: Tensor, size: tuple[int, ...], sides: tuple[int, ...]) -> Tensor:
    """[frequencies, A, B] complex to the first `sides` pixels of planes [A, B, H, W]."""
    frequencies, first, second = spectra.shape
    halves = spectra.permute(1, 2, 0).reshape(first, second, size[0], frequencies // size[0])
    # Column by column, then only the rows that are wanted.
    rows: Tensor = torch.fft.ifft(halves, dim=-2)[..., : sides[0], :]
    planes: Tensor = torch.fft.irfft(rows, n=size[1])
    return planes[..., : sides[1]]


def is_suited(module: nn.Module) -> bool:
    """Whether a module is a convolution that gains: large kernels from many channels, stride 1, not dilated."""
    if type(module) is not nn.Conv2d or isinstance(module.padding, str):
        return False
    is_plain = (module.stride, module.dilation, module.groups) == ((1, 1), (1, 1), 1)
    is_large = min(module.kernel_size) >= LEAST_KERNEL and module.in_channels >= LEAST_CHANNELS
    return is_plain and module.padding_mode == "zeros" and is_large
