"""Specs as a person types them."""

import shlex
from pathlib import Path

from benchbox.plan.catalogue import CATALOGUE
from benchbox.plan.spec import DataSpec, RunSpec

_DATA_OPTIONS = ("image_size", "channels", "fit_mode", "split", "val_fraction", "split_seed")


def train_command(spec: RunSpec) -> str:
    """The command that trains a resolved spec's network on its pictures, so that others then find it."""
    words = ["benchbox", "train", spec.model.name, "--data", spec.data.source]
    usual = DataSpec()
    for field in _DATA_OPTIONS:
        if getattr(spec.data, field) != getattr(usual, field):
            words += [f"--{field.replace('_', '-')}", str(getattr(spec.data, field))]
    own = CATALOGUE.get(spec.model.name)
    for field in ("activation", "dropout"):
        if own is not None and getattr(spec.model, field) not in (None, getattr(own, field)):
            words += [f"--{field}", str(getattr(spec.model, field))]
    if spec.model.init == "default" and own is not None:
        words += ["--init", "default"]
    return shlex.join(words)


def rest_command(command: str, folder: Path) -> str:
    """What runs the rest of a report: --resume, but for evaluations, which are over soon and have none."""
    name = command.split()[0]
    return "the same command again" if name == "eval" else f"`benchbox {name} --resume {shlex.quote(str(folder))}`"
