"""Traces on the disk: whole, where the plug-in looks, or not there at all."""

import errno
import gzip
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import torch
from torch.profiler import ProfilerActivity, profile
from torch_tb_profiler.consts import WORKER_PATTERN  # type: ignore[import-untyped]

from benchbox.engine.traces import TraceError, keep_trace, trace_path

TRACE = json.dumps({"schemaVersion": 1, "traceEvents": [{"name": "aten::add", "ts": 1}] * 100})


def write(path: str) -> None:
    Path(path).write_text(TRACE)


def files_in(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file() or path.name.startswith(".")]


def test_a_trace_is_kept_compressed_where_the_plug_in_looks(tmp_path: Path) -> None:
    path = keep_trace(tmp_path, "lenet", worker="cpu", export=write)
    assert files_in(tmp_path) == [path]
    assert path.parent == tmp_path / "trace" / "lenet"
    assert gzip.decompress(path.read_bytes()).decode() == TRACE


def test_the_plug_in_reads_worker_and_stamp_from_the_name(tmp_path: Path) -> None:
    found = WORKER_PATTERN.match(trace_path(tmp_path, "lenet", worker="cuda-0", stamp=12).name)
    assert found is not None
    assert found.groups() == ("cuda-0", ".12")


def test_what_is_being_written_is_hidden_from_the_plug_in(tmp_path: Path) -> None:
    def export(path: str) -> None:
        write(path)
        assert not WORKER_PATTERN.match(Path(path).name)

    keep_trace(tmp_path, "lenet", worker="cpu", export=export)


def test_two_passes_of_a_run_lie_beside_each_other(tmp_path: Path) -> None:
    one, two = (keep_trace(tmp_path, "lenet", worker="cpu", export=write) for _ in range(2))
    assert sorted(files_in(tmp_path)) == sorted([one, two])


def test_a_trace_that_is_too_large_is_not_kept(tmp_path: Path) -> None:
    with pytest.raises(TraceError, match="MiB"):
        keep_trace(tmp_path, "lenet", worker="cpu", export=write, largest=len(TRACE) - 1)
    assert files_in(tmp_path) == []
    assert keep_trace(tmp_path, "lenet", worker="cpu", export=write, largest=len(TRACE)).exists()


def test_a_full_disk_leaves_nothing(tmp_path: Path) -> None:
    def fail(path: str) -> None:
        write(path)
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), path)

    with pytest.raises(TraceError, match="No space left on device; make room"):
        keep_trace(tmp_path, "lenet", worker="cpu", export=fail)
    assert files_in(tmp_path) == []


def test_a_trace_that_ends_somewhere_is_not_kept(tmp_path: Path) -> None:
    with pytest.raises(TraceError, match="not be written whole"):
        keep_trace(tmp_path, "lenet", worker="cpu", export=lambda path: Path(path).write_text(TRACE[:-2]))
    assert files_in(tmp_path) == []


def test_what_torch_leaves_under_another_name_is_removed(tmp_path: Path) -> None:
    # Seen on a full disk: Kineto fills NAME.tmp, and neither renames nor removes it.
    with pytest.raises(TraceError, match="not be written whole"):
        keep_trace(tmp_path, "lenet", worker="cpu", export=lambda path: Path(f"{path}.tmp").write_text(TRACE[:50]))
    assert files_in(tmp_path) == []


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "trace").write_text("a file")
    with pytest.raises(TraceError, match="make room"):
        keep_trace(tmp_path, "lenet", worker="cpu", export=write)


@contextmanager
def room_for(size: int) -> Iterator[None]:
    """As on a disk with this room: no file can grow over so many bytes."""
    resource = pytest.importorskip("resource")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_what_torch_itself_leaves_on_a_full_disk_is_not_kept(tmp_path: Path) -> None:
    with profile(activities=[ProfilerActivity.CPU]) as seen:
        torch.ones(3).add(1)

    def export(path: str) -> None:
        with room_for(1000):
            seen.export_chrome_trace(path)

    with pytest.raises(TraceError):
        keep_trace(tmp_path, "lenet", worker="cpu", export=export)
    assert files_in(tmp_path) == []


def test_a_disk_that_fills_while_compressing_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(TraceError, match="make room"), room_for(10):
        keep_trace(tmp_path, "lenet", worker="cpu", export=_write_without_limit)
    assert files_in(tmp_path) == []


def _write_without_limit(path: str) -> None:
    import resource

    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limits[1], limits[1]))
    write(path)
    resource.setrlimit(resource.RLIMIT_FSIZE, limits)
