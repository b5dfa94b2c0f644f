"""Who this process is, which files it imported, and their hashes: the proof that an arm runs its own code."""

import hashlib
import inspect
import os
import platform
import sys
from collections.abc import Mapping
from pathlib import Path

from torch import nn

from benchbox.engine.control import CONTROL_DIGEST
from benchbox.models import network_source
from benchbox.plan.gate import INSTALLED, PROTOCOL, Hello, Identity
from benchbox.plan.spec import RunSpec, case
from benchbox.records.record import SCHEMA
from benchbox.version import __version__


def package_folder() -> Path:
    """The folder of the benchbox that runs here."""
    return Path(__file__).resolve().parents[1]


def say_hello() -> Hello:
    """Who this process is."""
    return Hello(
        protocol=PROTOCOL,
        benchbox=str(package_folder()),
        version=__version__,
        schema=SCHEMA,
        control=CONTROL_DIGEST,
        python=platform.python_version(),
        process=os.getpid(),
    )


def identify(hello: Hello, networks: Mapping[RunSpec, nn.Module | None], *, root: Path | None = None) -> Identity:
    """From which files the networks of rows came, and the hashes of all that was imported below `root`.

    A network is None where it lives no more: then the file of a user's own is known, and that of others is not.
    `root` is the working folder, from which the arm's modules are imported.
    """
    folder = (root or Path.cwd()).resolve()
    sources = {
        case(spec): network_source(spec.model.name) or _source_of(network) for spec, network in networks.items()
    }
    return Identity(
        hello=hello,
        imported={row: _relative(source, folder) for row, source in sources.items() if source is not None},
        files={
            path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in imported_files(folder)
        },
        elsewhere=tuple(map(str, files_elsewhere(folder))),
    )


def _source_of(network: nn.Module | None) -> Path | None:
    """The file of a network's class; None for one that was made in no file."""
    try:
        return Path(inspect.getfile(type(network))).resolve()
    except (TypeError, OSError):
        return None


def _relative(path: Path, folder: Path) -> str:
    return path.relative_to(folder).as_posix() if path.is_relative_to(folder) else str(path)


def imported_files(folder: Path) -> list[Path]:
    """The files below a folder from which modules were imported, in order; those of an environment are left out."""
    inner = [prefix for prefix in _environments() if prefix != folder and prefix.is_relative_to(folder)]
    return sorted(
        path
        for path in _loaded_files()
        if path.is_relative_to(folder)
        and not any(path.is_relative_to(prefix) for prefix in inner)
        and not set(INSTALLED) & set(path.relative_to(folder).parts)
    )


def files_elsewhere(folder: Path) -> list[Path]:
    """The files from which modules were imported that lie neither below a folder nor in an environment."""
    environments = _environments()
    return sorted(
        path
        for path in _loaded_files()
        if not path.is_relative_to(folder)
        and not any(path.is_relative_to(prefix) for prefix in environments)
        and not set(INSTALLED) & set(path.parts)
    )


def _environments() -> list[Path]:
    return [Path(prefix).resolve() for prefix in {sys.prefix, sys.base_prefix}]


def _loaded_files() -> set[Path]:
    named = (getattr(module, "__file__", None) for module in list(sys.modules.values()))
    found = {Path(name).resolve() for name in named if isinstance(name, str)}
    return {path for path in found if path.is_file()}
