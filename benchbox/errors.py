"""The exceptions of benchbox and the exit codes of its command line.

    BenchboxError
    ├── UsageError            what was asked cannot be done as asked        exit 2
    │   ├── SpecError         a field of a spec or an option
    │   ├── ModelError        an architecture, or a network of one's own
    │   ├── DataError         a folder, an archive, a picture, a split
    │   ├── CheckpointError   a file that is not a checkpoint, or does not fit
    │   └── RecordError       a report folder or a line of a journal
    ├── StorageError          a disk is full, or a report cannot be written exit 74
    └── NotFiniteError        a loss became NaN or infinite                 a row `nan`

    Interrupted               SIGINT or SIGTERM reached a run               exit 130

Interrupted stands beside KeyboardInterrupt, not below Exception: a foreign network may raise anything, and whoever
catches that must not catch a signal with it.

Exit codes of the commands that run a plan: 0 every run is ok or was skipped on purpose; 1 a run failed, and its
row says why; 2 nothing ran, since what was asked cannot be done; 70 an error of benchbox's own; 74 (EX_IOERR of
sysexits.h) a report could not be written, and what was written before is whole; 130 a signal ended the work.

Exit codes of a gate: 0 nothing got worse by more than is accepted; 1 something did, broke or is missing; 3 what was
to be gated cannot be asserted: there is no baseline, it was made elsewhere, or no row was gated; 4 noise hides the
answer, and a slowdown of three margins is not excluded; 2, 70, 74 and 130 as above. Of several the first of 2, 70,
1, 3, 4 counts.

Every message says what was got, what is allowed and what to do next, in one line. They cross
process boundaries, so each is rebuilt from its plain fields when unpickled.
"""

from typing import Self

EXIT_OK = 0
EXIT_ROW_FAILED = 1
EXIT_REGRESSION = 1
EXIT_USAGE = 2
EXIT_UNASSERTED = 3
EXIT_INCONCLUSIVE = 4
EXIT_INTERNAL = 70
EXIT_STORAGE = 74
EXIT_INTERRUPTED = 130


class BenchboxError(Exception):
    """The root of all errors that benchbox raises on purpose."""


class UsageError(BenchboxError):
    """What was asked cannot be done as asked.

    `what` names the thing and the value got; `allowed` what would be accepted; `hint` the next step.
    """

    def __init__(self, what: str, *, allowed: str = "", hint: str = "") -> None:
        self.what, self.allowed, self.hint = what, allowed, hint
        parts = [what]
        if allowed:
            parts.append(f"allowed: {allowed}")
        if hint:
            parts.append(hint)
        super().__init__(" ".join(part if part[-1] in ".?!" else f"{part}." for part in parts))

    def __reduce__(self) -> tuple[object, ...]:
        return _rebuild, (type(self), self.what, self.allowed, self.hint)


def _rebuild(kind: type[UsageError], what: str, allowed: str, hint: str) -> UsageError:
    return kind(what, allowed=allowed, hint=hint)


class SpecError(UsageError):
    """A field of a spec, or an option, has a value that is not allowed."""

    @classmethod
    def of(cls, field: str, got: object, *, allowed: str, hint: str = "") -> Self:
        """The usual form: the field, the value got, the values allowed."""
        return cls(f"{field}: got {got!r}", allowed=allowed, hint=hint)


class ModelError(UsageError):
    """An architecture is unknown, or a network cannot be built or run as asked."""


class DataError(UsageError):
    """Pictures cannot be found, read, labelled or split."""


class CheckpointError(UsageError):
    """A file is not a checkpoint, or its network does not fit the pictures."""


class RecordError(UsageError):
    """A report folder or a line of its journal cannot be read."""


class StorageError(BenchboxError):
    """A report cannot be written: the disk is full, a quota is used up, a folder was taken away.

    `path` is what was being written and `reason` what the system said. What was written before is whole.
    """

    def __init__(self, path: str, reason: str, *, report: str = "") -> None:
        self.path, self.reason, self.report = path, reason, report
        goes_on = f", then go on with `--resume {report}`" if report else ""
        super().__init__(f"cannot write {path}: {reason}. Make room{goes_on}.")

    def __reduce__(self) -> tuple[object, ...]:
        return _rebuild_storage, (type(self), self.path, self.reason, self.report)


def _rebuild_storage(kind: type[StorageError], path: str, reason: str, report: str) -> StorageError:
    return kind(path, reason, report=report)


class NotFiniteError(BenchboxError):
    """A loss became NaN or infinite: the run ends as a row `nan`."""


class Interrupted(BaseException):
    """SIGINT or SIGTERM reached a run: it saves what it has and ends as `interrupted`.

    `answer` is what a child process still gave when it was told to stop, None where it gave nothing.
    """

    def __init__(self, reason: str = "interrupted", answer: object = None) -> None:
        super().__init__(reason)
        self.answer = answer
