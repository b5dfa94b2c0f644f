"""The bad neighbour burns a core, and ends with its context and with whoever started it."""

import os
import subprocess
import sys
import time

import psutil
import pytest

from benchbox.runner.burner import burning


def burners() -> list[psutil.Process]:
    return [child for child in psutil.Process().children() if child.status() != psutil.STATUS_ZOMBIE]


def wait_until(is_so: object, seconds: float = 30.0) -> None:
    assert callable(is_so)
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_it_works_while_the_context_is_open_and_is_gone_afterwards() -> None:
    before = set(burners())
    with burning(seed=1):
        [burner] = set(burners()) - before
        wait_until(lambda: burner.cpu_times().user > 0.2)
        assert os.getsid(burner.pid) != os.getsid(0), "Ctrl-C would end it before its context"
    assert not burner.is_running()


def test_an_error_ends_it_too() -> None:
    before = set(burners())
    with pytest.raises(ZeroDivisionError), burning(seed=1):
        1 / len(before - before)
    assert set(burners()) == before


def test_it_ends_after_its_parent_was_killed() -> None:
    program = (
        "from benchbox.runner.burner import burning\n"
        "import psutil, time\n"
        "with burning(seed=1):\n"
        "    print(psutil.Process().children()[0].pid, flush=True)\n"
        "    time.sleep(60)\n"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        burner = psutil.Process(int(parent.stdout.readline()))
        parent.kill()
    wait_until(lambda: not burner.is_running() or burner.status() == psutil.STATUS_ZOMBIE)
