"""Accuracy: picture by picture of the same weights, seed by seed of trained networks, and what is too little."""

import random
from dataclasses import replace
from typing import Any

import msgspec
import pytest
from factories import with_actual
from hypothesis import given, settings
from hypothesis import strategies as st
from records import TODAY, answers, arm, evaluation, fits, judged, only, scored_arm

from benchbox.gate.evidence import Arm
from benchbox.gate.judge import judge
from benchbox.gate.rules import Rules
from benchbox.gate.verdict import GateReport, Verdict

MANY = 2000


def right(count: int = MANY, *, wrong: int = 0) -> list[bool]:
    """Answers of which the first are wrong."""
    return [number >= wrong for number in range(count)]


def compare(base: Arm, new: Arm, **rules: Any) -> GateReport:
    return judge(base, new, rules=Rules(today=TODAY, groups=("accuracy",), **rules), mode="A/B")


def verdict(base: list[bool], new: list[bool], **rules: Any) -> Verdict:
    # Another duration: else an arm would be the very same record.
    other = scored_arm(new, asked="new")
    records = tuple(msgspec.structs.replace(record, seconds=0.9) for record in other.records)
    return only(compare(scored_arm(base), replace(other, records=records), **rules), group="accuracy")


@pytest.mark.parametrize(
    ("wrong", "state"), [(0, "PASS"), (1, "PASS"), (10, "INCONCLUSIVE"), (40, "FAIL"), (400, "FAIL")]
)
def test_a_loss_beyond_the_margin_fails(wrong: int, state: str) -> None:
    seen = verdict(right(), right(wrong=wrong))
    assert seen.state == state
    assert seen.margin == 0.005
    assert seen.bounds is not None
    assert seen.bounds.value == pytest.approx(-wrong / MANY)


def test_a_gain_beyond_the_margin_is_an_improvement() -> None:
    assert verdict(right(wrong=40), right()).state == "IMPROVED"


def test_as_many_right_answers_of_other_pictures_are_no_loss_but_wider_bounds() -> None:
    base, new = right(wrong=20), right(wrong=20)[::-1]
    seen, equal = verdict(base, new), verdict(base, base)
    assert seen.bounds is not None
    assert equal.bounds is not None
    assert seen.bounds.value == equal.bounds.value == 0
    assert seen.bounds.low < equal.bounds.low < 0


def test_it_tells_mcnemar_and_wilson() -> None:
    facts = verdict(right(wrong=2), right(wrong=12)).facts
    assert facts["right in one alone"] == "10 in the base, 0 in new"
    assert float(facts["exact McNemar p"]) == pytest.approx(2 * 0.5**10, rel=0.01)
    assert facts["right in the base"].startswith("1998 of 2000: 99.9%, Wilson 95 %")


def test_a_few_pictures_are_too_few_to_pass_even_without_a_difference() -> None:
    seen = verdict(right(144), right(144))
    assert seen.state == "INCONCLUSIVE"
    assert "test set too small: 144 pictures" in seen.reason
    assert seen.margin == pytest.approx(2 / 144)


def test_a_few_pictures_show_a_large_loss() -> None:
    assert verdict(right(144), right(144, wrong=30)).state == "FAIL"
    assert verdict(right(20), right(20, wrong=20)).state == "FAIL"


def test_other_pictures_are_not_compared() -> None:
    assert verdict(right(100), right(101)).state == "INCOMPARABLE"


def test_without_predictions_nothing_is_compared() -> None:
    bare = arm([msgspec.structs.replace(evaluation(right()), seconds=0.9)], "new")
    seen = only(compare(scored_arm(right()), bare), group="accuracy")
    assert (seen.state, seen.reason) == ("INCOMPARABLE", "no predictions of both arms")


def test_predictions_of_fewer_pictures_than_were_scored_are_not_compared() -> None:
    few = {("", 0): answers(right(10))}
    arms = [
        replace(scored_arm(right()), answers={(scored_arm(right()).records[0].case, 0): few["", 0]}) for _ in "ab"
    ]
    changed = tuple(msgspec.structs.replace(record, seconds=0.9) for record in arms[1].records)
    assert only(compare(arms[0], replace(arms[1], records=changed)), group="accuracy").state == "INCOMPARABLE"


def test_other_pictures_of_the_same_names_are_not_compared() -> None:
    new = scored_arm(right(), asked="new")
    changed = replace(new, records=tuple(with_actual(record, data_digest="0ther") for record in new.records))
    seen = only(compare(scored_arm(right()), changed), group="accuracy")
    assert seen.state == "INCOMPARABLE"
    assert seen.reason.startswith("data: ")


def test_it_tells_that_the_weights_are_not_of_one_path() -> None:
    new = scored_arm(right(wrong=40), asked="new")
    specs = [msgspec.structs.replace(record.spec, checkpoint="other.pt") for record in new.records]
    records = tuple(
        msgspec.structs.replace(record, spec=spec) for record, spec in zip(new.records, specs, strict=True)
    )
    seen = only(compare(scored_arm(right()), replace(new, records=records)), group="accuracy")
    assert seen.state == "FAIL"
    assert seen.facts["weights"] == "reports/latest-train/lenet-best.pt → other.pt"


def test_several_seeds_are_averaged_picture_by_picture() -> None:
    sides = []
    for wrong in (0, 40):
        both = [scored_arm(right(wrong=wrong), seed=seed) for seed in (0, 1)]
        sides.append(
            Arm(
                source=both[0].source,
                records=both[0].records + both[1].records,
                answers={**both[0].answers, **both[1].answers},
            )
        )
    seen = only(compare(*sides), group="accuracy")
    assert seen.state == "FAIL"
    assert seen.bounds is not None
    assert seen.bounds.count == MANY
    assert only(compare(sides[0], scored_arm(right(), asked="new")), group="accuracy").state == "INCOMPARABLE"


SEEDS = [0.85, 0.86, 0.84, 0.85, 0.855]


def trained(base: list[float], new: list[float]) -> Verdict:
    return only(judged(fits(base), fits(new), mode="stored", groups=("accuracy",)), group="accuracy")


@pytest.mark.parametrize(
    ("change", "state"),
    [
        ((0.001, -0.001, 0.0, 0.001, -0.001), "PASS"),
        ((-0.04, -0.041, -0.039, -0.04, -0.042), "FAIL"),
        ((0.04, 0.041, 0.039, 0.04, 0.042), "IMPROVED"),
        ((-0.04, 0.02, -0.03, 0.01, 0.0), "INCONCLUSIVE"),
        ((-0.05,) * 5, "FAIL"),
        ((-0.0001,) * 5, "PASS"),
    ],
)
def test_seeds_are_paired(change: tuple[float, ...], state: str) -> None:
    seen = trained(SEEDS, [top1 + more for top1, more in zip(SEEDS, change, strict=True)])
    assert seen.state == state
    assert seen.margin == 0.01
    assert seen.series.differences == pytest.approx(change)


def test_one_seed_against_one_says_nothing() -> None:
    seen = trained([0.95], [0.5])
    assert seen.state == "INCONCLUSIVE"
    assert seen.reason.startswith("n = 1")
    assert seen.bounds is None


def test_fewer_than_five_seeds_say_nothing() -> None:
    assert trained(SEEDS[:4], [top1 - 0.4 for top1 in SEEDS[:4]]).state == "INCONCLUSIVE"


def test_new_must_have_the_seeds_of_the_base() -> None:
    seen = trained(SEEDS, SEEDS[:4])
    assert (seen.state, seen.reason) == ("INCOMPARABLE", "new lacks the seeds 4")
    assert trained(SEEDS, [*SEEDS, 0.1]).state == "PASS"


@settings(max_examples=25)
@given(seed=st.integers(0, 1000), flips=st.integers(0, 60))
def test_swapping_the_arms_turns_the_difference(seed: int, flips: int) -> None:
    chance = random.Random(seed)
    base = [chance.random() < 0.9 for _ in range(300)]
    new = list(base)
    for place in chance.sample(range(300), flips):
        new[place] = not new[place]
    one, other = verdict(base, new).bounds, verdict(new, base).bounds
    assert one is not None
    assert other is not None
    assert one.value == pytest.approx(-other.value)
    assert one.low == pytest.approx(-other.high)


def test_an_accuracy_that_new_does_not_tell_is_missing() -> None:
    bare = [msgspec.structs.replace(record, measurements=()) for record in fits(SEEDS)]
    report = judged(fits(SEEDS), bare, mode="stored", groups=("accuracy",))
    assert (only(report, group="accuracy").state, report.code) == ("MISSING", 1)


def test_the_very_same_records_pass_however_few_they_are() -> None:
    assert trained(SEEDS[:1], SEEDS[:1]).state == "PASS"
    assert only(compare(scored_arm(right(10)), scored_arm(right(10))), group="accuracy").state == "PASS"
