"""All pictures of a data set in one value: decoded once to one tensor, or streamed if they are too many."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from benchbox.data.cache import FOLDER, Decoded, read_entry, write_entry
from benchbox.data.checks import check_labels, check_source
from benchbox.data.decoding import DECODER_VERSION, Array, DecodeSettings, decode, strict_pillow
from benchbox.data.digest import digest_of, hash_items
from benchbox.data.division import Member, divide
from benchbox.data.listing import Reader
from benchbox.data.sides import Side
from benchbox.data.sources import COIL20_PICTURES, ROOT, Item, Sides, Source, decide, find_source
from benchbox.data.turntable.render import ensure_turntable
from benchbox.data.workers import in_threads
from benchbox.errors import DataError
from benchbox.plan.spec import DataSpec
from benchbox.records.events import Noted, Observer, PhaseBegan, Progress, ignore


@dataclass(frozen=True, kw_only=True)
class Stream:
    """Where the pictures of a streamed set are, one location a picture, and how they are decoded."""

    path: Path
    locations: tuple[str, ...]
    settings: DecodeSettings

    def decode(self, index: int, read: Reader) -> Tensor:
        """Picture `index` as uint8 [channels, height, width]. Raises DataError that names it."""
        location = self.locations[index]
        return torch.from_numpy(np.array(decode(read(location), self.settings, name=location)))


@dataclass(frozen=True, kw_only=True)
class Pictures:
    """The pictures of a data set, by class and file name in natural order.

    `pixels`: uint8 [pictures, channels, height, width], None where they are streamed. `labels`: int64
    [pictures], indices into `classes`. `views`: the numbers in the file names. `sides`: what their folders give,
    None where sides were not asked for. `twins`: int64 [pictures], for each the first one with the same pixels
    (the same bytes where they are streamed), itself if there is none before it. `skipped`: files that are no
    pictures, with the reason.
    """

    pixels: Tensor | None
    labels: Tensor
    names: tuple[str, ...]
    views: tuple[int | None, ...]
    sides: tuple[Side | None, ...]
    classes: tuple[str, ...]
    digest: str
    title: str
    source: str
    twins: Tensor
    shape: tuple[int, int, int]
    skipped: tuple[str, ...] = ()
    stream: Stream | None = None

    def __len__(self) -> int:
        return len(self.names)

    def to(self, device: torch.device) -> "Pictures":
        """The same pictures with the pixels on `device`, so that several feeds there share them."""
        return self if self.pixels is None else replace(self, pixels=self.pixels.to(device))

    def decode(self, indices: Sequence[int]) -> Tensor:
        """Some pictures as uint8 [indices, channels, height, width], in the order asked.

        Raises DataError for a streamed picture that cannot be read any more.
        """
        if self.pixels is not None:
            return self.pixels[torch.as_tensor(indices, dtype=torch.int64, device=self.pixels.device)]
        stream = self.stream
        assert stream is not None, "pictures are held or streamed"
        with Reader(stream.path) as read:
            return torch.stack([stream.decode(index, read) for index in indices])


def open_pictures(spec: DataSpec, *, root: Path = ROOT, observer: Observer = ignore) -> Pictures:
    """The pictures that a spec asks for, decoded or from the cache in `root`/.cache; turntable is rendered.

    Sets that would take more than `spec.cache_limit` bytes are streamed: each picture is decoded once to
    check it, and again whenever it is needed. Raises DataError for what cannot be read, labelled or split, and
    for files that are no pictures unless `spec.skip_bad`.
    """
    source = open_source(spec, root=root, observer=observer)
    check_source(source)
    if not spec.skip_bad:
        # Refused before anything is decoded. A file that will be left out may be all that hinders a split.
        divide([_member(item) for item in source.items], spec)
    cache = root / FOLDER
    hashes = hash_items(source, folder=cache, observer=observer)
    decoded = _decoded(source, hashes, spec, cache=cache, observer=observer)
    if decoded.faults and not spec.skip_bad:
        raise _first_fault(decoded.faults)
    pictures = _assemble(source, hashes, decoded, spec)
    check_labels(source.title, [pictures.classes[i] for i in pictures.labels.tolist()], classes=pictures.classes)
    return pictures


def _sides_of(spec: DataSpec) -> Sides:
    """Whether folders must give the sides, must not, or may, since all pictures are asked for."""
    if spec.part == "all":
        return "either"
    return "asked" if spec.rule.kind == "folders" else "refused"


def _member(item: Item) -> Member:
    return Member(name=item.name, label=item.label, view=item.view, side=item.side)


def open_source(spec: DataSpec, *, root: Path = ROOT, observer: Observer = ignore) -> Source:
    """The source of a spec, rendering turntable if that is meant; notes the files that it leaves out.

    Raises DataError where there is nothing, or no sides in folders where the split asks for them.
    """
    sides = _sides_of(spec)
    if decide(spec.source, root=root) == "turntable" and sides != "asked":
        ensure_turntable(root, observer=observer)
    source = find_source(spec.source, root=root, sides=sides)
    if source.others:
        some = ", ".join(source.others[:3]) + (", …" if len(source.others) > 3 else "")
        observer(Noted(text=f"files left out, not pictures by name ({len(source.others):,}): {some}"))
    if source.kind == "coil20" and len(source.items) != COIL20_PICTURES:
        observer(Noted(text=f"COIL-20 has {COIL20_PICTURES:,} pictures, but here are {len(source.items):,}"))
    return source


def _decoded(source: Source, hashes: Sequence[str], spec: DataSpec, *, cache: Path, observer: Observer) -> Decoded:
    """The pixels from the cache, else from the files and then into the cache."""
    settings = DecodeSettings.of(spec)
    size = len(source.items) * int(np.prod(settings.shape))
    is_held = size <= spec.cache_limit
    entry = cache / f"pixels-{_key(digest_of(source.items, hashes), settings, is_held)}.npz"
    found = read_entry(entry, observer)
    if found is not None:
        return found
    decoded = decode_all(source, settings, is_held=is_held, observer=observer)
    if not is_held:
        decoded = replace(decoded, twins=_first_equal([hashes[i] for i in decoded.kept.tolist()]))
    write_entry(entry, decoded, observer)
    return decoded


def _key(digest: str, settings: DecodeSettings, is_held: bool) -> str:
    text = f"{digest}/{DECODER_VERSION}/{settings}/{is_held}"
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def decode_all(source: Source, settings: DecodeSettings, *, is_held: bool, observer: Observer = ignore) -> Decoded:
    """Decode every item, in parallel; `is_held` False checks the pictures without keeping their pixels."""
    observer(PhaseBegan(name="decoding"))
    total = len(source.items)
    pixels = np.empty((total if is_held else 0, *settings.shape), dtype=np.uint8)
    faults: dict[int, str] = {}
    prints: list[str] = []
    with (
        strict_pillow(),
        Reader(source.path) as read,
        in_threads(
            lambda some: _decode_block(read, some, settings, pixels), list(enumerate(source.items))
        ) as results,
    ):
        for block in results:
            for position, result in block:
                if isinstance(result, DataError):
                    faults[position] = result.what
                else:
                    prints.append(result)
            observer(Progress(done=len(prints) + len(faults), total=total))
    kept = np.array([i for i in range(total) if i not in faults], dtype=np.int64)
    rows = pixels if not faults else pixels[kept] if is_held else pixels
    return Decoded(pixels=rows if is_held else None, kept=kept, twins=_first_equal(prints), faults=faults)


def _decode_block(
    read: Reader, some: Sequence[tuple[int, Item]], settings: DecodeSettings, pixels: Array
) -> list[tuple[int, str | DataError]]:
    """Decode some items into their rows of `pixels`: for each the hash of its pixels, or what was wrong."""
    results: list[tuple[int, str | DataError]] = []
    for position, item in some:
        data = read(item.location)  # a file that cannot be read at all is no bad picture, and is not skipped
        try:
            array = decode(data, settings, name=item.name)
        except DataError as fault:
            results.append((position, fault))
            continue
        if len(pixels):
            pixels[position] = array
        results.append((position, hashlib.sha256(array.tobytes()).hexdigest()))
    return results


def _first_equal(prints: Sequence[str]) -> npt.NDArray[np.int64]:
    first: dict[str, int] = {}
    return np.array([first.setdefault(mark, row) for row, mark in enumerate(prints)], dtype=np.int64)


def _first_fault(faults: dict[int, str]) -> DataError:
    first = faults[min(faults)]
    more = f" (and {len(faults) - 1} more files)" if len(faults) > 1 else ""
    return DataError(
        f"{first}{more}",
        allowed="PNG, JPEG, BMP, WebP, PGM, PPM, GIF, TIFF",
        hint="replace it, or leave such files out with --skip-bad",
    )


def _assemble(source: Source, hashes: Sequence[str], decoded: Decoded, spec: DataSpec) -> Pictures:
    kept = decoded.kept.tolist()
    items = [source.items[i] for i in kept]
    classes = source.classes
    index = {name: i for i, name in enumerate(classes)}
    settings = DecodeSettings.of(spec)
    locations = tuple(item.location for item in items)
    stream = Stream(path=source.path, locations=locations, settings=settings)
    return Pictures(
        pixels=None if decoded.pixels is None else torch.from_numpy(decoded.pixels),
        labels=torch.tensor([index[item.label] for item in items], dtype=torch.int64),
        names=tuple(item.name for item in items),
        views=tuple(item.view for item in items),
        sides=tuple(item.side for item in items),
        classes=classes,
        digest=digest_of(items, [hashes[i] for i in kept]),
        title=source.title,
        source=source.kind,
        twins=torch.from_numpy(decoded.twins),
        shape=settings.shape,
        skipped=tuple(decoded.faults.values()),
        stream=stream if decoded.pixels is None else None,
    )
