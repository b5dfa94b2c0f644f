"""Calls a function by its name in a child process and hands its events on while the parent sleeps.

What crosses is a frozen request there, and events and one result or error back. The child's side is in `serve`.
"""

import time
from multiprocessing import connection
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, TypeVar

from benchbox.errors import BenchboxError, Interrupted, SpecError
from benchbox.records.events import Noted, Observer, ignore
from benchbox.runner.processes import ENGINE, describe_death, end, make_context
from benchbox.runner.serve import Answer, ChildError, find, serve, unexpected
from benchbox.signals import signals_held

__all__ = ["ENGINE", "ChildError", "TimedOut", "call", "call_here"]

Result = TypeVar("Result")

# How long a child that is over its time may take to say what it has. No handler of Python's runs within a call of
# C code, such as one slow convolution.
GRACE_SECONDS = 30.0
# After a signal: a training step of a large network, which ends first, takes half a minute on few cores, and its
# state of gigabytes as long again. Who cannot wait says so by a second signal.
SAVE_SECONDS = 300.0
SAVING = "stopping: what goes on now may save first; a second signal does not wait for it"
# After this share of either a child is told again: a training step that it wanted to end first takes too long.
PATIENCE = 0.5


class TimedOut(BenchboxError):  # noqa: N818 - an event, not a fault
    """A child was not done within its seconds. `answer` is what it still said when it was told to stop, or None."""

    def __init__(self, seconds: float, answer: object = None) -> None:
        super().__init__(f"over {seconds:g} s")
        self.seconds, self.answer = seconds, answer


def call(
    target: str,
    request: object,
    *,
    returns: type[Result],
    observer: Observer = ignore,
    output: Path | None = None,
    timeout: float | None = None,
    late: float = GRACE_SECONDS,
    method: str | None = None,
) -> Result:
    """Run `module:function` on the request in a fresh process and return what it returns.

    `output` is a file to which everything goes that the child writes to stdout or stderr, `method` a start method
    of `multiprocessing` other than the usual one. Raises what the function raised, and ChildError where the child
    died. On SIGINT or SIGTERM the child has SAVE_SECONDS to save what it has, and Interrupted is raised with its
    answer, if any, also where the signal came after the answer. After `timeout` seconds the child is asked to stop,
    killed `late` seconds later, and TimedOut is raised with its answer, if any.
    """
    receiving, sending = connection.Pipe(duplex=False)
    process: Any = make_context(method).Process(target=serve, args=(sending, target, request, output))  # type: ignore[attr-defined]
    with receiving:
        try:
            answer, stop = _talk(receiving, sending, process, observer, timeout=timeout, late=late)
        except BaseException:
            # Whatever ended the talk, nobody listens to the child any more.
            if process.pid is not None:
                process.kill()
            end(process)
            raise
        stop = _leave(process, has_answered=answer is not None) or stop
    if stop is not None:
        stop.answer = answer.value if answer else None
        raise stop
    assert answer is not None, "without a limit only an answer ends the listening"
    if answer.error is not None:
        raise answer.error
    return _checked(answer.value, target, returns)


def _leave(process: Any, *, has_answered: bool) -> Interrupted | None:
    """Wait for a child to leave, be it that it must; an Interrupted where a signal came meanwhile."""
    try:
        if process.pid is not None and not has_answered:
            process.kill()
        end(process)
    except (KeyboardInterrupt, Interrupted):
        return Interrupted()
    return None


def call_here(
    target: str,
    request: object,
    *,
    returns: type[Result],
    observer: Observer = ignore,
    output: Path | None = None,
    timeout: float | None = None,
) -> Result:
    """Like `call`, in this process: for debuggers and notebooks. Prints go where they go, not to `output`.

    An unexpected error is the cause of the ChildError, so that a debugger can look into it. Raises SpecError for
    a timeout, since nothing could end the work.
    """
    if timeout is not None:
        raise SpecError.of("timeout", timeout, allowed="none without a process of its own")
    try:
        return _checked(find(target)(request, observer=observer), target, returns)
    except BenchboxError:
        raise
    except (Exception, SystemExit) as error:
        raise unexpected(error) from error


def _checked(value: object, target: str, returns: type[Result]) -> Result:
    if not isinstance(value, returns):
        raise ChildError(f"{target} returned {type(value).__name__}, not {returns.__name__}")
    return value


def _talk(
    receiving: Connection,
    sending: Connection,
    process: Any,
    observer: Observer,
    *,
    timeout: float | None,
    late: float,
) -> tuple[Answer | None, Interrupted | TimedOut | None]:
    """Start the child and listen to its end: its answer, if any, and why it was told to stop, if it was.

    Raises Interrupted where somebody asks a second time.
    """
    try:
        with signals_held():
            process.start()
        sending.close()
        answer = listen(receiving, process, observer, seconds=timeout)
    except (KeyboardInterrupt, Interrupted):
        if process.pid is None:
            return None, Interrupted()
        observer(Noted(text=SAVING))
        return _stop(receiving, process, observer, seconds=SAVE_SECONDS), Interrupted()
    if answer is None and timeout is not None:
        return _stop(receiving, process, observer, seconds=late), TimedOut(timeout)
    return answer, None


def listen(receiving: Connection, process: Any, observer: Observer, *, seconds: float | None) -> Answer | None:
    """Hand a child's events on until its answer comes; None once the seconds are over.

    A child's death is an answer: a ChildError. Its end is watched beside the pipe, of which a grandchild might
    hold a copy.
    """
    deadline = None if seconds is None else time.monotonic() + seconds
    while deadline is None or time.monotonic() < deadline:
        left = None if deadline is None else max(0.0, deadline - time.monotonic())
        ready = connection.wait([receiving, process.sentinel], left)
        # It may have answered and died between the looks at the one and at the other.
        if receiving in ready or (ready and receiving.poll()):
            message = _receive(receiving)
            if isinstance(message, Answer):
                return message
            if message is not None:
                observer(message)
                continue
        if ready:
            return _death(process)
    return None


def _receive(receiving: Connection) -> Any:
    """A whole message; None where the child died, be it in the middle of one."""
    try:
        with signals_held():
            return receiving.recv()
    except (EOFError, OSError):
        return None


def _death(process: Any) -> Answer:
    process.join(timeout=1)
    code = process.exitcode
    ended_by = -code if code is not None and code < 0 else 0
    return Answer(error=ChildError(describe_death(code), signal=ended_by))


def _stop(receiving: Connection, process: Any, observer: Observer, *, seconds: float) -> Answer | None:
    """Ask the child to save and answer, twice; None where it did not.

    Raises Interrupted where somebody asked a second time.
    """
    answer = None
    try:
        for share in (PATIENCE, 1 - PATIENCE):
            process.terminate()
            answer = listen(receiving, process, observer, seconds=seconds * share)
            if answer is not None:
                break
    except (KeyboardInterrupt, Interrupted):
        raise Interrupted from None
    return answer if answer is not None and answer.error is None else None
