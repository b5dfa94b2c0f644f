"""How signals wait, and how deaths are told."""

import signal
import threading

import pytest

from benchbox.runner.processes import describe_death, signals_held


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_waits_until_all_is_whole(number: signal.Signals) -> None:
    done = []

    def stop(number: int, frame: object) -> None:
        raise InterruptedError

    def work() -> None:
        with signals_held():
            signal.raise_signal(number)
            done.append("whole")

    heard = signal.signal(number, stop)
    try:
        with pytest.raises(InterruptedError):
            work()
    finally:
        signal.signal(number, heard)
    assert done == ["whole"]


def test_a_signal_held_inside_is_held_till_the_outermost_ends() -> None:
    done = []

    def work() -> None:
        with signals_held():
            with signals_held():
                signal.raise_signal(signal.SIGINT)
            done.append("whole")

    with pytest.raises(KeyboardInterrupt):
        work()
    assert done == ["whole"]


def test_other_threads_may_hold_and_change_nothing() -> None:
    heard = signal.getsignal(signal.SIGINT)
    thread = threading.Thread(target=_hold)
    thread.start()
    thread.join()
    assert signal.getsignal(signal.SIGINT) is heard


def _hold() -> None:
    with signals_held():
        pass


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (-signal.SIGKILL, "the process was ended by SIGKILL, as the kernel does when memory runs out"),
        (-signal.SIGSEGV, "the process was ended by SIGSEGV"),
        (-35, "the process was ended by signal 35"),
        (3, "the process ended with code 3 and without an answer"),
        (None, "the process closed its connection and gave no answer"),
    ],
)
def test_every_death_has_words(code: int | None, words: str) -> None:
    assert describe_death(code) == words
