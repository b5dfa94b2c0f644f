"""Traces for TensorBoard: kept whole or not at all, and never a reason for a run to fail."""

import gzip
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO

import msgspec

from benchbox.records.files import beside, fill_whole
from benchbox.records.profile import TRACES

# Uncompressed, since the plug-in and the browser's viewer take it whole into memory; in the plug-in it was seen
# to take six times its size. ResNet50's steps make 1.6 MiB each.
LARGEST_TRACE = 100 * 2**20
# What the plug-in looks for; the number before it tells one pass of a worker from another.
ENDING = ".pt.trace.json.gz"
# The fastest level brings traces to a tenth of their size already.
LEVEL = 1
NOT_WHOLE = "it could not be written whole, as on a full disk; make room, or name another folder with --out"


class TraceError(Exception):
    """A trace was not kept; the message says why and what to do."""


class _Trace(msgspec.Struct):
    traceEvents: msgspec.Raw  # noqa: N815 (the name in the file)


def trace_path(folder: Path, run: str, *, worker: str, stamp: int) -> Path:
    """Where the plug-in finds a run's trace. `worker` must not end in a dot and digits; `stamp` in nanoseconds."""
    return folder / TRACES / run / f"{worker}.{stamp}{ENDING}"


def keep_trace(
    folder: Path,
    run: str,
    *,
    worker: str,
    export: Callable[[str], object],
    largest: int = LARGEST_TRACE,
) -> Path:
    """Let `export` write a trace as plain JSON, and keep it compressed under `folder`/trace/`run`.

    Raises TraceError where the disk is full, the trace is not whole, or it is larger than `largest` bytes; then
    nothing of it is left.
    """
    path = trace_path(folder, run, worker=worker, stamp=time.time_ns())
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _keep(path, export, largest=largest)
    except OSError as error:
        raise TraceError(f"{error.strerror or error}; make room, or name another folder with --out") from error
    return path


def _keep(path: Path, export: Callable[[str], object], *, largest: int) -> None:
    # A folder of its own: torch writes to another name first, and leaves that where the disk is full.
    scratch = beside(path)
    scratch.mkdir()
    try:
        plain = scratch / "trace.json"
        export(str(plain))
        _check(plain, largest=largest)
        _compress(plain, path)
    finally:
        shutil.rmtree(scratch)


def _check(plain: Path, *, largest: int) -> None:
    # torch reports no failure where a disk is full: nothing is there, or what it wrote ends somewhere.
    if not plain.exists():
        raise TraceError(NOT_WHOLE)
    size = plain.stat().st_size
    if size > largest:
        raise TraceError(
            f"it takes {size / 2**20:,.0f} MiB, more than the {largest / 2**20:,.0f} MiB that TensorBoard can show"
        )
    try:
        msgspec.json.decode(plain.read_bytes(), type=_Trace)
    except msgspec.DecodeError as error:
        raise TraceError(NOT_WHOLE) from error


def _compress(plain: Path, path: Path) -> None:
    def fill(file: IO[bytes]) -> None:
        with plain.open("rb") as source, gzip.open(file, "wb", LEVEL) as packed:
            shutil.copyfileobj(source, packed)

    fill_whole(path, fill)
