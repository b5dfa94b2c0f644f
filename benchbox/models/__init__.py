"""The zoo: one file a network, a table from catalogue name to constructor, and foreign networks by name or file.

`build` makes a network, `agree_on_format` finds the memory format in which it runs, `network_digest` says
which source a foreign one came from, `network_source` where a user's own lies, and `describe` counts what can be
counted without arithmetic. Training and timing are the engine's business.
"""

from torch import nn

from benchbox.models.agreement import agree_on_format
from benchbox.models.foreign import build_foreign, network_digest, network_source
from benchbox.models.zoo import build_zoo
from benchbox.plan.catalogue import is_foreign
from benchbox.plan.spec import ModelSpec

__all__ = ["agree_on_format", "build", "network_digest", "network_source"]


def build(model: ModelSpec, *, classes: int, channels: int, image_size: int) -> nn.Module:
    """A network on the default device that maps (batch, channels, image_size, image_size) to (batch, classes).

    Its weights are drawn from torch's global generator: equal seeds give equal weights. Raises ModelError
    where the name is unknown, the pictures are too small, or a foreign network cannot be made.
    """
    if is_foreign(model.name):
        return build_foreign(model, classes=classes, channels=channels, image_size=image_size)
    return build_zoo(model, classes=classes, channels=channels, image_size=image_size)
