"""The report folder: its name, its parts, and the links to the newest."""

import contextlib
import errno
import os
from datetime import datetime
from pathlib import Path

import msgspec

from benchbox.errors import RecordError, StorageError, UsageError
from benchbox.plan.spec import Plan
from benchbox.records.files import Sync, sync_folder, write_json
from benchbox.records.journal import storing

PLAN = "plan.json"
# What libraries write to stdout and stderr in child processes: warnings, mostly.
OUTPUT = "output.txt"
# A full disk, a used-up quota, a broken disk: the place is right, but it takes nothing.
NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EIO)


def make_folder(out: Path, command: str, *, now: datetime, has_plan: bool = True, sync: Sync = os.fsync) -> Path:
    """A new folder `<stamp>-<command>` under `out`, and the links `latest` and `latest-<command>` to it.

    Their names are on the disk before anything is measured. One without a plan, where `has_plan` is False, can
    be neither shown nor resumed: `latest` stays where it is.
    Raises UsageError where it cannot be made, and StorageError where only room is missing.
    """
    name = command.replace(" ", "-")
    stamp = now.strftime("%Y%m%d-%H%M%S")
    try:
        out.mkdir(parents=True, exist_ok=True)
        folder = _first_free(out, f"{stamp}-{name}")
        for link in (*(("latest",) if has_plan else ()), f"latest-{name}"):
            _point(out / link, folder.name)
        for above in (out, out.absolute().parent):
            sync_folder(above, sync=sync)
    except OSError as error:
        if error.errno in NO_ROOM:
            raise StorageError(str(out), os.strerror(error.errno)) from error
        raise UsageError(
            f"cannot write reports to {out}: {error.strerror}",
            allowed="a folder that you may write to",
            hint="name another with --out",
        ) from error
    return folder


def write_plan(folder: Path, plan: Plan, *, sync: Sync = os.fsync) -> None:
    """plan.json: what this command was going to run, on the disk, to be resumed from. Raises StorageError."""
    with storing(folder / PLAN):
        write_json(folder / PLAN, plan, sync=sync)


def read_plan(folder: Path) -> Plan:
    """The plan of a report. Raises RecordError where it cannot be read."""
    try:
        return msgspec.json.decode((folder / PLAN).read_bytes(), type=Plan)
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise RecordError(f"no plan in {folder}: {error}", allowed=f"a report folder with its {PLAN}") from error


def _first_free(out: Path, name: str) -> Path:
    """Two commands may start within a second; each gets a folder of its own."""
    for number in range(1, 1000):
        folder = out / (name if number == 1 else f"{name}-{number}")
        with contextlib.suppress(FileExistsError):
            folder.mkdir()
            return folder
    raise OSError(0, f"too many folders named {name}")


def _point(link: Path, target: str) -> None:
    """Replace a link in one step, so that it always points somewhere; skipped where links are not to be had."""
    beside = link.with_name(f".{link.name}-{os.getpid()}")
    try:
        beside.symlink_to(target, target_is_directory=True)
        beside.replace(link)
    except (NotImplementedError, OSError):
        # A convenience: some disks know no links, and somebody may have a real folder of that name.
        beside.unlink(missing_ok=True)
