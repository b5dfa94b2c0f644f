"""The work of a cell: set up once, called as often as wanted, and gone when it is closed."""

import multiprocessing
from contextlib import closing
from pathlib import Path

import torch
from msgspec.structs import replace
from runs import small_spec
from works import measured, open_small

from benchbox.engine.work import BATCHES_A_PASS
from benchbox.plan.spec import RunSpec


def spec_of(pictures: Path, own_networks: Path, cache: Path, task: str, **placement: object) -> RunSpec:
    spec = small_spec(pictures, f"{own_networks}:small", cache=cache, task=task)
    return replace(spec, placement=replace(spec.placement, **placement))


def test_inference_answers_for_its_one_batch(
    pictures: Path, own_networks: Path, cache: Path, tmp_path: Path
) -> None:
    with closing(open_small(spec_of(pictures, own_networks, cache, "infer"), tmp_path, cache=cache)) as work:
        assert work.call().shape == (16, 3)
        assert torch.equal(work.call(), work.call())
        assert work.batch() is work.batch()
        assert work.learner is None
        assert not work.network.training


def test_a_training_step_takes_the_next_batch_and_moves_the_weights(
    pictures: Path, own_networks: Path, cache: Path, tmp_path: Path
) -> None:
    with closing(open_small(spec_of(pictures, own_networks, cache, "train_step"), tmp_path, cache=cache)) as work:
        before = next(work.network.parameters()).clone()
        loss = work.call()
        assert loss.shape == ()
        assert not torch.equal(before, next(work.network.parameters()))
        assert not torch.equal(work.batch(), work.batch())
        assert work.network.training


def test_steps_go_on_beyond_a_pass_and_the_learning_rate_stays(
    pictures: Path, own_networks: Path, cache: Path, tmp_path: Path
) -> None:
    with closing(open_small(spec_of(pictures, own_networks, cache, "train_step"), tmp_path, cache=cache)) as work:
        assert work.learner is not None
        rate = work.learner.optimizer.param_groups[0]["lr"]
        for _ in range(70):
            work.call()
        assert work.learner.optimizer.param_groups[0]["lr"] == rate == work.context.spec.fit.lr


def test_every_pass_has_an_order_of_its_own(
    pictures: Path, own_networks: Path, cache: Path, tmp_path: Path
) -> None:
    with closing(open_small(spec_of(pictures, own_networks, cache, "train_step"), tmp_path, cache=cache)) as work:
        batches = [work.batch() for _ in range(BATCHES_A_PASS + 1)]
        assert not torch.equal(batches[0], batches[-1])


def test_nothing_is_called_while_the_work_is_set_up(
    pictures: Path, own_networks: Path, cache: Path, tmp_path: Path
) -> None:
    """Its build is measured, and no batch is."""
    with closing(open_small(spec_of(pictures, own_networks, cache, "train_step"), tmp_path, cache=cache)) as work:
        assert "build_seconds" in measured(work.context)
        assert "first_batch_seconds" not in measured(work.context)


def test_a_loader_s_workers_end_with_the_work(
    pictures: Path, own_networks: Path, cache: Path, tmp_path: Path
) -> None:
    before = set(multiprocessing.active_children())
    spec = spec_of(pictures, own_networks, cache, "train_step", feed="loader", workers=1)
    work = open_small(spec, tmp_path, cache=cache)
    work.call()
    assert len(set(multiprocessing.active_children()) - before) == 1
    work.close()
    assert set(multiprocessing.active_children()) == before
