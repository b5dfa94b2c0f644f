"""Types a command as a user would, in this process: its exit code, stdout and stderr."""

import signal
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from benchbox.cli.app import run


@dataclass(frozen=True)
class Outcome:
    """What a command left behind."""

    code: int
    out: str
    err: str


class CommandLine:
    """Runs `benchbox …` in a folder of its own."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
        self.folder, self._monkeypatch, self._capfd = folder, monkeypatch, capfd
        monkeypatch.chdir(folder)
        monkeypatch.setenv("COLUMNS", "80")
        monkeypatch.setenv("TERM", "dumb")

    def __call__(self, *words: str | Path) -> Outcome:
        """Type the words and wait for the end."""
        self._monkeypatch.setattr(sys, "argv", ["benchbox", *map(str, words)])
        before = signal.getsignal(signal.SIGTERM)
        try:
            with pytest.raises(SystemExit) as ended:
                run()
        finally:
            signal.signal(signal.SIGTERM, before)
        captured = self._capfd.readouterr()
        return Outcome(int(ended.value.code or 0), captured.out, captured.err)
