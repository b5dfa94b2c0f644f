"""Fetches COIL-20 from its official address, or takes it from a file. No torch.

The archive is kept as it is: sources read it without unpacking. What arrives is checked before it takes its
place, so a broken transfer leaves nothing behind.
"""

import http.client
import shutil
import tempfile
import urllib.request
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import IO, Protocol

from benchbox.data.labels import label_by_name
from benchbox.data.listing import list_place
from benchbox.data.sources import COIL20, COIL20_OBJECTS, COIL20_PICTURES, COIL20_ZIP
from benchbox.errors import DataError
from benchbox.records.events import Noted, Observer, PhaseBegan, Progress, ignore

ADDRESSES = (
    "https://cave.cs.columbia.edu/old/databases/SLAM_coil-20_coil-100/coil-20/coil-20-proc.zip",
    "https://www.cs.columbia.edu/CAVE/databases/SLAM_coil-20_coil-100/coil-20/coil-20-proc.zip",
    "http://www.cs.columbia.edu/CAVE/databases/SLAM_coil-20_coil-100/coil-20/coil-20-proc.zip",
)
_TIMEOUT = 20.0  # seconds without a byte
_BLOCK = 2**16
_LARGEST = 2**27  # bytes; the archive has about 12 MB, and a server that never ends must not fill the disk

_HINT = (
    "fetch coil-20-proc.zip elsewhere and give it with `benchbox data get coil20 --from FILE`, "
    "or use `--data turntable`, which needs no network"
)


class Response(Protocol):
    """The part of a HTTP response that is used."""

    headers: http.client.HTTPMessage

    def read(self, amount: int, /) -> bytes:
        """At most `amount` further bytes, none at the end."""


Opener = Callable[[str, float], AbstractContextManager[Response]]


def open_address(address: str, timeout: float) -> AbstractContextManager[Response]:
    """The usual opener: urllib's, with a limit in seconds for every wait."""
    response: AbstractContextManager[Response] = urllib.request.urlopen(address, timeout=timeout)
    return response


def get_coil20(
    root: Path,
    *,
    from_file: Path | None = None,
    observer: Observer = ignore,
    opener: Opener = open_address,
) -> Path:
    """Put the official archive into `root`/coil20 and return its path.

    It comes from `from_file`, else from the first address that gives it. Raises DataError where neither can be
    had, where it is not COIL-20, or where the folder cannot be written to.
    """
    target = root / COIL20 / COIL20_ZIP
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        # Renaming is whole or not at all only within one file system, so the temporary folder is beside the target.
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=".get-") as folder:
            arrived = Path(folder) / COIL20_ZIP
            _obtain(arrived, from_file, observer, opener)
            check_archive(arrived, name=str(from_file or "the downloaded file"))
            arrived.replace(target)
    except OSError as error:
        raise DataError(
            f"cannot put COIL-20 into {target.parent}: {error.strerror or error}",
            hint="make the folder writable",
        ) from error
    return target


def check_archive(path: Path, *, name: str) -> None:
    """Raises DataError, calling the archive `name`, unless it holds 1,440 pictures of 20 objects."""
    try:
        labels = [label_by_name(found.location) for found in list_place(path).pictures]
    except DataError as error:
        raise DataError(f"{name} is not COIL-20: {error.what}", hint=_HINT) from error
    objects = len(set(labels))
    if (len(labels), objects) != (COIL20_PICTURES, COIL20_OBJECTS):
        raise DataError(
            f"{name} is not COIL-20: it has {len(labels):,} pictures of {objects} objects",
            allowed=f"{COIL20_PICTURES:,} pictures of {COIL20_OBJECTS} objects (coil-20-proc.zip)",
            hint=_HINT,
        )


def _obtain(arrived: Path, from_file: Path | None, observer: Observer, opener: Opener) -> None:
    if from_file is None:
        _download(arrived, observer, opener)
        return
    if not from_file.is_file():
        raise DataError(f"there is no file {str(from_file)!r}", allowed="the official coil-20-proc.zip")
    shutil.copyfile(from_file, arrived)


def _download(arrived: Path, observer: Observer, opener: Opener) -> None:
    observer(PhaseBegan(name="downloading"))
    failures = []
    for address in ADDRESSES:
        try:
            with opener(address, _TIMEOUT) as response, arrived.open("wb") as file:
                _copy(response, file, observer)
            return
        # urllib's errors are OSErrors; the other one is a connection that ends too early.
        except (OSError, http.client.HTTPException) as error:
            failures.append(f"{address.split('/')[2]}: {_reason(error)}")
            observer(Noted(text=f"{address} gave no archive ({_reason(error)})"))
    raise DataError(f"COIL-20 cannot be downloaded ({'; '.join(failures)})", hint=_HINT)


def _reason(error: Exception) -> str:
    return " ".join(str(getattr(error, "reason", error) or type(error).__name__).split())


def _copy(response: Response, file: IO[bytes], observer: Observer) -> None:
    announced = response.headers.get("Content-Length", "")
    total = int(announced) if announced.isdecimal() else 0
    done = 0
    while block := response.read(_BLOCK):
        done += file.write(block)
        if done > _LARGEST:
            raise http.client.HTTPException(f"more than {_LARGEST:,} bytes came")
        observer(Progress(done=done, total=max(total, done)))
    if done < total:
        raise http.client.IncompleteRead(b"", total - done)
