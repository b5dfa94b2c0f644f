"""Peak memory above the floor: what is held at once counts, even if it is gone by then."""

import mmap

import pytest
import torch

from benchbox.engine.memory import forget_peak, held_above, is_out_of_memory, mark_floor, peak_above, peak_reserved

MIB = 2**20
PAGE = b"x" * MIB


def hold(size: int) -> mmap.mmap:
    """Fresh pages that are really written: malloc might give pages that the process already had."""
    held = mmap.mmap(-1, size * MIB)
    for _ in range(size):
        held.write(PAGE)
    return held


def test_the_peak_is_seen_after_it_has_gone() -> None:
    floor = mark_floor(torch.device("cpu"))
    hold(64).close()
    assert peak_above(floor) > 60 * MIB


def test_what_was_held_before_is_not_counted() -> None:
    held = hold(64)
    floor = mark_floor(torch.device("cpu"))
    assert peak_above(floor) < 32 * MIB
    held.close()


def test_what_is_held_now_is_not_what_was_held_once() -> None:
    floor = mark_floor(torch.device("cpu"))
    hold(64).close()
    assert held_above(floor) < 32 * MIB
    held = hold(64)
    assert held_above(floor) > 60 * MIB
    held.close()


def test_a_forgotten_peak_is_gone() -> None:
    floor = mark_floor(torch.device("cpu"))
    hold(64).close()
    forget_peak(floor)
    assert peak_above(floor) < 32 * MIB


@pytest.mark.parametrize(
    ("error", "is_memory"),
    [
        (torch.OutOfMemoryError("CUDA out of memory"), True),
        (MemoryError(), True),
        (RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried 1"), True),
        (RuntimeError("DefaultCPUAllocator: not enough memory: you tried to allocate 1 bytes"), True),
        (RuntimeError("CUDA error: out of memory\nCUDA kernel errors might be reported later"), True),
        (RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"), True),
        (RuntimeError("cuDNN error: CUDNN_STATUS_ALLOC_FAILED"), True),
        (RuntimeError("MPS backend out of memory (MPS allocated: 1 GB)"), True),
        (RuntimeError("std::bad_alloc"), True),
        (RuntimeError("size mismatch"), False),
        (RuntimeError("CUDA error: device-side assert triggered"), False),
        (ValueError("std::bad_alloc"), False),
        (KeyboardInterrupt(), False),
    ],
)
def test_only_memory_counts_as_memory(error: BaseException, is_memory: bool) -> None:
    assert is_out_of_memory(error) is is_memory


def test_only_cuda_reserves() -> None:
    assert peak_reserved(torch.device("cpu")) is None


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device")
def test_a_gpu_reserves_what_it_gives_and_more() -> None:
    device = torch.device("cuda:0")
    floor = mark_floor(device)
    held = torch.empty(64 * MIB, dtype=torch.uint8, device=device)
    reserved = peak_reserved(device)
    assert reserved is not None
    assert reserved >= peak_above(floor) >= len(held)
