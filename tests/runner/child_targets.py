"""Functions that the tests of `runner.child` call by name in a child process."""

import ctypes
import multiprocessing.util
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from benchbox.errors import DataError, Interrupted
from benchbox.records.events import Observer, PhaseBegan, Progress, ignore
from benchbox.signals import signals_held


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


def end_a_step_first(request: str, *, observer: Observer = ignore) -> str:
    """Lets one signal wait for the end of a step that does not come."""
    try:
        with signals_held(once=True):
            time.sleep(60)
    except Interrupted:
        return "left in the middle"
    return "whole"


def save_when_interrupted(request: str, *, observer: Observer = ignore) -> str:
    """Ask the parent to stop, wait for it, then save and answer as a run does."""
    try:
        os.kill(int(request), signal.SIGINT)
        time.sleep(30)
    except Interrupted:
        return "saved"
    return "not interrupted"


def end_a_step_when_interrupted(request: str, *, observer: Observer = ignore) -> str:
    """Ask the parent to stop in the middle of a step of a second, which only a second signal would tear."""
    is_whole = False
    try:
        with signals_held(once=True):
            os.kill(int(request), signal.SIGINT)
            time.sleep(1.0)
            is_whole = True
    except Interrupted:
        return "whole" if is_whole else "torn"
    return "not interrupted"


def interrupt_after_the_answer(request: int, *, observer: Observer = ignore) -> int:
    """Answer, and send the parent a SIGINT while it waits for this process to leave."""
    multiprocessing.util.Finalize(None, _interrupt_later, args=(request,), exitpriority=10)
    return request


def _interrupt_later(parent: int) -> None:
    time.sleep(0.5)
    os.kill(parent, signal.SIGINT)
    time.sleep(0.5)


def sleep_and_tell(request: str, *, observer: Observer = ignore) -> int:
    Path(request).write_text(str(os.getpid()))
    time.sleep(60)
    return 0


def answer_when_stopped(request: str, *, observer: Observer = ignore) -> str:
    """Work for a long time, and tell what was done when told to stop."""
    try:
        time.sleep(60)
    except Interrupted:
        return f"half of {request}"
    return request


def hang(request: str, *, observer: Observer = ignore) -> int:
    """Tell who this is, then hang in C code with Python's lock, where no handler and no thread of Python runs."""
    Path(request).write_text(str(os.getpid()))
    library, mutex = ctypes.PyDLL(None), ctypes.create_string_buffer(64)
    library.pthread_mutex_lock(mutex)
    library.pthread_mutex_lock(mutex)
    return 0


def leave_a_grandchild(request: str, *, observer: Observer = ignore) -> int:
    """Start a process that holds a copy of everything open here, tell who it is, and end."""
    grandchild = os.fork()
    if grandchild == 0:
        time.sleep(60)
        os._exit(0)
    Path(request).write_text(str(grandchild))
    return 0


def die_with_a_grandchild(request: str, *, observer: Observer = ignore) -> int:
    leave_a_grandchild(request)
    os.kill(os.getpid(), signal.SIGKILL)
    return 0


def sleep_with_a_grandchild(request: str, *, observer: Observer = ignore) -> int:
    """As `sleep_and_tell`, of both."""
    grandchild = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    Path(request).write_text(f"{os.getpid()} {grandchild.pid}")
    time.sleep(60)
    return 0


def exit_(request: int, *, observer: Observer = ignore) -> None:
    sys.exit(request)


def interrupt(request: object, *, observer: Observer = ignore) -> None:
    raise KeyboardInterrupt


def tell_and_sleep(request: object, *, observer: Observer = ignore) -> int:
    observer(PhaseBegan(name="sleeping"))
    time.sleep(60)
    return 0
