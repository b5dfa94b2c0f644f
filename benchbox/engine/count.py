"""count_rows(request) → Counted: the exact metrics of networks, in seconds and without pictures."""

from functools import partial

from benchbox.engine.execute import execute
from benchbox.engine.stage import Context
from benchbox.models.describe import describe_named
from benchbox.plan.requests import RunRequest
from benchbox.plan.spec import RunSpec
from benchbox.records.counting import Counted, CountRequest
from benchbox.records.description import DescribeRequest
from benchbox.records.events import Observer, ignore

METRICS = ("parameters", "buffers", "weight_bytes", "flops")


def count_rows(request: CountRequest, *, observer: Observer = ignore) -> Counted:
    """A record for each run; a network that cannot be made is one with its reason."""
    count = partial(_count, classes=request.classes)
    return Counted(records=tuple(execute(_request(spec), observer=observer, task=count) for spec in request.specs))


def _request(spec: RunSpec) -> RunRequest:
    """No file is left, so that the folder does not matter."""
    return RunRequest(spec=spec, name=spec.model.name, folder="")


def _count(context: Context, *, classes: int) -> None:
    model, data = context.spec.model, context.spec.data
    counted = describe_named(
        DescribeRequest(model=model, channels=data.channels, image_size=data.image_size, classes=classes)
    )
    for metric in METRICS:
        context.findings.measure(metric, getattr(counted, metric))
