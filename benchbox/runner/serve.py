"""The child's side: it prepares itself, runs the function that it was told by name, and answers.

A child never outlives its parent, and what it starts never outlives it. It leads a group of its own, which ends
as one: on Linux by the kernel, which signals the group when the parent's end of a pipe closes, also where the child
hangs in C code; elsewhere by a thread that waits for the same.
"""

import importlib
import multiprocessing
import multiprocessing.connection
import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

from benchbox.errors import BenchboxError, Interrupted
from benchbox.records.events import Event


class ChildError(BenchboxError):
    """A child ended without an answer: killed, or by an error nobody expected.

    `log` is its traceback, if any, and `signal` the number of the signal that ended it, 0 for none.
    """

    def __init__(self, reason: str, log: str = "", *, signal: int = 0) -> None:
        super().__init__(reason)
        self.reason, self.log, self.signal = reason, log, signal

    def __reduce__(self) -> tuple[object, ...]:
        return _rebuild, (self.reason, self.log, self.signal)


def _rebuild(reason: str, log: str, signal: int) -> ChildError:
    return ChildError(reason, log, signal=signal)


@dataclass(frozen=True, kw_only=True)
class Answer:
    """A child's last word: the function's value, or the error that it ended by."""

    value: object = None
    error: BaseException | None = None


def serve(sending: Connection, target: str, request: object, output: Path | None) -> None:
    """The child's main function: call the target and send events, then one Answer."""
    become_child(output)

    def observer(event: Event) -> None:
        sending.send(event)

    try:
        answer = Answer(value=find(target)(request, observer=observer))
    except (BenchboxError, Interrupted) as error:
        answer = Answer(error=error)
    except BaseException as error:
        # A child's last word: whatever happened becomes an answer, or the parent would know nothing of it.
        answer = Answer(error=unexpected(error))
    sending.send(answer)
    sending.close()


def become_child(output: Path | None, *, lifeline: int | None = None) -> None:
    """Make this process a child as all are: its signals, its end, and where its prints go.

    SIGINT is ignored, since Ctrl-C reaches the whole terminal and the parent decides; SIGTERM raises Interrupted,
    once. `output` is the file for stdout and stderr; without it both go to stderr. `lifeline` is the end of a pipe
    whose other end the parent alone holds; None for that of `multiprocessing`, which has made all other children.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _interrupt)
    if lifeline is None and (parent := multiprocessing.parent_process()) is not None:
        lifeline = parent.sentinel
    if lifeline is not None:
        _end_with(lifeline)
    _redirect(output)


def become_arm(arguments: Sequence[str]) -> Connection:
    """Make this process that of an arm of a gate; the pipe over which it is talked to.

    `arguments` are two descriptors, of the pipe and of the lifeline.
    """
    pipe, lifeline = map(int, arguments)
    for descriptor in (pipe, lifeline):
        os.set_inheritable(descriptor, False)  # what this process starts shall not keep them open
    become_child(None, lifeline=lifeline)
    return Connection(pipe)


def find(target: str) -> Callable[..., object]:
    """The function behind `module:function`."""
    module, _, name = target.partition(":")
    found: Callable[..., object] = getattr(importlib.import_module(module), name)
    return found


def unexpected(error: BaseException) -> ChildError:
    """An error that nobody expected, with its traceback as text; only text is sure to cross to the parent."""
    return ChildError(f"{type(error).__name__}: {error}".strip(), "".join(traceback.format_exception(error)))


def _interrupt(signum: int, frame: object) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise Interrupted("interrupted")


def _end_with(lifeline: int) -> None:
    """Lead a group of its own, which ends when the parent's end of the pipe closes."""
    if sys.platform != "win32" and os.getpgrp() != os.getpid():
        os.setsid()
    _ask_kernel(lifeline)
    threading.Thread(target=_wait_and_leave, args=(lifeline,), daemon=True).start()


def _ask_kernel(sentinel: int) -> None:
    """Have SIGIO, which ends a process, sent to this group when the parent's end closes: fcntl(2), O_ASYNC."""
    if sys.platform != "linux":
        return
    import fcntl

    signal.signal(signal.SIGIO, signal.SIG_DFL)
    fcntl.fcntl(sentinel, fcntl.F_SETOWN, -os.getpgrp())
    fcntl.fcntl(sentinel, fcntl.F_SETFL, fcntl.fcntl(sentinel, fcntl.F_GETFL) | os.O_ASYNC)


def _wait_and_leave(sentinel: int) -> None:
    multiprocessing.connection.wait([sentinel])
    if sys.platform != "win32":
        os.killpg(os.getpgrp(), signal.SIGKILL)
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
