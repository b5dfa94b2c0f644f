"""How signals wait while something must stay whole."""

import signal
import threading

import pytest

from benchbox.signals import signals_held


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


def test_those_that_wait_are_told_to_whoever_can_leave_early() -> None:
    heard, made = signal.signal(signal.SIGTERM, lambda *_: made.append(0)), list[int]()
    try:
        with signals_held() as waiting:
            for number in range(1, 9):
                made.append(number)
                if number == 3:
                    signal.raise_signal(signal.SIGTERM)
                if waiting:
                    break
    finally:
        signal.signal(signal.SIGTERM, heard)
    assert made == [1, 2, 3, 0]


def test_a_second_signal_is_heard_at_once_where_only_one_shall_wait() -> None:
    done, before = [], signal.getsignal(signal.SIGINT)

    def work() -> None:
        with signals_held(once=True):
            for number in range(3):
                signal.raise_signal(signal.SIGINT)
                done.append(number)

    with pytest.raises(KeyboardInterrupt):
        work()
    assert done == [0]
    assert signal.getsignal(signal.SIGINT) is before


def test_a_signal_that_is_ignored_stays_ignored_and_is_no_first_one() -> None:
    done, heard = [], signal.signal(signal.SIGTERM, signal.SIG_IGN)

    def work() -> None:
        with signals_held(once=True):
            signal.raise_signal(signal.SIGTERM)
            signal.raise_signal(signal.SIGINT)
            done.append("whole")

    try:
        with pytest.raises(KeyboardInterrupt):
            work()
    finally:
        signal.signal(signal.SIGTERM, heard)
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
