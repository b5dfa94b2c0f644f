"""The sentence of an ablation, for each thing that its numbers can show; never more than that."""

from typing import Any

from benchbox.records.contest import Side, contests
from benchbox.report.conclusion import conclusion


def side(name: str, *accuracies: float, planned: int = 0, **fields: Any) -> Side:
    """An arm trained for ten epochs, with seeds from 0; `to_99=(5, 6)` are the epochs to a share."""
    shares = [key for key in fields if key.startswith("to_")]
    epochs = {int(share[3:]) / 100: dict(enumerate(map(float, fields.pop(share)))) for share in shares}
    return Side(
        name=name,
        accuracy=dict(enumerate(accuracies)),
        epochs=epochs,
        planned=planned or len(accuracies),
        trained=(10,) if accuracies else (),
        **fields,
    )


def said(*sides: Side, network: str = "alexnet") -> str:
    (found,) = contests({network: sides})
    return conclusion(found)


RELU, SIGMOID = (1.0, 0.995, 0.998), (0.05, 0.07, 0.069)


def test_a_difference_that_was_shown() -> None:
    assert said(side("sigmoid", *SIGMOID), side("relu", *RELU)) == (
        "alexnet after 10 epochs: relu 99.8 ± 0.3 %, sigmoid 6.3 ± 1.1 %: relu is higher by 93.5 points (95 % "
        "interval 90.1 to 96.8, p <0.001 Holm)."
    )


def test_nothing_was_shown() -> None:
    assert said(side("sigmoid", 0.97, 0.99, 0.96), side("relu", 0.98, 0.97, 0.99)) == (
        "alexnet after 10 epochs: nothing was shown: relu 98.0 ± 1.0 %, sigmoid 97.3 ± 1.5 %: 0.67 points apart "
        "(95 % interval −5.58 to 6.92, p 0.69 Holm), and 3 seeds could have shown 8.2 points."
    )


def test_both_reach_all_and_one_of_them_later() -> None:
    sigmoid = side("sigmoid", 1.0, 1.0, 1.0, to_99=(9, 9, 10), to_100=(12, 13, 12))
    relu = side("relu", 1.0, 1.0, 1.0, to_99=(3, 4, 3), to_100=(6, 6, 5))
    assert said(sigmoid, relu, network="lenet") == (
        "lenet after 10 epochs: both reach 100 % in every seed; sigmoid needs 2.2 times the epochs of relu to 100 "
        "%: 12.3 against 5.7, 6.7 more (95 % interval 5.2 to 8.1, p 0.002 Holm)."
    )


def test_both_reach_all_and_their_epochs_are_not_told_apart() -> None:
    sigmoid = side("sigmoid", 1.0, 1.0, 1.0, to_100=(5, 8, 9))
    relu = side("relu", 1.0, 1.0, 1.0, to_100=(6, 6, 5))
    assert said(sigmoid, relu) == (
        "alexnet after 10 epochs: both reach 100 % in every seed; no difference was shown in the epochs to 100 % "
        "between relu (5.7) and sigmoid (7.3; 3 seeds could have shown 8.2 epochs)."
    )


def test_a_difference_that_is_the_same_in_every_seed_of_a_few_shows_nothing() -> None:
    assert said(side("sigmoid", 0.05, 0.05), side("relu", 1.0, 1.0)) == (
        "alexnet after 10 epochs: nothing was shown: relu 100 %, sigmoid 5.0 ± 0.0 %: 95.0 points apart in each of "
        "the 2 seeds alike, too few to test."
    )
    found = said(side("sigmoid", 0.05, 0.05), side("relu", 1.0, 1.0), side("tanh", 1.0, 1.0))
    assert ": nothing was shown: relu and tanh are the highest, alike in every seed: 100 %; not told" in found
    assert "sigmoid (5.0 ± 0.0 %; 95.0 points apart in each of the 2 seeds alike, too few to test)" in found


def test_a_difference_that_is_the_same_in_six_seeds_is_shown_by_their_signs() -> None:
    assert said(side("sigmoid", *[0.05] * 6), side("relu", *[1.0] * 6)) == (
        "alexnet after 10 epochs: relu 100 %, sigmoid 5.0 ± 0.0 %: relu is higher by 95.0 points in each of the 6 "
        "seeds alike (sign test, p 0.031)."
    )


def test_epochs_that_differ_by_the_same_in_every_seed_of_a_few_show_nothing() -> None:
    found = said(side("sigmoid", 1.0, 1.0, to_100=(6, 7)), side("relu", 1.0, 1.0, to_100=(5, 6)))
    assert found.endswith(
        "; no difference was shown in the epochs to 100 % between relu (5.5) and sigmoid (6.5; 1.0 epochs apart in "
        "each of the 2 seeds alike, too few to test)."
    )
    assert "times" not in found


def test_the_same_accuracies_and_the_same_epochs() -> None:
    sides = [side(name, 0.95, 0.93, to_90=(4, 5)) for name in ("sigmoid", "relu")]
    assert said(*sides) == (
        "alexnet after 10 epochs: both reach the same accuracy in every seed (94.0 ± 1.4 %); the epochs to 90 % "
        "are the same in every seed (4.5)."
    )


def test_accuracy_tells_nothing_but_the_epochs_do() -> None:
    sigmoid = side("sigmoid", 0.991, 0.999, 0.992, to_99=(9, 9, 10))
    relu = side("relu", 0.998, 0.992, 0.995, to_99=(3, 4, 3))
    found = said(sigmoid, relu)
    assert found.startswith(
        "alexnet after 10 epochs: no difference in accuracy was shown: relu 99.5 ± 0.3 %, sigmoid"
    )
    assert "; sigmoid needs 2.8 times the epochs of relu to 99 %: 9.3 against 3.3, 6.0 more (95 % " in found


def test_one_seed_concludes_nothing_whatever_it_saw() -> None:
    assert said(side("sigmoid", 0.743), side("relu", 1.0)) == (
        "alexnet after 10 epochs: sigmoid 74.3 %, relu 100 %: nothing can be concluded from one seed."
    )


def test_of_several_arms_the_best_is_named_and_who_is_not_told_apart_from_it() -> None:
    found = said(
        side("sigmoid", *SIGMOID),
        side("tanh", 0.88, 0.87, 0.86),
        side("gelu", 0.99, 0.999, 0.991),
        side("relu", *RELU),
    )
    assert ": relu is the highest: 99.8 ± 0.3 %; lower: tanh (87.0 ± 1.0 %) by 12.8 points (95 % " in found
    assert " and sigmoid (6.3 ± 1.1 %) by 93.5 points (95 % interval 90.1 to 96.8, p " in found
    assert "; not told apart from it: gelu (99.3 ± 0.5 %; 3 seeds could have shown " in found
    assert "nothing" not in found


def test_of_several_arms_nothing_may_be_shown() -> None:
    found = said(side("a", 0.97, 0.99, 0.96), side("b", 0.98, 0.97, 0.99), side("c", 0.97, 0.98, 0.96))
    assert (
        ": nothing was shown: b is the highest: 98.0 ± 1.0 %; not told apart from it: a (97.3 ± 1.5 %; 3 " in found
    )


TANH, STEADY, NOISY = (0.50, 0.51, 0.49), (0.600, 0.611, 0.589), (0.30, 0.90, 0.95)


def test_a_noisy_best_does_not_hide_what_was_shown_of_the_others() -> None:
    found = said(side("tanh", *TANH), side("relu", *STEADY), side("gelu", *NOISY))
    assert "nothing was shown" not in found
    assert "no difference in accuracy" not in found
    assert ": gelu is the highest: 71.7 ± 36.2 %; not told apart from it: relu (" in found
    assert (
        "; among the others relu is higher than tanh by 10.0 points (95 % interval 9.8 to 10.2, p <0.001 Holm)."
        in found
    )


def test_what_was_shown_of_the_others_is_no_news_where_the_best_is_told_apart() -> None:
    found = said(side("tanh", *TANH), side("relu", *STEADY), side("gelu", 0.90, 0.91, 0.899))
    assert "lower: relu (" in found
    assert "among the others" not in found


GOOD, LESS = (0.95, 0.96, 0.95, 0.96, 0.90), (0.90, 0.91, 0.90, 0.90, 0.91)


def test_an_arm_that_lost_its_seeds_is_set_apart_and_the_others_are_told() -> None:
    for survivor, shown in ((0.5, "50.0 %"), (1.0, "100 %")):
        lost = Side(name="tanh", accuracy={4: survivor}, planned=5, trained=(10,))
        found = said(side("relu", *GOOD), side("sigmoid", *LESS), lost)
        assert ": relu is the highest: 94.4 ± 2.5 %; lower: sigmoid (90.4 ± 0.5 %) by 4.0 points (95 % " in found
        assert (
            f"; without two seeds in common with it: tanh ({shown}); seeds that ended well: tanh 1 of 5." in found
        )


def test_an_arm_that_is_surely_ahead_of_the_best_is_called_higher() -> None:
    def arm(name: str, *, high: int, low: int) -> Side:
        accuracy = {high + seed: 0.9 + 0.01 * seed for seed in range(3)}
        accuracy |= {low + seed: 0.1 + 0.011 * seed for seed in range(3)}
        return Side(name=name, accuracy=accuracy, planned=6)

    found = said(arm("a", high=0, low=6), arm("b", high=3, low=0), arm("c", high=6, low=3))
    assert "; lower: b (" in found
    assert "; higher than it in the seeds that both have: c (" in found
    assert "not told apart" not in found


def test_all_is_said_to_be_right_only_where_every_seed_of_every_arm_was() -> None:
    relu, sigmoid = side("relu", 1.0, 1.0, planned=3), side("sigmoid", 1.0, 1.0, 0.90)
    assert said(relu, sigmoid) == (
        "alexnet after 10 epochs: both reach the same accuracy in the 2 seeds that both have (relu 100 %, sigmoid "
        "96.7 ± 5.8 %); seeds that ended well: relu 2 of 3."
    )
    several = said(relu, sigmoid, Side(name="tanh", accuracy={0: 1.0, 1: 1.0, 3: 0.95}, planned=4))
    assert (
        ": all 3 reach the same accuracy in the seeds that they share with relu (relu 100 %, tanh 98.3" in several
    )
    shared = said(relu, sigmoid, side("tanh", *SIGMOID))
    assert (
        ": relu and sigmoid are the highest, alike in the 2 seeds that both have: relu 100 %, sigmoid 96" in shared
    )


def test_epochs_are_said_to_be_the_same_only_in_the_seeds_that_both_have() -> None:
    relu = side("relu", 1.0, 1.0, planned=3, to_100=(5, 6))
    found = said(relu, side("sigmoid", 1.0, 1.0, 1.0, to_100=(5, 6, 9)))
    assert "; the epochs to 100 % are the same in the 2 seeds that both have (relu 5.5, sigmoid 6.7);" in found


def test_a_difference_that_only_the_correction_takes_away_is_told_as_such() -> None:
    sigmoid, relu = side("sigmoid", 0.90, 0.91, 0.90), side("relu", 0.95, 0.95, 0.97)
    assert ": relu is higher by 5.3 points (95 % interval 1.5 to 9.1, p 0.026 Holm)." in said(sigmoid, relu)
    several = said(sigmoid, relu, side("tanh", 0.93, 0.95, 0.96), side("gelu", 0.96, 0.92, 0.94))
    assert "sigmoid (90.3 ± 0.6 %; p 0.026 alone, 0.16 Holm)" in several
    assert "nothing was shown" in several


def test_of_two_arms_as_well() -> None:
    pair = side("sigmoid", 0.90, 0.91, 0.90), side("relu", 0.95, 0.95, 0.97)
    found = conclusion(contests({"lenet": pair, "alexnet": pair})[1])
    assert ": nothing was shown: relu 95.7 ± 1.2 %, sigmoid 90.3 ± 0.6 %: 5.3 points apart (95 % interval " in found
    assert found.endswith("1.5 to 9.1, p 0.026 alone, 0.053 Holm).")


def test_several_arms_at_100_per_cent_differ_by_their_epochs() -> None:
    found = said(
        side("sigmoid", 1.0, 1.0, 1.0, to_100=(12, 13, 12)),
        side("tanh", 1.0, 1.0, 1.0, to_100=(5, 7, 6)),
        side("relu", 1.0, 1.0, 1.0, to_100=(6, 6, 5)),
    )
    assert ": all 3 reach 100 % in every seed; sigmoid needs 2.2 times the epochs of relu to 100 %: 12.3 " in found
    assert (
        "; no difference was shown in the epochs to 100 % between relu (5.7) and tanh (6.0; 3 seeds could" in found
    )


def test_arms_that_share_the_first_place_are_named_together() -> None:
    found = said(side("relu", 1.0, 1.0, 1.0), side("gelu", 1.0, 1.0, 1.0), side("sigmoid", *SIGMOID))
    assert (
        "relu and gelu are the highest, alike in every seed: 100 %; lower: sigmoid (6.3 ± 1.1 %) by 93.7" in found
    )


def test_lost_seeds_are_said() -> None:
    found = said(side("sigmoid", 0.05, 0.07, planned=3), side("relu", 1.0, 0.995, 0.998))
    assert found.endswith("; seeds that ended well: sigmoid 2 of 3.")
    assert "95 % interval" in found


def test_an_arm_without_a_result_leaves_nothing_to_compare() -> None:
    assert said(side("sigmoid", planned=2), side("relu", 1.0, 0.99)) == (
        "alexnet after 10 epochs: nothing can be compared, since only relu has a result; seeds that ended well: "
        "sigmoid 0 of 2."
    )
    assert "since no arm has a result" in said(side("sigmoid", planned=1), side("relu", planned=1))


def test_seeds_that_ended_well_on_one_side_each_conclude_nothing() -> None:
    found = said(side("sigmoid", 0.05, planned=2), Side(name="relu", accuracy={1: 1.0}, planned=2, trained=(10,)))
    assert "nothing can be concluded, since no two seeds ended well in both" in found


def test_an_arm_without_two_seeds_in_common_with_the_best_is_set_apart() -> None:
    lost = Side(name="tanh", accuracy={0: 0.9}, planned=2, trained=(10,))
    found = said(side("sigmoid", 0.95, 0.97), side("relu", 0.98, 0.97), lost)
    assert ": nothing was shown: relu is the highest: 97.5 ± 0.7 %; not told apart from it: sigmoid (" in found
    assert "; without two seeds in common with it: tanh (90.0 %); seeds that ended well: tanh 1 of 2." in found


def test_each_arms_own_rate_is_named_and_one_at_the_edge_is_warned_of() -> None:
    rates = (1e-4, 1e-3, 1e-2)
    found = said(side("sigmoid", *SIGMOID, rate=1e-2, rates=rates), side("relu", *RELU, rate=1e-3, rates=rates))
    assert found.endswith(
        " Each at its own best of the learning rates 0.0001, 0.001 and 0.01, chosen on pictures set aside: sigmoid "
        "0.01, relu 0.001. At the edge of these rates, beyond which a better one may lie: sigmoid."
    )
    inside = said(side("sigmoid", *SIGMOID, rate=1e-3, rates=rates), side("relu", *RELU, rate=1e-3, rates=rates))
    assert "edge" not in inside


def test_nothing_is_said_of_an_arm_before_all_of_its_rates_were_tried() -> None:
    rates = (1e-4, 1e-3)
    whole = [side(name, *seen, rate=1e-3, rates=rates) for name, seen in (("sigmoid", SIGMOID), ("relu", RELU))]
    part, unbegun = (
        Side(name=name, accuracy={}, planned=3, rates=rates, is_tried=False) for name in ("tanh", "elu")
    )
    found = said(*whole, part, unbegun)
    assert ": relu is higher by 93.5 points (" in found
    assert "; not all rates were tried: tanh, elu. Each at its own best of the learning rates 0.0001 and" in found
    assert "seeds that ended well" not in found
    assert found.split("set aside: ")[1].startswith("sigmoid 0.001, relu 0.001.")
    assert said(whole[0], part) == (
        "alexnet after 10 epochs: nothing can be compared, since only sigmoid has a result; not all rates were "
        "tried: tanh. Each at its own best of the learning rates 0.0001 and 0.001, chosen on pictures set aside: "
        "sigmoid 0.001. At the edge of these rates, beyond which a better one may lie: sigmoid."
    )
