"""How each architecture is trained unless the user says otherwise: a table, each number with its reason.

One cycle over the epochs is used throughout: the warm-up lets a high peak rate start from any init, and the
decay to nothing makes the last epoch the one to trust, without choosing a best epoch on the test pictures.
"""

from dataclasses import dataclass

from benchbox.plan.catalogue import CATALOGUE
from benchbox.plan.spec import Schedule


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """Defaults of a fit. `lr` is the peak of the schedule."""

    epochs: int
    lr: float
    weight_decay: float = 0.01
    schedule: Schedule = "one_cycle"


# The rates were chosen on COIL-20's random 9:1 split; LeNet needs ten times the others' epochs, each a
# thousandth of VGG16's work.
_LENET = Recipe(epochs=30, lr=1e-2)
_ALEXNET = Recipe(epochs=8, lr=3e-4)
_GOOGLENET = Recipe(epochs=10, lr=1e-3)
_VGG = Recipe(epochs=8, lr=3e-4)
_RESNET = Recipe(epochs=10, lr=1e-3)
_EFFICIENTNET = Recipe(epochs=10, lr=3e-3)

RECIPES: dict[str, Recipe] = {
    "lenet": _LENET,
    "alexnet": _ALEXNET,
    "googlenet": _GOOGLENET,
    "vgg16": _VGG,
    "resnet50": _RESNET,
    **{name: _EFFICIENTNET for name in CATALOGUE if name.startswith("efficientnet")},
}

# What suits most networks with batch norm; a network of one's own may want other numbers.
FOREIGN = Recipe(epochs=10, lr=1e-3)


def recipe_for(name: str) -> Recipe:
    """The recipe of a catalogue name or of a foreign network."""
    return RECIPES.get(name, FOREIGN)
