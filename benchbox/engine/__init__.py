"""The core: `execute(request)` runs a spec and returns a record; `prepare(request)` probes what a plan needs.

`inspect_machine(request)` tells how fast and how steady this machine is, and `predict(request)` what a checkpoint's
network says of single pictures.

It alone places networks on devices and holds the loop bodies. It decides nothing and prints nothing.
"""

from benchbox.engine.checkpoint import read_cards
from benchbox.engine.execute import execute
from benchbox.engine.inspect import inspect_machine
from benchbox.engine.noise import time_fixed_work
from benchbox.engine.predict import predict
from benchbox.engine.prepare import prepare

__all__ = ["execute", "inspect_machine", "predict", "prepare", "read_cards", "time_fixed_work"]
