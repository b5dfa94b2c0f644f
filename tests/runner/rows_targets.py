"""Run as an arm's process by the tests of `runner.rows_arm`: none of these computes anything.

`python rows_targets.py BEHAVIOUR PIPE LIFELINE`
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path

import msgspec

from benchbox.errors import Interrupted
from benchbox.plan.gate import (
    PROTOCOL,
    Finish,
    Finished,
    Hello,
    Identify,
    Identity,
    Look,
    Looked,
    Lost,
    Message,
    NoMemory,
    Open,
    Opened,
    Refused,
    Stopped,
    Turn,
    Turned,
    decode_wish,
    encode_message,
)
from benchbox.records.record import SCHEMA, Status, encode, make_record
from benchbox.runner.serve import become_child
from benchbox.version import __version__


def say(pipe: Connection, message: Message) -> None:
    pipe.send_bytes(encode_message(message))


def hello() -> Hello:
    return Hello(
        protocol=PROTOCOL,
        benchbox=str(Path.cwd()),
        version=__version__,
        schema=SCHEMA,
        control=os.environ.get("PYTHONPATH", ""),
        python=os.environ.get("PYTHONHASHSEED", "drawn"),
        process=os.getpid(),
    )


class Server:
    """Answers every wish; before its second turn it does what `fault` does."""

    def __init__(self, pipe: Connection, fault: Callable[[Connection], object] | None = None) -> None:
        self.pipe, self.fault, self.turns = pipe, fault, 0
        self.requests: dict[int, Open] = {}

    def serve(self) -> None:
        say(self.pipe, hello())
        try:
            while True:
                say(self.pipe, self.answer(decode_wish(self.pipe.recv_bytes())))
        except Interrupted:
            say(self.pipe, Stopped(records={row: self.record(row, "interrupted") for row in self.requests}))
        except EOFError:
            return

    def answer(self, wish: object) -> Message:
        match wish:
            case Open(row=row):
                self.requests[row] = wish
                return Opened(row=row, call_seconds=0.01, peak=1)
            case Turn():
                self.turns += 1
                if self.turns == 2 and self.fault:
                    self.fault(self.pipe)
                return Turned(calls=1, seconds=float(self.turns))
            case Finish(row=row):
                return Finished(record=self.record(row, "ok"))
            case Look():
                return Looked()
            case Identify():
                return Identity(hello=hello(), imported={}, files={})
        raise AssertionError(wish)

    def record(self, row: int, status: Status) -> msgspec.Raw:
        spec = self.requests[row].request.spec
        return msgspec.Raw(
            encode(make_record(spec, status=status, started="", seconds=0.0, log=f"{self.turns} turns"))
        )


def obedient(pipe: Connection) -> None:
    Server(pipe).serve()


def dying(pipe: Connection) -> None:
    Server(pipe, lambda _: os.kill(os.getpid(), signal.SIGKILL)).serve()


def leaving(pipe: Connection) -> None:
    def leave(_: Connection) -> None:
        print("something went wrong", flush=True)
        os._exit(7)

    Server(pipe, leave).serve()


def dying_beside_a_child(pipe: Connection) -> None:
    """What it started holds a copy of its pipe, so that the pipe does not close with it."""

    def die(_: Connection) -> None:
        if os.fork() == 0:
            time.sleep(60)
            os._exit(0)
        os.kill(os.getpid(), signal.SIGKILL)

    Server(pipe, die).serve()


def hanging(pipe: Connection) -> None:
    Server(pipe, lambda _: time.sleep(60)).serve()


def deaf(pipe: Connection) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    Server(pipe, lambda _: time.sleep(60)).serve()


def nonsense(pipe: Connection) -> None:
    Server(pipe, lambda pipe: pipe.send_bytes(b"what a nice day")).serve()


def other_words(pipe: Connection) -> None:
    Server(pipe, lambda pipe: say(pipe, Looked())).serve()


def losing(pipe: Connection) -> None:
    server = Server(pipe)
    server.fault = lambda pipe: say(pipe, Lost(record=server.record(0, "nan")))
    server.serve()


def without_memory(pipe: Connection) -> None:
    Server(pipe, lambda pipe: say(pipe, NoMemory(reason="memory ran out for the control network"))).serve()


def talkative(pipe: Connection) -> None:
    """Prints more than anybody reads, then leaves."""

    def leave(_: Connection) -> None:
        sys.stdout.write("x" * 10**6 + "\nits last words\n")
        sys.stdout.flush()
        os._exit(7)

    Server(pipe, leave).serve()


def not_understanding(pipe: Connection) -> None:
    Server(pipe, lambda pipe: say(pipe, Refused(reason="no such field"))).serve()


def newer_records(pipe: Connection) -> None:
    Server(pipe, lambda pipe: say(pipe, Lost(record=msgspec.Raw(b'{"schema":99}')))).serve()


def interrupting(pipe: Connection) -> None:
    """Sends its parent a SIGINT, as Ctrl-C does."""

    def interrupt(_: Connection) -> None:
        os.kill(os.getppid(), signal.SIGINT)
        time.sleep(60)

    Server(pipe, interrupt).serve()


def other_protocol(pipe: Connection) -> None:
    pipe.send_bytes(b'{"type": "Greetings", "protocol": 99, "version": "7.0"}')
    time.sleep(60)


def garbage(pipe: Connection) -> None:
    os.write(pipe.fileno(), b"this is no message of any kind")
    time.sleep(60)


def no_json(pipe: Connection) -> None:
    pipe.send_bytes(b"hello")
    time.sleep(60)


def silent(pipe: Connection) -> None:
    time.sleep(60)


def failing_at_once(pipe: Connection) -> None:
    raise ZeroDivisionError("at once")


def with_a_grandchild(pipe: Connection) -> None:
    """As obedient; its hello tells of a process that it started."""
    grandchild = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    os.environ["PYTHONHASHSEED"] = str(grandchild.pid)
    Server(pipe).serve()


if __name__ == "__main__":
    behaviour, pipe, lifeline = sys.argv[1:]
    become_child(None, lifeline=int(lifeline))
    with Connection(int(pipe)) as connection:
        globals()[behaviour](connection)
