import io
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from benchbox.data.sources import find_source
from benchbox.data.turntable.geometry import Point, Shape, box, cylinder, sphere, torus, union, without
from benchbox.data.turntable.objects import OBJECTS, Solid
from benchbox.data.turntable.render import encode_png, ensure_turntable, is_rendered
from benchbox.data.turntable.textures import checks, noise, plain, spots, stripes
from benchbox.data.turntable.tracing import SIDE, render
from benchbox.errors import DataError
from benchbox.records.events import AnyEvent, PhaseBegan, Progress

VIEWS = (0, 90, 205)
PINNED_SUMS = [
    320215745,
    324542775,
    265627999,
    283269560,
    287140571,
    337117267,
    324622799,
    325255027,
    243301739,
    243760400,
    389415902,
    354295285,
    460370466,
    259267351,
    232601578,
    265645250,
    366437344,
    363843522,
    236782804,
    326004744,
]


def _point(x: float, y: float, z: float) -> Point:
    return torch.tensor([x]), torch.tensor([y]), torch.tensor([z])


@pytest.mark.parametrize(
    ("shape", "point", "distance"),
    [
        (sphere(1.0), (3, 0, 0), 2.0),
        (sphere(1.0), (0, 0, 0), -1.0),
        (box(1, 2, 3), (1.5, 0, 0), 0.5),
        (box(1, 2, 3), (4, 6, 3), 5.0),
        (cylinder(1, 2), (0, 3, 0), 1.0),
        (torus(2, 0.5), (2, 0, 0), -0.5),
        (union(sphere(1), box(0.1, 5, 0.1)), (0, 5.5, 0), 0.5),
        (without(sphere(1), sphere(0.5)), (0, 0, 0), 0.5),
    ],
)
def test_distances_of_simple_solids(shape: Shape, point: tuple[float, float, float], distance: float) -> None:
    assert float(shape(_point(*point))) == pytest.approx(distance, abs=1e-6)


@pytest.mark.parametrize("solid", OBJECTS, ids=lambda solid: solid.name)
def test_a_ray_that_walks_by_the_distance_never_enters_a_solid(solid: Solid) -> None:
    dice = torch.Generator().manual_seed(0)
    start = torch.rand(3, 20_000, generator=dice) * 3.4 - 1.7
    way = torch.nn.functional.normalize(torch.randn(3, 20_000, generator=dice), dim=0)
    distance = solid.shape((start[0], start[1], start[2]))
    end = start + way * distance
    left = solid.shape((end[0], end[1], end[2]))[distance > 0]
    assert left.min() > -1e-3


@pytest.mark.parametrize(
    "texture",
    [
        plain(0.4),
        stripes((0, 1, 0), 0.3, 0.2, 0.9),
        checks(0.3, 0.2, 0.9),
        spots(0.3, 0.1, 0.2, 0.9),
        noise(0.3, 0.2, 0.9),
    ],
)
def test_a_texture_stays_between_its_levels(texture: object) -> None:
    x, y, z = torch.rand(3, 2000, generator=torch.Generator().manual_seed(0)) * 4 - 2
    levels = texture((x, y, z))  # type: ignore[operator]
    assert 0.2 - 1e-6 <= levels.min() <= levels.max() <= 0.9 + 1e-6


@pytest.fixture(scope="module")
def views() -> torch.Tensor:
    """uint8 [objects, views, side, side] of a few views of every object."""
    return torch.stack([render(solid, VIEWS) for solid in OBJECTS])


def test_there_are_twenty_objects_with_names_of_their_own() -> None:
    assert len({solid.name for solid in OBJECTS}) == len(OBJECTS) == 20


def test_objects_fill_the_frame_and_stay_in_it(views: torch.Tensor) -> None:
    for pictures in views:
        seen = pictures.amax(dim=0) > 0
        assert not torch.stack([seen[0], seen[-1], seen[:, 0], seen[:, -1]]).any()
        rows, columns = seen.any(dim=1).sum(), seen.any(dim=0).sum()
        assert max(rows, columns) > 0.8 * SIDE


def test_objects_are_shaded_and_their_surroundings_black(views: torch.Tensor) -> None:
    for pictures in views:
        assert 0.15 < (pictures > 0).float().mean() < 0.8
        assert len(pictures.unique()) > 60


def test_no_two_views_and_no_two_objects_look_the_same(views: torch.Tensor) -> None:
    flat = views.flatten(0, 1).flatten(1).float()
    differences = torch.cdist(flat, flat, p=1) / flat.shape[1] + torch.eye(len(flat)) * 255
    assert differences.min() > 0.3


def test_views_do_not_depend_on_what_is_rendered_beside_them(views: torch.Tensor) -> None:
    assert torch.equal(render(OBJECTS[0], [VIEWS[1]])[0], views[0, 1])


def test_pixels_are_the_same_on_every_machine(views: torch.Tensor) -> None:
    """Only exactly rounded arithmetic is used, so a difference is a change of the data set: raise VERSION."""
    sums = views.flatten(1).long() @ (torch.arange(views[0].numel()) % 251 + 1)
    assert sums.tolist() == PINNED_SUMS


@given(st.integers(1, 40), st.randoms(use_true_random=False))
def test_a_png_decodes_to_the_pixels_it_was_made_of(side: int, dice: object) -> None:
    grey = bytes(dice.randrange(256) for _ in range(side * side))  # type: ignore[attr-defined]
    image = Image.open(io.BytesIO(encode_png(grey, side=side)))
    image.load()
    assert (image.mode, image.size, image.tobytes()) == ("L", (side, side), grey)


def _blank(solid: Solid, angles: object) -> torch.Tensor:
    return torch.full((len(angles), SIDE, SIDE), 7, dtype=torch.uint8)  # type: ignore[arg-type]


def test_all_pictures_are_written_with_progress(tmp_path: Path) -> None:
    seen: list[AnyEvent] = []
    folder = ensure_turntable(tmp_path, observer=seen.append, draw=_blank)
    source = find_source("turntable", root=tmp_path)
    assert list(source.counts.values()) == [72] * 20
    assert [item.view for item in source.items if item.label == "obj20"] == list(range(72))
    assert (seen[0], seen[-1]) == (PhaseBegan(name="rendering"), Progress(done=1440, total=1440))
    assert np.asarray(Image.open(folder / "obj3__71.png")).tolist() == [[7] * SIDE] * SIDE


def test_pictures_that_are_there_are_not_rendered_again(tmp_path: Path) -> None:
    ensure_turntable(tmp_path, draw=_blank)
    seen: list[AnyEvent] = []
    ensure_turntable(tmp_path, observer=seen.append, draw=_blank)
    assert seen == []


def test_an_interrupted_rendering_leaves_nothing(tmp_path: Path) -> None:
    def stop(event: AnyEvent) -> None:
        if isinstance(event, Progress) and event.done > 100:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ensure_turntable(tmp_path, observer=stop, draw=_blank)
    assert list(tmp_path.iterdir()) == []


def test_an_incomplete_folder_is_rendered_anew(tmp_path: Path) -> None:
    folder = ensure_turntable(tmp_path, draw=_blank)
    (folder / "obj1__0.png").unlink()
    assert not is_rendered(folder)
    assert is_rendered(ensure_turntable(tmp_path, draw=_blank))


def test_threads_are_as_before_afterwards(tmp_path: Path) -> None:
    before = torch.get_num_threads()
    ensure_turntable(tmp_path, draw=_blank)
    assert torch.get_num_threads() == before


def test_a_place_that_cannot_be_written_to_is_named(tmp_path: Path) -> None:
    (tmp_path / "root").write_text("a file where a folder should be")
    with pytest.raises(DataError, match="cannot write the turntable pictures"):
        ensure_turntable(tmp_path / "root", draw=_blank)
