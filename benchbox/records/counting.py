"""What can be counted of a row without running it: the request for it, and the records that answer it."""

import msgspec

from benchbox.plan.spec import RunSpec
from benchbox.records.record import Record


class CountRequest(msgspec.Struct, frozen=True, kw_only=True):
    """Count the networks of these runs, made for so many `classes`. No picture is needed."""

    specs: tuple[RunSpec, ...]
    classes: int


class Counted(msgspec.Struct, frozen=True, kw_only=True):
    """One record for each run, in order: parameters, buffers, bytes of weights, FLOPs, or why there are none."""

    records: tuple[Record, ...]
