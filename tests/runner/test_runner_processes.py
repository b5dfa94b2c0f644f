"""How deaths are told."""

import signal

import pytest

from benchbox.runner.processes import describe_death


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
