"""Random changes of training pictures, so that a network learns the objects and not their exact pictures.

Each picture gets draws of its own: torchvision's transforms draw once a call, so that they are called for one
picture at a time. The draws come from torch's global generator on the CPU: one seed gives the same pictures on
every device, up to rounding, and nothing is read back from it.
"""

from collections.abc import Callable

import torch
from torch import Tensor

from benchbox.plan.spec import Augment

Change = Callable[[Tensor], Tensor]

# Of the side, as in the recipe by which CIFAR-10's 32 pixels are padded by 4; half of it, since many pictures
# of one's own are cut to their object already.
_SHIFT = 1 / 16


def make_augmentation(kind: Augment, *, side: int) -> Change | None:
    """From uint8 pictures [N, C, side, side] to changed ones of the same shape and type, on their device.

    None for "none": nothing is drawn, and nothing is loaded.
    """
    if kind == "none":
        return None
    change = _KINDS[kind](side)
    return lambda pixels: torch.stack([change(picture) for picture in pixels])


def _light(side: int) -> Change:
    """Shifts by up to a sixteenth of the side, a pixel at least, and mirrors half of them.

    What a shift uncovers repeats the border's pixels: a black edge would mark the shifted photographs.
    """
    # Loaded where it is needed: a run without augmentation shall not wait for it.
    from torchvision.transforms import v2

    shift = v2.RandomCrop(side, padding=max(1, round(side * _SHIFT)), padding_mode="edge")
    change: Change = v2.Compose([shift, v2.RandomHorizontalFlip()])
    return change


def _standard(side: int) -> Change:
    """Crops, mirrors, brightness and contrast, erased patches.

    The crop keeps 35 % of the area or more, as is usual for small data sets (the 8 % usual for ImageNet often
    miss the object); patches have the sizes of Zhong et al. (2017), "Random Erasing Data Augmentation", in a
    quarter of the pictures, and are black as the border of padded pictures.
    """
    from torchvision.transforms import v2

    change: Change = v2.Compose(
        [
            v2.RandomResizedCrop(side, scale=(0.35, 1.0)),
            v2.RandomHorizontalFlip(),
            v2.ColorJitter(brightness=0.2, contrast=0.2),
            v2.RandomErasing(p=0.25),
        ]
    )
    return change


_KINDS: dict[Augment, Callable[[int], Change]] = {"light": _light, "standard": _standard}
