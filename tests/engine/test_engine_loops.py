"""The loop bodies: they learn, they count rightly, they look when told to, and evaluation keeps its order."""

import dataclasses
import math
import signal
from collections.abc import Iterator

import pytest
import torch
from torch import Tensor, nn

from benchbox.engine.loops import Learner, Totals, evaluate, infer, train_epoch, train_step
from benchbox.engine.optimisers import make_optimizer, make_schedule
from benchbox.engine.place import make_place
from benchbox.plan.spec import OPTIMIZERS, FitSpec, PlacementSpec

PLACE = make_place(PlacementSpec(device="cpu", precision="fp32", threads=1))


def batch(seed: int, count: int = 16) -> tuple[Tensor, Tensor]:
    torch.manual_seed(seed)
    labels = torch.arange(count) % 2
    return torch.randn(count, 1, 4, 4) + labels.reshape(-1, 1, 1, 1), labels


def learner(*, fused: bool = True, **fields: object) -> Learner:
    torch.manual_seed(0)
    network = nn.Sequential(nn.Flatten(), nn.Linear(16, 2))
    options: dict[str, object] = {"lr": 0.05, "weight_decay": 0.0, "schedule": "constant"} | fields
    fit = FitSpec(**options)  # type: ignore[arg-type]
    optimizer = make_optimizer(fit, network.parameters(), is_fused=fused)
    return Learner(
        network=network,
        forward=network,
        optimizer=optimizer,
        scaler=PLACE.scaler(),
        schedule=make_schedule(fit, optimizer, steps=20),
        place=PLACE,
    )


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_every_optimizer_learns(optimizer: str) -> None:
    student = learner(optimizer=optimizer)
    losses = [float(train_step(student, *batch(0))[0]) for _ in range(20)]
    assert losses[-1] < losses[0] / 2


def test_a_step_returns_the_loss_and_the_right_answers_before_it_moved() -> None:
    student, (pictures, labels) = learner(), batch(1)
    logits = student.network(pictures).detach()
    loss, right = train_step(student, pictures, labels)
    assert float(loss) == pytest.approx(float(nn.functional.cross_entropy(logits, labels)))
    assert int(right) == int((logits.argmax(1) == labels).sum())
    assert not loss.requires_grad


def test_labels_are_smoothed_in_training_alone() -> None:
    student, (pictures, labels) = learner(), batch(1)
    logits = student.network(pictures).detach()
    smooth = dataclasses.replace(student, label_smoothing=0.2)
    loss, _ = train_step(smooth, pictures, labels)
    expected = nn.functional.cross_entropy(logits, labels, label_smoothing=0.2)
    assert float(loss) == pytest.approx(float(expected))
    assert float(loss) != pytest.approx(float(nn.functional.cross_entropy(logits, labels)))


def test_fused_and_unfused_steps_agree() -> None:
    weights = []
    for fused in (True, False):
        student = learner(fused=fused, weight_decay=0.1)
        for seed in range(5):
            train_step(student, *batch(seed))
        weights.append(next(student.network.parameters()).detach())
    torch.testing.assert_close(weights[0], weights[1])


def test_an_epoch_sums_over_pictures_not_over_batches() -> None:
    batches = [batch(0, 16), batch(1, 4)]
    student = learner(lr=1e-9)
    totals = train_epoch(student, batches, look=lambda totals: None)
    together = torch.cat([pictures for pictures, _ in batches]), torch.cat([labels for _, labels in batches])
    expected = nn.functional.cross_entropy(student.network(together[0]), together[1])
    assert float(totals.loss) / totals.pictures == pytest.approx(float(expected.detach()), rel=1e-4)
    assert (totals.pictures, totals.steps) == (20, 2)


def test_the_rest_of_an_epoch_is_added_to_its_beginning() -> None:
    batches, parts = [batch(0), batch(1, 4), batch(2)], (learner(), learner())
    whole = train_epoch(parts[0], batches, look=lambda totals: None)
    start = train_epoch(parts[1], batches[:2], look=lambda totals: None)
    both = train_epoch(parts[1], batches[2:], look=lambda totals: None, start=start)
    assert (float(both.loss), int(both.correct)) == (float(whole.loss), int(whole.correct))
    assert (both.pictures, both.steps) == (whole.pictures, whole.steps) == (36, 3)


@pytest.mark.parametrize("where", ["fetching", "stepping", "looking"])
def test_a_signal_ends_an_epoch_between_two_steps(where: str) -> None:
    """Whenever it comes, the step in which it comes is made whole and looked at, and the next one is not begun."""
    student, seen = learner(), list[int]()

    def strike(at: str, number: int) -> None:
        if at == where and number == 2:
            signal.raise_signal(signal.SIGINT)

    def batches() -> Iterator[tuple[Tensor, Tensor]]:
        for number in (1, 2, 3):
            strike("fetching", number)
            yield batch(number)

    def look(totals: Totals) -> None:
        strike("looking", totals.steps)
        seen.append(totals.steps)

    student.network.register_forward_pre_hook(lambda *_: strike("stepping", len(seen) + 1))
    with pytest.raises(KeyboardInterrupt):
        train_epoch(student, batches(), look=look)
    assert seen == [1, 2]
    assert student.schedule.last_epoch == 2


def test_a_second_signal_does_not_wait_for_a_step() -> None:
    student, seen = learner(), list[int]()

    def strike(*_: object) -> None:
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)

    student.network.register_forward_pre_hook(strike)
    with pytest.raises(KeyboardInterrupt):
        train_epoch(student, [batch(0)], look=lambda totals: seen.append(totals.steps))
    assert (seen, student.schedule.last_epoch) == ([], 0)


def test_a_signal_that_means_nothing_to_anybody_ends_no_epoch() -> None:
    heard = signal.signal(signal.SIGINT, lambda *_: None)
    try:
        batches = [batch(0), batch(1), batch(2)]
        totals = train_epoch(learner(), batches, look=lambda totals: signal.raise_signal(signal.SIGINT))
    finally:
        signal.signal(signal.SIGINT, heard)
    assert totals.steps == 3


def test_the_epoch_is_looked_at_after_every_step() -> None:
    seen: list[Totals] = []
    train_epoch(learner(), [batch(0), batch(1), batch(2)], look=seen.append)
    assert [totals.steps for totals in seen] == [1, 2, 3]


def test_training_mode_is_on_in_training_and_off_in_evaluation() -> None:
    network = nn.Sequential(nn.Flatten(), nn.Dropout(0.99), nn.Linear(16, 2))
    evaluate(network, [batch(0)], PLACE)
    assert not network.training
    train_epoch(
        Learner(**{**learner().__dict__, "network": network, "forward": network}), [batch(0)], look=lambda t: None
    )
    assert network.training


def test_answers_come_in_the_order_of_the_pictures() -> None:
    network = nn.Sequential(nn.Flatten(), nn.Linear(16, 2))
    batches = [batch(0), batch(1, 3)]
    answers = evaluate(network, batches, PLACE)
    assert torch.equal(answers.logits, torch.cat([infer(network, pictures, PLACE) for pictures, _ in batches]))
    assert torch.equal(answers.labels, torch.cat([labels for _, labels in batches]))


def test_inference_keeps_no_graph() -> None:
    assert infer(nn.Sequential(nn.Flatten(), nn.Linear(16, 2)), batch(0)[0], PLACE).is_inference()


def test_one_cycle_rises_to_the_peak_and_ends_at_nothing() -> None:
    student = learner(schedule="one_cycle", lr=0.1)
    rates = []
    for _ in range(20):
        rates.append(student.optimizer.param_groups[0]["lr"])
        train_step(student, *batch(0))
    assert max(rates) == pytest.approx(0.1, rel=0.02)
    assert rates[0] < 0.01
    assert rates[-1] < 0.002


@pytest.mark.parametrize(("step", "begin", "end", "way"), [(2, 0.004, 0.1, 2 / 5.3), (12, 0.1, 4e-7, 6.7 / 14.7)])
def test_one_cycle_climbs_and_falls_along_cosines(step: int, begin: float, end: float, way: float) -> None:
    """21 steps with the one after the last; the peak is three tenths through them, less the first."""
    student = learner(schedule="one_cycle", lr=0.1)
    for _ in range(step):
        train_step(student, *batch(0))
    assert student.rate == pytest.approx(end + (begin - end) * (1 + math.cos(math.pi * way)) / 2)
