import io
import urllib.error
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import Message
from http.client import HTTPMessage
from pathlib import Path

import pytest
from picture_files import write_zip

from benchbox.data.download import ADDRESSES, Opener, Response, get_coil20
from benchbox.errors import DataError
from benchbox.records.events import AnyEvent, Noted, PhaseBegan, Progress


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The right names with nothing in them: whether they are pictures is seen when they are decoded."""
    names = [f"coil-20-proc/obj{number}__{view}.png" for number in range(1, 21) for view in range(72)]
    return write_zip(tmp_path_factory.mktemp("zip") / "coil-20-proc.zip", dict.fromkeys(names, b""))


class FakeResponse:
    def __init__(self, content: bytes, announced: int) -> None:
        self._content = io.BytesIO(content)
        self.headers = HTTPMessage()
        self.headers["Content-Length"] = str(announced)

    def read(self, amount: int, /) -> bytes:
        return self._content.read(amount)


def _serving(content: bytes, *, asked: list[str] | None = None, announced: int | None = None) -> Opener:
    @contextmanager
    def opener(address: str, timeout: float) -> Iterator[Response]:
        if asked is not None:
            asked.append(address)
        yield FakeResponse(content, len(content) if announced is None else announced)

    return opener


def _failing_first(content: bytes, error: Exception) -> Opener:
    serve = _serving(content)

    @contextmanager
    def opener(address: str, timeout: float) -> Iterator[Response]:
        if address == ADDRESSES[0]:
            raise error
        with serve(address, timeout) as response:
            yield response

    return opener


@contextmanager
def _no_network(address: str, timeout: float) -> Iterator[Response]:
    raise urllib.error.URLError("Name or service not known")
    yield


def _assert_nothing_is_left(root: Path) -> None:
    assert [path for path in root.rglob("*") if path.is_file()] == []


def test_the_archive_comes_from_the_official_address_with_progress(archive: Path, tmp_path: Path) -> None:
    asked, seen = list[str](), list[AnyEvent]()
    content = archive.read_bytes()
    path = get_coil20(tmp_path, observer=seen.append, opener=_serving(content, asked=asked))
    assert path == tmp_path / "coil20" / "coil-20-proc.zip"
    assert path.read_bytes() == content
    assert asked == [ADDRESSES[0]]
    assert seen[0] == PhaseBegan(name="downloading")
    assert seen[-1] == Progress(done=len(content), total=len(content))
    assert list((tmp_path / "coil20").iterdir()) == [path]


@pytest.mark.parametrize(
    "error", [urllib.error.HTTPError(ADDRESSES[0], 404, "Not Found", Message(), None), TimeoutError("slow")]
)
def test_the_older_address_is_asked_where_the_first_fails(archive: Path, tmp_path: Path, error: Exception) -> None:
    seen: list[AnyEvent] = []
    opener = _failing_first(archive.read_bytes(), error)
    assert get_coil20(tmp_path, observer=seen.append, opener=opener).is_file()
    assert any(isinstance(event, Noted) and ADDRESSES[0] in event.text for event in seen)


def test_without_network_the_message_says_how_to_bring_the_file(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"cannot be downloaded \(.*not known.*--from FILE"):
        get_coil20(tmp_path, opener=_no_network)
    _assert_nothing_is_left(tmp_path)


def test_a_transfer_that_ends_too_early_is_no_archive(archive: Path, tmp_path: Path) -> None:
    content = archive.read_bytes()
    with pytest.raises(DataError, match="cannot be downloaded"):
        get_coil20(tmp_path, opener=_serving(content[:1000], announced=len(content)))
    _assert_nothing_is_left(tmp_path)


def test_a_page_instead_of_the_archive_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="the downloaded file is not COIL-20"):
        get_coil20(tmp_path, opener=_serving(b"<html>moved</html>"))
    _assert_nothing_is_left(tmp_path)


def test_a_file_is_taken_without_network(archive: Path, tmp_path: Path) -> None:
    path = get_coil20(tmp_path, from_file=archive, opener=_no_network)
    assert path.read_bytes() == archive.read_bytes()
    assert archive.is_file()


def test_another_archive_is_refused_and_leaves_the_old_one(archive: Path, tmp_path: Path) -> None:
    kept = get_coil20(tmp_path, from_file=archive)
    other = write_zip(tmp_path / "other.zip", {"obj1__0.png": b"", "obj2__0.png": b""})
    with pytest.raises(DataError, match=r"other\.zip is not COIL-20: it has 2 pictures of 2 objects"):
        get_coil20(tmp_path, from_file=other)
    assert kept.read_bytes() == archive.read_bytes()


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"there is no file .*gone\.zip"):
        get_coil20(tmp_path, from_file=tmp_path / "gone.zip")


def test_a_folder_that_cannot_be_written_is_named(archive: Path, tmp_path: Path) -> None:
    (tmp_path / "root").write_text("a file where a folder should be")
    with pytest.raises(DataError, match="cannot put COIL-20 into"):
        get_coil20(tmp_path / "root", from_file=archive)


@pytest.mark.coil20
def test_the_official_archive_is_accepted(coil20_zip: Path, tmp_path: Path) -> None:
    assert get_coil20(tmp_path, from_file=coil20_zip).stat().st_size == coil20_zip.stat().st_size
