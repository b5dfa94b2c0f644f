"""How child processes are started and ended.

What a child does with itself is in `serve`, what is said to it in `child`.
"""

import multiprocessing
import os
import signal
import sys
import threading
from contextlib import suppress
from multiprocessing.context import BaseContext
from typing import Any

from benchbox.signals import signals_held

ENGINE = "benchbox.engine"
# How long a child that has answered may take to leave.
LEAVE_SECONDS = 30.0


def make_context(method: str | None = None) -> BaseContext:
    """Where processes come from: a forkserver, which imports torch once and forks in milliseconds, else spawn.

    `method` names a start method of `multiprocessing` instead.
    """
    has_forkserver = "forkserver" in multiprocessing.get_all_start_methods()
    method = method or ("forkserver" if has_forkserver else "spawn")
    context: BaseContext = multiprocessing.get_context(method)
    if method == "forkserver":
        context.set_forkserver_preload([ENGINE])
        _start_forkserver()
    return context


def _start_forkserver() -> None:
    """Start it deaf to Ctrl-C, which it would otherwise answer with a traceback while it imports torch."""
    from multiprocessing import forkserver  # not to be had where only spawn is

    if threading.current_thread() is not threading.main_thread():
        forkserver.ensure_running()  # only the main thread may set signals
        return
    heard = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        forkserver.ensure_running()
    finally:
        signal.signal(signal.SIGINT, heard)


def end(process: Any, *, seconds: float = LEAVE_SECONDS) -> None:
    """Wait for a process to leave, kill it where it does not, and whatever it started and left behind with it."""
    if process.pid is None:
        return
    try:
        process.join(timeout=seconds)
    finally:
        # Also where a signal cut the waiting short; a second one waits for this moment.
        with signals_held():
            _kill(process)
            process.close()


def _kill(process: Any) -> None:
    if process.is_alive():
        process.kill()
        process.join()
    if sys.platform != "win32":
        # `serve` made the child the leader of a group of its own; it is empty where all is well.
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)


def describe_death(code: int | None) -> str:
    """How a process ended that gave no answer, in words."""
    if code is None:
        return "the process closed its connection and gave no answer"
    if code < 0:
        name = _name(-code)
        hint = ", as the kernel does when memory runs out" if name == "SIGKILL" else ""
        return f"the process was ended by {name}{hint}"
    return f"the process ended with code {code} and without an answer"


def _name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:  # those between SIGRTMIN and SIGRTMAX have none
        return f"signal {number}"
