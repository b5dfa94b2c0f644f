"""Functions that serve an arm in a child process for the tests of `runner.arms`; none of them computes anything."""

import os
import signal
import time
from collections.abc import Callable
from functools import partial

from benchbox.errors import Interrupted
from benchbox.plan.slices import ArmRequest, Finish, Look, Looked, Ready, Slice, Sliced
from benchbox.records.events import Observer, PhaseBegan, ignore
from benchbox.records.record import Record, Status, make_record


def obedient(request: ArmRequest, *, observer: Observer = ignore) -> Record:
    return _serve(request, observer, lambda count: None)


def dying(request: ArmRequest, *, observer: Observer = ignore) -> Record:
    """Dies in its second slice."""
    return _serve(request, observer, _in_second(partial(os.kill, os.getpid(), signal.SIGKILL)))


def hanging(request: ArmRequest, *, observer: Observer = ignore) -> Record:
    """Never ends its second slice, but hears a SIGTERM."""
    return _serve(request, observer, _in_second(partial(time.sleep, 60)))


def deaf(request: ArmRequest, *, observer: Observer = ignore) -> Record:
    """Never ends its second slice, and hears no SIGTERM at any time."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    return _serve(request, observer, _in_second(partial(time.sleep, 60)))


def slow(request: ArmRequest, *, observer: Observer = ignore) -> Record:
    return _serve(request, observer, lambda count: time.sleep(0.5))


def never_ready(request: ArmRequest, *, observer: Observer = ignore) -> Record:
    return _record(request, "oom", "too large", 0)


def broken(request: ArmRequest, *, observer: Observer = ignore) -> Record:
    raise ZeroDivisionError("by zero")


def asking_to_stop(request: ArmRequest, *, observer: Observer = ignore) -> Record:
    """Sends its parent a SIGINT in its second slice, as Ctrl-C does."""
    return _serve(request, observer, _in_second(partial(_interrupt_parent, request)))


def _in_second(do: Callable[[], object]) -> Callable[[int], object]:
    """What is done before the second slice, and before no other."""
    return lambda count: do() if count == 1 else None


def _interrupt_parent(request: ArmRequest) -> None:
    os.kill(int(request.run.folder), signal.SIGINT)
    time.sleep(60)


def _serve(request: ArmRequest, observer: Observer, before: Callable[[int], object]) -> Record:
    """Answers every wish at once; the record tells in its reason and its log how many slices there were."""
    count, turns = 0, request.turns
    try:
        observer(PhaseBegan(name="build"))
        turns.send(Ready(process=os.getpid(), call_seconds=0.01, peak=0))
        while not isinstance(wish := turns.recv(), Finish):
            if isinstance(wish, Slice):
                before(count)
                count += 1
                turns.send(Sliced(calls=1, seconds=float(count)))
            elif isinstance(wish, Look):
                turns.send(Looked())
        return _record(request, "ok", wish.reason, count)
    except Interrupted:
        return _record(request, "interrupted", "stopped", count)


def _record(request: ArmRequest, status: Status, reason: str, count: int) -> Record:
    spec = request.run.spec
    seen = f"{count} slices"
    return make_record(spec, status=status, reason=f"{reason} after {seen}", started="", seconds=0.0, log=seen)
