"""More columns of a row's timed cells: processes, one-time work, parity, ceilings, the split of a step."""

from collections.abc import Callable

from benchbox.records.column import (
    TRUTH,
    Column,
    of_part,
    of_timing,
    real_column,
    rounded,
    text_column,
    whole_column,
)
from benchbox.records.rows import Row, Slot
from benchbox.records.timing import STAGES, LargestBatch


def _cell_columns(slot: Slot, prefix: str, what: str) -> tuple[Column, ...]:
    return (
        whole_column(
            f"{prefix}_processes", "count", f"{what}: fresh processes asked", of_part(slot, lambda p: p.processes)
        ),
        whole_column(f"{prefix}_processes_done", "count", "of them, ended well", of_part(slot, lambda p: p.done)),
        real_column(
            f"{prefix}_wall_seconds", "s", "median by the host's clock, on a GPU", of_timing(slot, lambda t: t.wall)
        ),
        real_column(
            f"{prefix}_build_seconds", "s", "construction and placement", of_part(slot, lambda p: p.build_seconds)
        ),
        real_column(
            f"{prefix}_time_to_first_batch_seconds",
            "s",
            "construction, placement and first call",
            of_part(slot, lambda p: p.time_to_first_batch),
        ),
        whole_column(
            f"{prefix}_peak_reserved_bytes",
            "B",
            "most memory that the GPU's allocator held",
            of_part(slot, lambda p: rounded(p.peak_reserved)),
        ),
        real_column(
            f"{prefix}_share_of_ceiling",
            "ratio",
            "FLOP/s by those of the fastest matrix product seen here; a training step is three forward passes",
            of_timing(slot, lambda t: t.share_of_ceiling),
        ),
        real_column(
            f"{prefix}_parity_error",
            "ratio",
            "distance of the logits from plain fp32's",
            of_part(slot, lambda p: p.parity_error),
        ),
        real_column(
            f"{prefix}_parity_top1",
            "ratio",
            "share of the same likeliest class as plain fp32's",
            of_part(slot, lambda p: p.parity_top1),
        ),
    )


def _stage_column(stage: str) -> Column:
    words = stage.replace("_", " ")
    return real_column(
        f"step_{stage}_share", "ratio", f"{words}: share of a training step", lambda row: row.step_shares.get(stage)
    )


def _of_largest(get: Callable[[LargestBatch], object]) -> Callable[[Row], object]:
    return lambda row: None if row.largest_batch is None else get(row.largest_batch)


CELL_COLUMNS: tuple[Column, ...] = (
    *_cell_columns("infer", "infer", "inference"),
    *_cell_columns("train_step", "train_step", "training step"),
    *(_stage_column(stage) for stage in STAGES),
    whole_column("activation_bytes", "B", "held for backward, for one picture", lambda row: row.activation_bytes),
    text_column("largest_batch_status", "how the search ended", of_part("largest_batch", lambda p: p.status)),
    whole_column(
        "largest_batch", "count", "most pictures of a training step that fitted", _of_largest(lambda b: b.pictures)
    ),
    Column(
        name="largest_batch_is_bound",
        dtype=TRUTH,
        unit="",
        meaning="whether a larger batch may fit",
        of=_of_largest(lambda b: b.is_bound),
    ),
    text_column("void", "why the row must not be ranked", lambda row: row.void or None),
    text_column("doubts", "what disturbed the row", lambda row: "; ".join(row.doubts) or None),
)
