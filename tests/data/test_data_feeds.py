import multiprocessing

import pytest
import torch
from picture_files import contents, write_folder, write_zip

from benchbox.data.feeds import Batch, Feed, FeedOptions, GatherFeed, LoaderFeed, make_feed
from benchbox.data.pictures import Pictures, open_pictures
from benchbox.plan.spec import Augment, DataSpec

FILES = contents({"a": 11, "b": 10})
COUNT = 21


def _options(*, batch_size: int = 4, shuffle_seed: int | None = 5, augment: Augment = "none") -> FeedOptions:
    return FeedOptions(
        device=torch.device("cpu"),
        memory_format="channels_last",
        batch_size=batch_size,
        mean=(0.4,),
        std=(0.3,),
        shuffle_seed=shuffle_seed,
        augment=augment,
    )


@pytest.fixture(scope="module")
def held(tmp_path_factory: pytest.TempPathFactory) -> Pictures:
    folder = write_folder(tmp_path_factory.mktemp("set"), FILES)
    return open_pictures(DataSpec(source=str(folder), image_size=8), root=tmp_path_factory.mktemp("root"))


@pytest.fixture(scope="module")
def streamed(tmp_path_factory: pytest.TempPathFactory) -> Pictures:
    archive = write_zip(tmp_path_factory.mktemp("set") / "set.zip", FILES)
    spec = DataSpec(source=str(archive), image_size=8, cache_limit=0)
    return open_pictures(spec, root=tmp_path_factory.mktemp("root"))


def _pass(feed: Feed, epoch: int = 0) -> list[Batch]:
    return list(feed.batches(epoch))


def _order(feed: Feed, held: Pictures, epoch: int = 0) -> list[int]:
    """Which pictures came, found again by their pixels."""
    whole = torch.cat([images for images, _ in GatherFeed(held, torch.arange(COUNT), **_plain()).batches()])
    seen = torch.cat([images for images, _ in _pass(feed, epoch)])
    return [int((whole == image).flatten(1).all(1).nonzero()) for image in seen]


@pytest.mark.parametrize("skip", [0, 1, 5, 6])
def test_a_pass_can_begin_after_some_of_its_batches(held: Pictures, streamed: Pictures, skip: int) -> None:
    gathered = GatherFeed(held, torch.arange(COUNT), **_options())
    loaded = LoaderFeed(streamed, torch.arange(COUNT), workers=0, **_options())
    for feed in (gathered, loaded):
        _assert_equal(list(feed.batches(2, skip=skip)), _pass(feed, 2)[skip:])
        assert len(_pass(feed, 3)) == feed.steps


def _plain() -> FeedOptions:
    return _options(shuffle_seed=None)


def _assert_equal(first: list[Batch], second: list[Batch]) -> None:
    assert len(first) == len(second)
    for (images, labels), (others, marks) in zip(first, second, strict=True):
        assert torch.equal(images, others)
        assert torch.equal(labels, marks)


def test_an_evaluation_keeps_the_order_and_every_picture(held: Pictures) -> None:
    feed = GatherFeed(held, torch.arange(COUNT), **_plain())
    assert _order(feed, held) == list(range(COUNT))
    assert [len(labels) for _, labels in _pass(feed)] == [4, 4, 4, 4, 4, 1]
    assert (feed.pictures, feed.steps) == (21, 6)


def test_training_drops_a_last_batch_of_one_picture(held: Pictures) -> None:
    feed = GatherFeed(held, torch.arange(COUNT), **_options())
    assert [len(labels) for _, labels in _pass(feed)] == [4] * 5
    assert (feed.pictures, feed.steps) == (20, 5)


def test_batches_of_one_are_kept_where_one_is_asked_for(held: Pictures) -> None:
    feed = GatherFeed(held, torch.arange(COUNT), **_options(batch_size=1))
    assert (feed.pictures, feed.steps) == (21, 21)


def test_images_and_labels_belong_together(held: Pictures) -> None:
    feed = GatherFeed(held, torch.arange(COUNT), **_options())
    labels = torch.cat([labels for _, labels in _pass(feed)])
    assert labels.tolist() == held.labels[_order(feed, held)].tolist()


def test_images_are_normalised(held: Pictures) -> None:
    assert held.pixels is not None
    images, _ = next(iter(GatherFeed(held, torch.tensor([7]), **_plain()).batches()))
    assert torch.allclose(images, (held.pixels[7:8] / 255 - 0.4) / 0.3, atol=1e-6)


def test_the_order_is_a_function_of_seed_and_epoch(held: Pictures) -> None:
    indices = torch.arange(20)
    feed, again = (GatherFeed(held, indices, **_options()) for _ in range(2))
    other = GatherFeed(held, indices, **_options(shuffle_seed=6))
    _pass(again, 0)  # an earlier pass must not matter
    assert _order(feed, held, 1) == _order(again, held, 1)
    assert _order(feed, held, 1) != _order(feed, held, 2)
    assert _order(feed, held, 1) != _order(other, held, 1)
    assert sorted(_order(feed, held, 1)) == list(range(20))


@pytest.mark.parametrize("shuffle_seed", [None, 5])
@pytest.mark.parametrize("kind", ["held", "streamed"])
def test_both_feeds_give_equal_batches(
    held: Pictures, streamed: Pictures, kind: str, shuffle_seed: int | None
) -> None:
    options, indices = _options(shuffle_seed=shuffle_seed), torch.arange(1, COUNT)
    pictures = held if kind == "held" else streamed
    gather = GatherFeed(held, indices, **options)
    loader = LoaderFeed(pictures, indices, workers=0, **options)
    for epoch in (0, 1):
        _assert_equal(_pass(gather, epoch), _pass(loader, epoch))
    assert (gather.pictures, gather.steps) == (loader.pictures, loader.steps)


def test_workers_give_the_same_batches_and_end_with_the_feed(held: Pictures, streamed: Pictures) -> None:
    before = set(multiprocessing.active_children())
    loader = LoaderFeed(streamed, torch.arange(COUNT), workers=2, **_options())
    gather = GatherFeed(held, torch.arange(COUNT), **_options())
    for epoch in (0, 1):
        _assert_equal(_pass(gather, epoch), _pass(loader, epoch))
    assert len(set(multiprocessing.active_children()) - before) == 2
    loader.close()
    assert set(multiprocessing.active_children()) == before


def test_workers_end_where_a_pass_was_broken_off(streamed: Pictures) -> None:
    before = set(multiprocessing.active_children())
    loader = LoaderFeed(streamed, torch.arange(COUNT), workers=1, **_options())
    batches = loader.batches()
    next(batches)
    del batches
    loader.close()
    assert set(multiprocessing.active_children()) == before


def test_a_closed_feed_says_so(held: Pictures) -> None:
    loader = LoaderFeed(held, torch.arange(4), workers=0, **_options())
    loader.close()
    with pytest.raises(ValueError, match="closed"):
        _pass(loader)


def test_streamed_pictures_cannot_be_gathered(streamed: Pictures) -> None:
    with pytest.raises(ValueError, match="LoaderFeed"):
        GatherFeed(streamed, torch.arange(4), **_options())


def test_streamed_pictures_always_get_a_loader(held: Pictures, streamed: Pictures) -> None:
    feeds = [make_feed("gather", some, torch.arange(4), workers=0, **_options()) for some in (held, streamed)]
    assert [type(feed) for feed in feeds] == [GatherFeed, LoaderFeed]


def test_pictures_that_are_held_can_be_asked_for_a_loader(held: Pictures) -> None:
    assert isinstance(make_feed("loader", held, torch.arange(4), workers=0, **_options()), LoaderFeed)


@pytest.mark.parametrize("kind", ["gather", "loader"])
def test_a_feed_tells_each_batch_s_stages_before_it_gives_it(held: Pictures, streamed: Pictures, kind: str) -> None:
    gather = GatherFeed(held, torch.arange(8), **_options())
    feed = gather if kind == "gather" else LoaderFeed(streamed, torch.arange(8), workers=0, **_options())
    seen: list[str] = []
    for _ in feed.batches(lap=seen.append):
        seen.append("given")
    assert seen == ["data wait", "copy", "given"] * 2


def test_whoever_watches_changes_no_batch(held: Pictures) -> None:
    feed = GatherFeed(held, torch.arange(COUNT), **_options())
    _assert_equal(list(feed.batches(1, lap=lambda stage: None)), _pass(feed, 1))


@pytest.mark.parametrize("kind", ["gather", "loader"])
def test_a_feed_without_augmentation_draws_nothing(held: Pictures, streamed: Pictures, kind: str) -> None:
    pictures = held if kind == "gather" else streamed
    feed = make_feed("gather", pictures, torch.arange(COUNT), workers=0, **_options())
    before = torch.get_rng_state()
    _pass(feed)
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("augment", ["light", "standard"])
def test_both_feeds_augment_alike_by_the_global_seed(held: Pictures, streamed: Pictures, augment: Augment) -> None:
    options, indices = _options(augment=augment), torch.arange(COUNT)
    feeds: list[Feed] = [GatherFeed(held, indices, **options)]
    feeds += [LoaderFeed(streamed, indices, workers=workers, **options) for workers in (0, 1)]
    passes = []
    for feed in feeds:
        torch.manual_seed(7)
        passes.append(_pass(feed, 1))
        feed.close()
    _assert_equal(passes[0], passes[1])
    _assert_equal(passes[0], passes[2])


def test_augmented_pictures_differ_from_pass_to_pass_and_keep_their_labels(held: Pictures) -> None:
    plain = _pass(GatherFeed(held, torch.arange(COUNT), **_options()), 1)
    feed = GatherFeed(held, torch.arange(COUNT), **_options(augment="light"))
    torch.manual_seed(0)
    first, second = _pass(feed, 1), _pass(feed, 1)
    assert not torch.equal(first[0][0], second[0][0])
    for (images, labels), (others, marks) in zip(first, plain, strict=True):
        assert torch.equal(labels, marks)
        assert (images.shape, images.dtype) == (others.shape, others.dtype)
        assert images.is_contiguous(memory_format=torch.channels_last)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device")
@pytest.mark.parametrize("workers", [0, 1])
def test_batches_on_a_gpu_are_those_of_the_cpu(held: Pictures, streamed: Pictures, workers: int) -> None:
    options, indices = _options(), torch.arange(COUNT)
    placed = FeedOptions(**{**options, "device": torch.device("cuda")})
    expected = _pass(GatherFeed(held, indices, **options), 1)
    gather = GatherFeed(held.to(placed["device"]), indices, **placed)
    loader = LoaderFeed(streamed, indices, workers=workers, **placed)
    for feed in (gather, loader):
        batches = _pass(feed, 1)
        assert {images.device.type for images, _ in batches} == {"cuda"}
        for (images, labels), (others, marks) in zip(batches, expected, strict=True):
            assert torch.allclose(images.cpu(), others, atol=1e-6)
            assert torch.equal(labels.cpu(), marks)
        feed.close()
