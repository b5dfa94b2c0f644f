"""Where a run takes place: hardware, versions, threads, torch's global switches, the user's commit."""

import functools
import platform
import subprocess
from importlib.metadata import version

import psutil
import torch

from benchbox.engine.devices import cpu_name
from benchbox.engine.place import Place, switches
from benchbox.plan.facts import Ceiling
from benchbox.records.record import Environment
from benchbox.version import __version__


def read_environment(place: Place, *, ceiling: Ceiling | None = None) -> Environment:
    """The environment of a run at this place, as it is now; `ceiling` was measured before."""
    return Environment(
        cpu=cpu_name(),
        cores=psutil.cpu_count() or 1,
        memory=psutil.virtual_memory().total,
        system=f"{platform.system()} {platform.release()}",
        python=platform.python_version(),
        torch=str(torch.__version__),
        torchvision=version("torchvision"),
        benchbox=__version__,
        device=str(place.device),
        device_name=_device_name(place.device),
        threads=torch.get_num_threads(),
        flags=switches(),
        commit=_commit(),
        ceiling=ceiling,
    )


def _device_name(device: torch.device) -> str:
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return cpu_name()


@functools.cache
def _commit() -> str:
    """The commit of the repository that the user stands in, with + where files have changed; empty outside one."""
    try:
        asked = subprocess.run(
            ["git", "describe", "--always", "--dirty=+", "--abbrev=12", "--exclude=*"],
            capture_output=True,
            text=True,
            timeout=5,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return asked.stdout.strip()
