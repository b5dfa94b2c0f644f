"""Networks from outside the zoo: torchvision's, timm's, and a user's own file or module.

They keep their own layers and their own initialisation. Whether one runs on the pictures as asked is found
out by `benchbox.models.agreement`.
"""

import contextlib
import difflib
import hashlib
import importlib
import importlib.metadata
import importlib.util
import inspect
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import torch
from torch import nn
from torch.nn.parameter import UninitializedParameter

from benchbox.errors import ModelError
from benchbox.models.oneline import one_line
from benchbox.plan.catalogue import FOREIGN_FORMS, is_foreign
from benchbox.plan.resolve import refuse_zoo_settings
from benchbox.plan.spec import ModelSpec

# Auxiliary heads make a tuple of the output while training, and init_weights unset makes torchvision warn.
_INCEPTION = {"aux_logits": False, "init_weights": True}
# What files are called in `sys.modules`: a user's network, and neighbours whose own name means several.
_NETWORK, _NEIGHBOUR = "_benchbox_network_", "_benchbox_neighbour_"
TORCHVISION_EXTRAS: dict[str, dict[str, bool]] = {"googlenet": _INCEPTION, "inception_v3": _INCEPTION}


def build_foreign(model: ModelSpec, *, classes: int, channels: int, image_size: int) -> nn.Module:
    """The network that a foreign name means, on the default device.

    Raises ModelError where it cannot be found or made, and where the spec asks for an activation or a
    dropout, which only networks of the zoo take.
    """
    refuse_zoo_settings(model)
    maker, name = _split(model.name)
    asked: dict[str, int] = {"classes": classes, "channels": channels, "image_size": image_size}
    if maker == "torchvision":
        return _build_torchvision(name, **asked)
    if maker == "timm":
        return _build_timm(name, **asked)
    network = _build_own(maker, name, **asked)
    return _with_numbers(network, channels=channels, image_size=image_size)


def network_digest(name: str) -> str:
    """What a foreign network was made from: the SHA-256 of a user's source file, or a package's version.

    Empty for the zoo, whose source is benchbox's own. Raises ModelError where there is no such source.
    """
    if not is_foreign(name):
        return ""
    maker, _ = _split(name)
    if maker in ("torchvision", "timm"):
        return f"{maker} {_version(maker)}"
    return hashlib.sha256(_source(maker).read_bytes()).hexdigest()


def network_source(name: str) -> Path | None:
    """The file of a user's own that a network comes from; None for the zoo and for networks of a package.

    Raises ModelError where there is no such file.
    """
    if not is_foreign(name):
        return None
    maker, _ = _split(name)
    return None if maker in ("torchvision", "timm") else _source(maker).resolve()


def _split(name: str) -> tuple[str, str]:
    # From the right: a path on Windows has a colon of its own.
    maker, _, rest = name.rpartition(":")
    if not maker or not rest:
        raise ModelError(f"not a network's name: {name!r}", allowed=FOREIGN_FORMS)
    return maker, rest


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError as error:
        raise _not_installed(package) from error


def _not_installed(package: str) -> ModelError:
    return ModelError(f"{package} is not installed", hint=f"`pip install {package}` adds it")


def _build_torchvision(name: str, *, classes: int, channels: int, image_size: int) -> nn.Module:
    from torchvision import models

    known = models.list_models(module=models)
    _require_known(name, known, package="torchvision")
    extras: dict[str, Any] = {**TORCHVISION_EXTRAS.get(name, {})}
    if name.startswith("vit_"):
        extras["image_size"] = image_size
    make = models.get_model_builder(name)
    return _called(f"torchvision:{name}", make, weights=None, num_classes=classes, **extras)


def _build_timm(name: str, *, classes: int, channels: int, image_size: int) -> nn.Module:
    try:
        timm = importlib.import_module("timm")
    except ImportError as error:
        raise _not_installed("timm") from error
    _require_known(name, timm.list_models(), package="timm")
    return _called(
        f"timm:{name}", timm.create_model, name, pretrained=False, num_classes=classes, in_chans=channels
    )


def _require_known(name: str, known: list[str], *, package: str) -> None:
    if name in known:
        return
    nearest = difflib.get_close_matches(name, known, n=3)
    raise ModelError(
        f"{package} has no classification network {name!r}",
        allowed=f"the {len(known)} names of {package}.list_models()",
        hint=f"did you mean {', '.join(nearest)}?" if nearest else "",
    )


def _build_own(maker: str, name: str, **asked: int) -> nn.Module:
    """A user's factory, called with those of `asked` that its signature accepts."""
    full = f"{maker}:{name}"
    with _importable(_folder(maker)), _own_neighbours(maker):
        module = _load(maker)
        factory = getattr(module, name, None)
        if factory is None:
            nearest = difflib.get_close_matches(name, vars(module), n=1)
            hint = f"did you mean {nearest[0]}?" if nearest else ""
            raise ModelError(f"{maker} has no {name!r}", allowed="a function that it defines", hint=hint)
        if isinstance(factory, nn.Module) or not callable(factory):
            raise ModelError(
                f"{full} is not a function: {type(factory).__name__}",
                allowed="a function, or a class, that returns a new torch.nn.Module",
            )
        return _called(full, factory, **_accepted(factory, asked))


def _accepted(factory: Callable[..., object], asked: dict[str, int]) -> dict[str, int]:
    try:
        parameters = inspect.signature(factory).parameters
    except (TypeError, ValueError):  # what is written in C may have none
        return {}
    if any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters.values()):
        return asked
    return {name: value for name, value in asked.items() if name in parameters}


def _called(full: str, factory: Callable[..., object], *arguments: object, **options: object) -> nn.Module:
    try:
        network = factory(*arguments, **options)
    except Exception as error:  # whatever a stranger's code raises becomes one line for the user
        given = ", ".join(f"{name}={value}" for name, value in options.items())
        raise ModelError(f"{full} could not be made with {given or 'no arguments'}: {one_line(error)}") from error
    if not isinstance(network, nn.Module):
        raise ModelError(f"{full} returned a {type(network).__name__}", allowed="a torch.nn.Module")
    return network


def _with_numbers(network: nn.Module, *, channels: int, image_size: int) -> nn.Module:
    """Lazy layers learn their sizes from a first picture; without it they have no parameters to train."""
    if any(isinstance(parameter, UninitializedParameter) for parameter in network.parameters()):
        device = next((p.device for p in network.parameters()), None)
        with torch.no_grad():
            network.eval()(torch.zeros(2, channels, image_size, image_size, device=device))
    return network.train()


def _is_file(maker: str) -> bool:
    return maker.endswith(".py")


def _folder(maker: str) -> Path:
    """Where a user's file or module looks for its neighbours."""
    return Path(maker).expanduser().resolve().parent if _is_file(maker) else Path.cwd()


@contextlib.contextmanager
def _importable(folder: Path) -> Iterator[None]:
    """Let imports look into `folder` first, as they do for `python file.py`, and not after."""
    sys.path.insert(0, str(folder))
    try:
        yield
    finally:
        with contextlib.suppress(ValueError):
            sys.path.remove(str(folder))


@contextlib.contextmanager
def _own_neighbours(maker: str) -> Iterator[None]:
    """Have a file import the neighbours beside it, though those of another file in this process have their names.

    Such a name is nobody's afterwards: what imports it only when it is called finds nothing, not the other's.
    """
    if not _is_file(maker):
        yield
        return
    _set_aside(_folder(maker))
    try:
        yield
    finally:
        _set_aside(_folder(maker))


def _set_aside(folder: Path) -> None:
    """Give modules another name whose own one means a neighbour in this folder and in that of another network."""
    networks = [module for name, module in sys.modules.items() if name.startswith(_NETWORK)]
    folders = {folder, *(Path(str(module.__file__)).resolve().parent for module in networks)}
    if len(folders) < 2:
        return
    names = Counter(name for each in folders if each.is_dir() for name in _neighbours(each))
    shared = {name for name, count in names.items() if count > 1 and name != __name__.partition(".")[0]}
    for name in [name for name in sys.modules if name.partition(".")[0] in shared]:
        file = getattr(sys.modules[name], "__file__", None)
        if file is not None and any(Path(file).resolve().is_relative_to(each) for each in folders):
            # Kept, so that it can still be told from which files this process works.
            sys.modules[_name_by_file(_NEIGHBOUR, Path(file))] = sys.modules.pop(name)


def _neighbours(folder: Path) -> set[str]:
    """The names by which a file imports what lies beside it."""
    return {path.stem for path in folder.iterdir() if path.suffix == ".py" or path.is_dir()}


def _source(maker: str) -> Path:
    """The file that a user's network comes from."""
    if _is_file(maker):
        path = Path(maker).expanduser()
        if not path.is_file():
            raise ModelError(f"no such file: {maker}", allowed=FOREIGN_FORMS)
        return path
    with _importable(_folder(maker)):
        try:
            found = importlib.util.find_spec(maker)
        except (ImportError, ValueError) as error:
            raise _no_module(maker) from error
    if found is None or found.origin is None or not Path(found.origin).is_file():
        raise _no_module(maker)
    return Path(found.origin)


def _no_module(maker: str) -> ModelError:
    return ModelError(
        f"no module {maker!r} that has a source file",
        allowed=FOREIGN_FORMS,
        hint="start benchbox in the folder of the module, or give its file",
    )


def _load(maker: str) -> ModuleType:
    source = _source(maker)
    try:
        return _load_file(source) if _is_file(maker) else importlib.import_module(maker)
    except Exception as error:  # as in `_called`
        raise ModelError(f"{maker} could not be imported: {one_line(error)}") from error


def _load_file(path: Path) -> ModuleType:
    # A name of its own, so that a user's `resnet.py` hides no installed module.
    name = _name_by_file(_NETWORK, path)
    found = importlib.util.spec_from_file_location(name, path)
    if found is None or found.loader is None:
        raise ModelError(f"{path} cannot be imported", allowed="a Python source file")
    module = importlib.util.module_from_spec(found)
    # Dataclasses and pickling look their module up by name.
    sys.modules[name] = module
    found.loader.exec_module(module)
    return module


def _name_by_file(prefix: str, path: Path) -> str:
    return f"{prefix}{hashlib.sha256(str(path.resolve()).encode()).hexdigest()[:12]}"
