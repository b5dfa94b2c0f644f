"""Functions that the tests of `runner.child` call by name in a child process."""

import os
import signal
import sys
import time
from pathlib import Path

from benchbox.errors import DataError, Interrupted
from benchbox.records.events import Observer, PhaseBegan, Progress, ignore


def double(request: int, *, observer: Observer = ignore) -> int:
    observer(PhaseBegan(name="doubling"))
    observer(Progress(done=1, total=1))
    return 2 * request


def own_process(request: object, *, observer: Observer = ignore) -> int:
    return os.getpid()


def refuse(request: str, *, observer: Observer = ignore) -> None:
    raise DataError(f"no such folder: {request}", allowed="a folder", hint="name another")


def crash(request: object, *, observer: Observer = ignore) -> None:
    raise ZeroDivisionError("by zero")


def die(request: int, *, observer: Observer = ignore) -> None:
    os.kill(os.getpid(), request)


def leave(request: int, *, observer: Observer = ignore) -> None:
    os._exit(request)


def talk(request: str, *, observer: Observer = ignore) -> int:
    print(f"out {request}")
    print(f"err {request}", file=sys.stderr)
    sys.stdout.flush()
    return 0


def save_when_interrupted(request: str, *, observer: Observer = ignore) -> str:
    """Ask the parent to stop, wait for it, then save and answer as a run does."""
    try:
        os.kill(int(request), signal.SIGINT)
        time.sleep(30)
    except Interrupted:
        return "saved"
    return "not interrupted"


def sleep_and_tell(request: str, *, observer: Observer = ignore) -> int:
    Path(request).write_text(str(os.getpid()))
    time.sleep(60)
    return 0
