"""An evaluation for an arm of a gate, with the proof of whose code made it."""

import msgspec

from benchbox.engine.execute import execute
from benchbox.engine.sources import identify, say_hello
from benchbox.plan.gate import Scored
from benchbox.plan.requests import RunRequest
from benchbox.records.record import encode


def score(request: RunRequest) -> Scored:
    """The record of a run, and what this process imported for it. Raises Interrupted after a signal."""
    record = execute(request)
    identity = identify(say_hello(), {request.spec: None})
    return Scored(record=msgspec.Raw(encode(record)), identity=identity)
