"""Depthwise convolutions under autocast on a CPU: forward as usual, gradients in float32.

oneDNN has fast bfloat16 kernels for the gradients of depthwise convolutions of side 3 and stride 1 alone. All
others fall to a reference kernel, several times slower than the same gradients in float32, casts included.
"""

from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class DepthwiseConvolution(nn.Conv2d):
    """A depthwise convolution with gradients in float32; same parameters, names and output as `nn.Conv2d`."""

    is_direct = False

    def forward(self, pictures: Tensor) -> Tensor:
        """[N, C, H, W] to [N, C, H', W'], in autocast's dtype where that is on."""
        device = pictures.device.type
        if self.is_direct or device != "cpu" or not torch.is_autocast_enabled(device):
            return super().forward(pictures)
        dtype = torch.get_autocast_dtype(device)
        stride, padding = cast("tuple[int, int]", self.stride), cast("tuple[int, int]", self.padding)
        with torch.autocast(device, enabled=False):
            found = _Depthwise.apply(pictures.to(dtype), self.weight, self.bias, stride, padding)
        return cast(Tensor, found)


class _Depthwise(torch.autograd.Function):
    """Pictures [N, C, H, W] in a short dtype with kernels [C, 1, h, w] and, unless None, biases [C] in float32."""

    @staticmethod
    def forward(
        context: Any,
        pictures: Tensor,
        kernels: Tensor,
        biases: Tensor | None,
        stride: tuple[int, int],
        padding: tuple[int, int],
    ) -> Tensor:
        context.save_for_backward(pictures, kernels)
        context.stride, context.padding = stride, padding
        dtype = pictures.dtype
        # The biases, too: added afterwards they would round a second time.
        short = None if biases is None else biases.to(dtype)
        return F.conv2d(pictures, kernels.to(dtype), short, stride, padding, groups=len(kernels))

    @staticmethod
    def backward(
        context: Any, *gradients: Tensor
    ) -> tuple[Tensor | None, Tensor | None, Tensor | None, None, None]:
        pictures, kernels = context.saved_tensors
        wanted = context.needs_input_grad[:3]
        of_pictures, of_kernels, of_biases = torch.ops.aten.convolution_backward(
            gradients[0].float(),
            pictures.float(),
            kernels.float(),
            [len(kernels)] if wanted[2] else None,
            context.stride,
            context.padding,
            (1, 1),
            False,
            (0, 0),
            len(kernels),
            wanted,
        )
        of_pictures = None if of_pictures is None else of_pictures.to(pictures.dtype)
        return of_pictures, of_kernels, of_biases, None, None


def is_suited(module: nn.Module) -> bool:
    """Whether a module is a depthwise convolution that the library has no fast gradients for in bfloat16."""
    if type(module) is not nn.Conv2d or isinstance(module.padding, str):
        return False
    is_depthwise = module.in_channels == module.out_channels == module.groups > 1
    is_plain = module.dilation == (1, 1) and module.padding_mode == "zeros"
    has_fast_kernel = module.kernel_size == (3, 3) and module.stride == (1, 1)
    return is_depthwise and is_plain and not has_fast_kernel
