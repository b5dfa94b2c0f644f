"""Calls a function by its name in a child process and hands its events on while the parent sleeps.

What crosses is a frozen request there, and events and one result or error back. A child never outlives its
parent: it watches for the parent's end and leaves at once.
"""

import importlib
import multiprocessing
import multiprocessing.connection
import os
import pickle
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.context import BaseContext
from pathlib import Path
from typing import Any, TypeVar

from benchbox.errors import BenchboxError, Interrupted
from benchbox.records.events import Event, Observer, ignore

Result = TypeVar("Result")

ENGINE = "benchbox.engine"
# How long an interrupted child may take to save what it has.
GRACE_SECONDS = 30.0


class ChildError(BenchboxError):
    """A child ended without an answer: killed, or by an error nobody expected. `log` is its traceback, if any."""

    def __init__(self, reason: str, log: str = "") -> None:
        super().__init__(reason)
        self.reason, self.log = reason, log

    def __reduce__(self) -> tuple[object, ...]:
        return ChildError, (self.reason, self.log)


@dataclass(frozen=True, kw_only=True)
class _Answer:
    value: object = None
    error: BaseException | None = None


def call(
    target: str,
    request: object,
    *,
    returns: type[Result],
    observer: Observer = ignore,
    output: Path | None = None,
) -> Result:
    """Run `module:function` on the request in a fresh process and return what it returns.

    `output` is a file to which everything goes that the child writes to stdout or stderr. Raises what the
    function raised, ChildError where the child died, and Interrupted on SIGINT or SIGTERM, after the child
    had GRACE_SECONDS to save what it has; if it answered within them, its answer is returned instead.
    """
    context = _context()
    receiving, sending = context.Pipe(duplex=False)
    process = context.Process(target=_serve, args=(sending, target, request, output))  # type: ignore[attr-defined]
    try:
        with _signals_held():
            process.start()
        sending.close()
        answer = _listen(receiving, process, observer)
    except (KeyboardInterrupt, Interrupted):
        answer = _stop(receiving, process, observer)
    finally:
        receiving.close()
        _end(process)
    if answer.error is not None:
        raise answer.error
    return _checked(answer.value, target, returns)


def call_here(
    target: str, request: object, *, returns: type[Result], observer: Observer = ignore, output: Path | None = None
) -> Result:
    """Like `call`, in this process: for debuggers and notebooks."""
    return _checked(_find(target)(request, observer=observer), target, returns)


def _checked(value: object, target: str, returns: type[Result]) -> Result:
    if not isinstance(value, returns):
        raise ChildError(f"{target} returned {type(value).__name__}, not {returns.__name__}")
    return value


def _context() -> BaseContext:
    """forkserver imports torch once and forks in milliseconds; where it is missing, spawn does the same slowly."""
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([ENGINE])
    _start_forkserver()
    return context


@contextmanager
def _signals_held() -> Iterator[None]:
    """Let a signal wait until a child is whole: half started, it could be neither asked nor ended."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    held = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, held)


def _start_forkserver() -> None:
    """Start it deaf to Ctrl-C, which it would otherwise answer with a traceback while it imports torch."""
    from multiprocessing import forkserver  # not to be had where `_context` does not come here

    if threading.current_thread() is not threading.main_thread():
        forkserver.ensure_running()  # only the main thread may set signals
        return
    heard = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        forkserver.ensure_running()
    finally:
        signal.signal(signal.SIGINT, heard)


def _listen(receiving: Connection, process: Any, observer: Observer) -> _Answer:
    while True:
        try:
            message = receiving.recv()
        except EOFError:
            process.join()
            return _Answer(error=ChildError(_how_it_died(process.exitcode)))
        if isinstance(message, _Answer):
            return message
        observer(message)


def _stop(receiving: Connection, process: Any, observer: Observer) -> _Answer:
    """Ask the child to save and answer; give up after the grace, or at once when asked a second time."""
    process.terminate()
    try:
        while receiving.poll(GRACE_SECONDS):
            message = receiving.recv()
            if isinstance(message, _Answer):
                return message
            observer(message)
    except (EOFError, OSError, ValueError, pickle.PickleError, KeyboardInterrupt, Interrupted):
        pass  # it said nothing more, or a message was cut where the signal came
    process.kill()
    return _Answer(error=Interrupted("interrupted"))


def _end(process: Any) -> None:
    if process.pid is None:
        return
    process.join(timeout=GRACE_SECONDS)
    if process.is_alive():
        process.kill()
        process.join()
    process.close()


def _how_it_died(code: int | None) -> str:
    if code is not None and code < 0:
        name = signal.Signals(-code).name
        hint = ", as the kernel does when memory runs out" if -code == signal.SIGKILL else ""
        return f"the process was ended by {name}{hint}"
    return f"the process ended with code {code} and without an answer"


def _serve(sending: Connection, target: str, request: object, output: Path | None) -> None:
    """The child's main function."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent decides
    signal.signal(signal.SIGTERM, _interrupt)
    threading.Thread(target=_leave_with_parent, daemon=True).start()
    _redirect(output)

    def observer(event: Event) -> None:
        sending.send(event)

    try:
        answer = _Answer(value=_find(target)(request, observer=observer))
    except BenchboxError as error:
        answer = _Answer(error=error)
    except BaseException as error:
        # A child's last word: whatever happened becomes an answer, or the parent would know nothing of it.
        reason = f"{type(error).__name__}: {error}".strip()
        answer = _Answer(error=ChildError(reason, traceback.format_exc()))
    sending.send(answer)
    sending.close()


def _interrupt(signum: int, frame: object) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise Interrupted("interrupted")


def _leave_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        multiprocessing.connection.wait([parent.sentinel])
        os._exit(1)


def _redirect(output: Path | None) -> None:
    """What the child prints goes to its file, else to stderr: stdout is for the parent's data alone."""
    sys.stdout.flush()
    sys.stderr.flush()
    if output is None:
        os.dup2(2, 1)
        return
    descriptor = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    os.dup2(descriptor, 1)
    os.dup2(descriptor, 2)
    os.close(descriptor)


def _find(target: str) -> Callable[..., object]:
    module, _, name = target.partition(":")
    found: Callable[..., object] = getattr(importlib.import_module(module), name)
    return found
