from dataclasses import replace

import pytest
import torch
from picture_files import contents, write_folder

from benchbox.data.normalise import Normalise, runs, statistics
from benchbox.data.pictures import Pictures, open_pictures
from benchbox.plan.spec import DataSpec


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Pictures:
    folder = write_folder(tmp_path_factory.mktemp("set"), contents({"a": 60, "b": 40}))
    return open_pictures(
        DataSpec(source=str(folder), image_size=8, channels=3), root=tmp_path_factory.mktemp("root")
    )


def test_statistics_are_those_of_the_chosen_pictures(pictures: Pictures) -> None:
    chosen = torch.arange(3, 90)
    assert pictures.pixels is not None
    pixels = pictures.pixels[chosen].double() / 255
    mean, std = statistics(pictures, chosen)
    assert mean == pytest.approx(pixels.mean(dim=(0, 2, 3)).tolist())
    assert std == pytest.approx(pixels.std(dim=(0, 2, 3), correction=0).tolist())


def test_statistics_do_not_depend_on_the_order(pictures: Pictures) -> None:
    indices = torch.arange(100)
    assert statistics(pictures, indices) == statistics(pictures, indices.flip(0))


def test_pictures_that_are_all_alike_have_a_spread_to_divide_by(pictures: Pictures) -> None:
    assert pictures.pixels is not None
    flat = replace(pictures, pixels=torch.full_like(pictures.pixels, 255))
    mean, std = statistics(flat, torch.arange(9))
    assert (mean, std) == ((1.0,) * 3, (1 / 255,) * 3)


def test_standardised_pictures_have_mean_0_and_spread_1(pictures: Pictures) -> None:
    mean, std = statistics(pictures, torch.arange(100))
    normalise = Normalise(mean=mean, std=std, device=torch.device("cpu"), channels_last=False)
    assert pictures.pixels is not None
    batch = normalise(pictures.pixels)
    assert batch.mean(dim=(0, 2, 3)).tolist() == pytest.approx([0] * 3, abs=1e-5)
    assert batch.std(dim=(0, 2, 3), correction=0).tolist() == pytest.approx([1] * 3, abs=1e-5)


@pytest.mark.parametrize("channels_last", [True, False])
def test_the_memory_format_is_the_one_asked_for(pictures: Pictures, channels_last: bool) -> None:
    normalise = Normalise(mean=(0.5,) * 3, std=(0.5,) * 3, device=torch.device("cpu"), channels_last=channels_last)
    assert pictures.pixels is not None
    batch = normalise(pictures.pixels[:4])
    assert batch.is_contiguous(memory_format=torch.channels_last) == channels_last
    assert batch.dtype == torch.float32


def test_runs_cover_a_tensor_in_order() -> None:
    assert [run.tolist() for run in runs(torch.arange(5), 2)] == [[0, 1], [2, 3], [4]]
