"""What lies in a data set: counts, sizes, modes, duplicates, bad files. It refuses nothing that it can show."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
from PIL import Image, ImageOps

from benchbox.data.cache import FOLDER
from benchbox.data.contact_sheet import MOST_ROWS, SIDE, Row, choose_shown, draw_sheet
from benchbox.data.decoding import DecodeSettings, decode, load, strict_pillow
from benchbox.data.digest import digest_of, hash_items
from benchbox.data.listing import Reader
from benchbox.data.pictures import open_pictures, open_source
from benchbox.data.sources import Item, Source
from benchbox.data.split import count_twins, split
from benchbox.data.workers import in_threads
from benchbox.errors import DataError
from benchbox.records.events import Observer, PhaseBegan, Progress, ignore
from benchbox.records.pictures import Count, InspectRequest, PictureReport

_THUMBNAIL = DecodeSettings(image_size=SIDE, channels=3, fit_mode="pad")


@dataclass(frozen=True, kw_only=True)
class _Look:
    """One file as it was found. `fault` says why it is no picture; `small` is its thumbnail if it is shown."""

    item: Item
    size: str = ""
    mode: str = ""
    format: str = ""
    pixels: str = ""
    fault: str = ""
    small: Image.Image | None = None


def inspect_pictures(request: InspectRequest, *, observer: Observer = ignore) -> PictureReport:
    """Look at every picture of a data set, and draw a contact sheet where the request names a file for it.

    Raises DataError where there are no pictures, their classes cannot be told, or the sheet cannot be written.
    """
    root = Path(request.root)
    source = open_source(request.data, root=root, observer=observer)
    hashes = hash_items(source, folder=root / FOLDER, observer=observer)
    looks = _look_at_all(source, observer)
    if request.sheet:
        rows = _sheet_rows(looks)
        draw_sheet(rows, path=Path(request.sheet), left_out=max(0, len(source.classes) - MOST_ROWS))
    report = _describe(source, hashes, looks)
    report = msgspec.structs.replace(report, sheet=request.sheet, split=request.data.split)
    return _with_split(report, request, observer)


def _look_at_all(source: Source, observer: Observer) -> list[_Look]:
    observer(PhaseBegan(name="looking"))
    shown = set(choose_shown(source.items))
    numbered = list(enumerate(source.items))
    looks: list[_Look] = []
    with (
        strict_pillow(),
        Reader(source.path) as read,
        in_threads(lambda some: [_look(read, item, i in shown) for i, item in some], numbered) as results,
    ):
        for block in results:
            looks += block
            observer(Progress(done=len(looks), total=len(numbered)))
    return looks


def _look(read: Reader, item: Item, is_shown: bool) -> _Look:
    data = read(item.location)
    try:
        picture = load(data, name=item.name)
        small = decode(data, _THUMBNAIL, name=item.name)  # what cannot be decoded for a run is bad here too
    except DataError as error:
        return _Look(item=item, fault=error.what)
    width, height = ImageOps.exif_transpose(picture).size
    content = hashlib.sha256(f"{picture.mode}{picture.size}".encode() + picture.tobytes())
    return _Look(
        item=item,
        size=f"{width}×{height}",
        mode=picture.mode,
        format=picture.format or "",
        pixels=content.hexdigest(),
        small=Image.fromarray(small.transpose(1, 2, 0)) if is_shown else None,
    )


def _describe(source: Source, hashes: Sequence[str], looks: Sequence[_Look]) -> PictureReport:
    good = [position for position, look in enumerate(looks) if not look.fault]
    return PictureReport(
        source=source.kind,
        title=source.title,
        digest=digest_of([source.items[i] for i in good], [hashes[i] for i in good]),
        classes=tuple(Count(name=name, count=source.counts[name]) for name in source.classes),
        sizes=_counted(looks[i].size for i in good),
        modes=_counted(looks[i].mode for i in good),
        formats=_counted(looks[i].format for i in good),
        bytes=sum(item.size for item in source.items),
        views=len({item.view for item in source.items} - {None}),
        duplicates=_duplicates([looks[i] for i in good]),
        bad=tuple(look.fault for look in looks if look.fault),
        others=source.others,
    )


def _counted(values: Iterable[str]) -> tuple[Count, ...]:
    return tuple(Count(name=name, count=count) for name, count in Counter(values).most_common())


def _duplicates(looks: Sequence[_Look]) -> tuple[tuple[str, ...], ...]:
    groups: dict[str, list[str]] = {}
    for look in looks:
        groups.setdefault(look.pixels, []).append(look.item.name)
    return tuple(tuple(group) for group in groups.values() if len(group) > 1)


def _sheet_rows(looks: Sequence[_Look]) -> list[Row]:
    by_class: dict[str, list[Image.Image]] = {}
    for look in looks:
        if look.small is not None:
            by_class.setdefault(look.item.label, []).append(look.small)
    return [Row(label=label, pictures=tuple(pictures)) for label, pictures in by_class.items()]


def _with_split(report: PictureReport, request: InspectRequest, observer: Observer) -> PictureReport:
    """The report with the parts that a run would train on and hold out, or why there can be no run."""
    spec = msgspec.structs.replace(request.data, skip_bad=True)  # bad files are in the report already
    try:
        pictures = open_pictures(spec, root=Path(request.root), observer=observer)
        parts = split(pictures, spec)
    except DataError as error:
        return msgspec.structs.replace(report, problem=str(error))
    return msgspec.structs.replace(
        report,
        train=len(parts.train),
        test=len(parts.test),
        validation=len(parts.validation),
        twins=count_twins(pictures, parts),
    )
