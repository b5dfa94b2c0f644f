"""The core: `execute(request)` runs a spec and returns a record; `prepare(request)` probes what a plan needs.

It alone places networks on devices and holds the loop bodies. It decides nothing and prints nothing.
"""

from benchbox.engine.checkpoint import read_cards
from benchbox.engine.execute import execute
from benchbox.engine.prepare import prepare

__all__ = ["execute", "prepare", "read_cards"]
