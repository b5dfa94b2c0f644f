"""Tensors and text as files: whole or absent, on the disk, and read without running any code of theirs."""

import os
import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

import torch

from benchbox.errors import CheckpointError
from benchbox.records.files import fill_whole, sync_folder

CHECKPOINT = "benchbox checkpoint"
STATE = "benchbox training state"


def write_tensors(path: Path, content: Mapping[str, Any]) -> None:
    """Write a dictionary beside its place, force it to the disk, and rename it. Raises OSError.

    Its `kind` says what it is. Folders above it are made.
    """

    def fill(file: IO[bytes]) -> None:
        try:
            torch.save(dict(content), file)
        except RuntimeError as error:
            # Where the system refuses a part, torch's writer stumbles over the next one.
            raise error.__context__ if isinstance(error.__context__, OSError) else error from None
        file.flush()
        os.fsync(file.fileno())

    fill_whole(path, fill)
    sync_folder(path.parent)


def read_tensors(path: Path, *, kind: str, is_mapped: bool) -> Mapping[str, Any]:
    """The dictionary in a file of ours, on the CPU; mapped, it is read only where it is looked at.

    Only plain tensors and text are read (`weights_only`). Raises CheckpointError for anything else, and for a file
    of another kind.
    """
    try:
        content = torch.load(path, map_location="cpu", weights_only=True, mmap=is_mapped)
    except pickle.UnpicklingError as error:
        raise CheckpointError(
            f"{path} cannot be loaded without running code that it brings",
            allowed="checkpoints of plain tensors, as `benchbox train` writes them",
        ) from error
    except (RuntimeError, EOFError, OSError, ValueError, KeyError) as error:
        raise _not_ours(path) from error
    found = content.get("kind") if isinstance(content, dict) else None
    if found != kind and found == STATE:
        raise CheckpointError(
            f"{path} is the state of a training that is not over",
            allowed="a finished checkpoint, such as the `-best.pt` beside it",
            hint=f"train it to its end: benchbox train --resume {path.parent.parent}",
        )
    if found != kind:
        raise _not_ours(path)
    return content  # type: ignore[no-any-return]


def _not_ours(path: Path) -> CheckpointError:
    return CheckpointError(f"{path} is not a checkpoint of benchbox", allowed="a .pt file of `benchbox train`")
