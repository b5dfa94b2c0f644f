"""What is asked of a child process: frozen values that the runner sends and the engine answers."""

import msgspec

from benchbox.plan.facts import Ceiling
from benchbox.plan.spec import DataSpec, ModelSpec, PlacementSpec, RunSpec


class PrepareRequest(msgspec.Struct, frozen=True, kw_only=True):
    """Probe the machine and the pictures (made and cached if need be), and try the foreign networks.

    `dataset` is the folder of pictures and their cache. A network that cannot run at all is an error, or one
    of the refusals in the facts where `goes_on` is set and another can. `image_sizes` are tried instead of
    the data's own where there are several. `placement` must be possible here. `ceilings` are placements of
    which the ceiling shall be measured, and the networks' FLOPs counted with it.
    """

    data: DataSpec
    models: tuple[ModelSpec, ...] = ()
    placement: PlacementSpec = PlacementSpec()
    dataset: str = "dataset"
    goes_on: bool = False
    image_sizes: tuple[int, ...] = ()
    ceilings: tuple[PlacementSpec, ...] = ()


class CardsRequest(msgspec.Struct, frozen=True, kw_only=True):
    """Read what checkpoints say of themselves, by their paths."""

    checkpoints: tuple[str, ...]


class RunRequest(msgspec.Struct, frozen=True, kw_only=True):
    """Execute one resolved spec and leave its files in `folder` under `name`.

    `resumes` lets a fit go on from the state that an earlier one left there under that name, if it left one.
    `epoch_seconds` is what one epoch was seen to take here, for a fit that is bounded by seconds. `model`
    allows the import of a user's own file that a checkpoint names. `ceiling` is what the device was seen to do,
    `profiles` asks for a trace in a pass of its own, `robustness` for accuracy on disturbed pictures.
    """

    spec: RunSpec
    name: str
    folder: str
    dataset: str = "dataset"
    keeps_checkpoints: bool = False
    resumes: bool = False
    epoch_seconds: float | None = None
    model: str | None = None
    ceiling: Ceiling | None = None
    profiles: bool = False
    robustness: bool = False
