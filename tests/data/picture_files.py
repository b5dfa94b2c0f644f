"""Writes small pictures for tests: every one different, unless it is asked for twice."""

import io
import zipfile
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

Grey = npt.NDArray[np.uint8]


def noise(seed: int, *, width: int = 9, height: int = 7) -> Grey:
    return np.random.default_rng(seed).integers(0, 256, (height, width), dtype=np.uint8)


def encoded(image: Image.Image, kind: str = "PNG") -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format=kind)
    return buffer.getvalue()


def png(seed: int) -> bytes:
    return encoded(Image.fromarray(noise(seed)))


def contents(counts: dict[str, int]) -> dict[str, bytes]:
    """Flat names like cat__0.png to PNG bytes."""
    names = [f"{label}__{number}.png" for label, count in counts.items() for number in range(count)]
    return {name: png(seed) for seed, name in enumerate(names)}


def write_folder(folder: Path, files: dict[str, bytes]) -> Path:
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return folder


def write_zip(path: Path, files: dict[str, bytes]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path
