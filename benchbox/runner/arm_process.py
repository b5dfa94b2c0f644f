"""The process of an arm of a gate: started in the arm's folder by its main module's name, and ended as a group.

Messages are bytes here. It leads a group of its own and ends with its parent, also where that is killed: the other
end of its lifeline closes then (`runner.serve`).
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from multiprocessing import connection
from pathlib import Path

from benchbox.errors import BenchboxError
from benchbox.runner.places import without_git
from benchbox.runner.processes import describe_death
from benchbox.signals import signals_held

MODULE = "benchbox.runner.rows_child"
COMMAND = (sys.executable, "-m", MODULE)
# A process that died is seen by its pipe at once; where one that it started holds a copy, by a look so often.
LOOK_SECONDS = 1.0
# How long a process that has nothing more to do may take to leave.
LEAVE_SECONDS = 10.0
# A message is a record at most; a longer one is none.
LONGEST = 2**26
# Of what it printed, so many lines are told where it died, from so many of its last bytes.
SHOWN_LINES, SHOWN_BYTES = 12, 2**16


class ProcessOver(BenchboxError):  # noqa: N818 - an event, not a fault
    """A process died, or said nothing in time; it is ended.

    `signal` is the number of the signal that ended it, 0 for none, `log` the last lines that it printed.
    """

    def __init__(self, reason: str, *, log: str = "", signal: int = 0, is_late: bool = False) -> None:
        super().__init__(reason)
        self.reason, self.log, self.signal, self.is_late = reason, log, signal, is_late


class ArmProcess:
    """A process that is talked to over a pipe. `output` is the file for what it prints, `command` what it runs.

    The command's last two arguments are the descriptors of its pipe and of its lifeline.
    """

    def __init__(self, root: Path, *, output: Path, command: Sequence[str] = COMMAND) -> None:
        self._root, self._output, self._command = root, output, tuple(command)
        self._process: subprocess.Popen[bytes] | None = None
        self._printed = 0

    @property
    def is_alive(self) -> bool:
        """Whether it was started and has not ended."""
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start it, and do not wait for it."""
        with signals_held(), self._output.open("ab") as output:
            self._printed = output.tell()
            self._pipe, childs_end = connection.Pipe()
            lifeline, self._lifeline = connection.Pipe(duplex=False)
            with childs_end, lifeline:
                ends = childs_end.fileno(), lifeline.fileno()
                self._process = subprocess.Popen(
                    [*self._command, *map(str, ends)],
                    cwd=self._root,
                    env=environment_of(self._root),
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=output,
                    pass_fds=ends,
                    start_new_session=True,
                )

    def send(self, content: bytes) -> None:
        """Say something. That nobody is there any more is seen by whoever listens for the answer."""
        with suppress(OSError):
            self._pipe.send_bytes(content)

    def receive(self, seconds: float | None) -> bytes:
        """The next message, within so many seconds. Raises ProcessOver where there is none."""
        deadline = None if seconds is None else time.monotonic() + seconds
        while self._process is not None:
            left = LOOK_SECONDS if deadline is None else min(LOOK_SECONDS, deadline - time.monotonic())
            try:
                if self._pipe.poll(max(0.0, left)):
                    with signals_held():
                        return self._pipe.recv_bytes(LONGEST)
                if self._process.poll() is not None and not self._pipe.poll():
                    break
            except (EOFError, OSError):
                break
            if left <= 0:
                self.end(seconds=0.0)
                raise ProcessOver(f"no answer for {seconds:g} s", log=self.said(), is_late=True)
        raise self._died()

    def _died(self) -> ProcessOver:
        code = None
        if self._process is not None:
            with suppress(subprocess.TimeoutExpired):
                code = self._process.wait(timeout=LOOK_SECONDS)
        self.end(seconds=0.0)
        ended_by = -code if code is not None and code < 0 else 0
        return ProcessOver(describe_death(code), log=self.said(), signal=ended_by)

    def said(self) -> str:
        """The last lines of what it printed."""
        with suppress(OSError), self._output.open("rb") as output:
            output.seek(max(self._printed, output.seek(0, os.SEEK_END) - SHOWN_BYTES))
            return "\n".join(output.read().decode(errors="replace").strip().splitlines()[-SHOWN_LINES:])
        return ""

    def terminate(self) -> None:
        """Ask it to end."""
        if self._process is not None:
            self._process.terminate()

    def end(self, *, seconds: float = LEAVE_SECONDS) -> None:
        """Wait so long for it to leave, then kill it with what it started; nothing where it is over."""
        process, self._process = self._process, None
        if process is None:
            return
        try:
            self._pipe.close()
            with suppress(subprocess.TimeoutExpired):
                process.wait(timeout=seconds)
        finally:
            # Also where a signal cut the waiting short; a second one waits for this moment.
            with signals_held():
                _kill_group(process)
                self._lifeline.close()


def _kill_group(process: "subprocess.Popen[bytes]") -> None:
    """It leads a group of its own; that is empty where all is well."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def environment_of(root: Path) -> dict[str, str]:
    """The environment of an arm: its own folder comes first of all that is imported from, in both usual layouts.

    The seed of Python's hashes is drawn anew, since an order that it makes is a part of what fresh processes show.
    """
    sources = root / "src"
    own = [root, sources] if sources.is_dir() else [root]
    given = [path for path in os.environ.get("PYTHONPATH", "").split(os.pathsep) if path]
    environment = without_git(os.environ)
    environment.pop("PYTHONHASHSEED", None)
    return environment | {"PYTHONPATH": os.pathsep.join([*map(str, own), *given])}
