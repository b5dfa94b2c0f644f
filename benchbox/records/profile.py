"""What a profiled pass found: where the time of a step goes, by operator and by layer. A trace is another file."""

from pathlib import Path

import msgspec

from benchbox.errors import RecordError

# History of the profiles. 1  2026-11: the first.
PROFILE_SCHEMA = 1
FOLDER = "profiles"
# Where TensorBoard finds the traces, one folder a run.
TRACES = "trace"


class Hotspot(msgspec.Struct, frozen=True, kw_only=True):
    """An operator or a layer of a step.

    `kind` is a layer's class. `calls` and `seconds` are those of one step, the mean over the profiled ones;
    `share` is the ratio of `seconds` to all that the profile counts.
    """

    name: str
    kind: str = ""
    calls: float
    seconds: float
    share: float


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """The most expensive operators (by their own time) and layers (forward pass) of a step, largest first.

    `steps` were profiled, `step_seconds` is how long one took under the profiler. `counted_seconds`, of which
    shares are taken, are those of a step: on a GPU (`is_device_time`) its kernels' and copies', else the whole
    step by the clock.
    """

    schema: int = PROFILE_SCHEMA
    device: str
    is_device_time: bool
    steps: int
    step_seconds: float
    counted_seconds: float
    operators: tuple[Hotspot, ...]
    layers: tuple[Hotspot, ...] = ()


def read_profile(path: Path) -> Profile:
    """The profile in a file. Raises RecordError where it is not there, or is not one that this version reads."""
    try:
        profile = msgspec.json.decode(path.read_bytes(), type=Profile)
    except (OSError, msgspec.DecodeError) as error:
        raise RecordError(f"cannot read the profile {path}: {error}") from error
    if profile.schema != PROFILE_SCHEMA:
        raise RecordError(f"{path} has schema {profile.schema}", allowed=str(PROFILE_SCHEMA))
    return profile
