"""How signals wait while something must stay whole."""

import signal
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from types import FrameType


@contextmanager
def signals_held(*, once: bool = False) -> Iterator[Sequence[int]]:
    """Let SIGINT and SIGTERM wait: a step half made, a message half read, a line half written is of no use.

    They are caught, not blocked: another thread would take a blocked one, and a child would inherit the block.
    Only the main thread hears signals, so that there is nothing to hold in others. Yields those that wait, for
    work that can be left early. With `once` only the first waits, and the next is heard in the middle of it all.
    """
    arrived: list[int] = []
    if threading.current_thread() is not threading.main_thread():
        yield arrived
        return

    def hold(number: int, _: FrameType | None) -> None:
        if once and arrived:
            signal.signal(number, heard[number])
            signal.raise_signal(number)
        arrived.append(number)

    handlers = {int(number): signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    heard = {number: handler or signal.SIG_DFL for number, handler in handlers.items() if handler != signal.SIG_IGN}
    try:
        with ExitStack() as restored:
            for number, handler in heard.items():
                restored.callback(signal.signal, number, handler)
                signal.signal(number, hold)
            yield arrived
    finally:
        for number in dict.fromkeys(arrived):
            signal.raise_signal(number)
