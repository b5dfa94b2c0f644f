"""Factors: which field a short name means, what its values are, how they cross."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchbox.errors import SpecError
from benchbox.plan.axes import Factor, cross, fields, find_field, make_factor, make_rates, value_of, vary
from benchbox.plan.spec import RunSpec


def test_every_field_can_be_found_by_its_dotted_name() -> None:
    for field in fields():
        assert find_field(field) == field


@pytest.mark.parametrize(
    ("name", "field"),
    [
        ("activation", "model.activation"),
        ("memory-format", "placement.memory_format"),
        ("lr", "fit.lr"),
        ("image_size", "data.image_size"),
        ("recipe", "fit.recipe"),
        ("label-smoothing", "fit.label_smoothing"),
    ],
)
def test_a_short_name_means_its_field(name: str, field: str) -> None:
    assert find_field(name) == field


def test_no_short_name_is_taken_twice() -> None:
    leaves = [field.rsplit(".")[-1] for field in fields()]
    assert len(leaves) == len(set(leaves))


def test_an_unknown_factor_is_refused_with_the_nearest() -> None:
    with pytest.raises(SpecError, match="did you mean precision"):
        find_field("precison")


@pytest.mark.parametrize(
    ("name", "texts", "values"),
    [
        ("activation", ["relu", "gelu"], ("relu", "gelu")),
        ("activation", [], ("sigmoid", "relu")),
        ("lr", ["1e-3", "0.1"], (0.001, 0.1)),
        ("compile", ["false", "true"], (False, True)),
        ("recipe", [], ("plain", "own")),
        ("split", ["random", "views:8"], ("random", "views:8")),
        ("threads", ["1", "2"], (1, 2)),
        ("batch-size", ["8"], (8,)),
    ],
)
def test_values_have_the_type_of_their_field(name: str, texts: list[str], values: tuple[object, ...]) -> None:
    assert make_factor(name, texts).values == values


@pytest.mark.parametrize(
    ("name", "texts", "message"),
    [
        ("lr", ["fast"], "float"),
        ("optimizer", ["adamx"], "adam, adamw, rmsprop, sgd"),
        ("threads", [], "--values"),
        ("lr", ["0.1", "1e-1"], "each value once"),
    ],
)
def test_a_value_of_another_type_is_refused(name: str, texts: list[str], message: str) -> None:
    with pytest.raises(SpecError) as error:
        make_factor(name, texts)
    assert message in str(error.value)


def test_the_usual_rates_are_a_factor_of_ten_apart_and_plain_decimals() -> None:
    assert make_rates([], 3e-4) == Factor(field="fit.lr", values=(3e-5, 3e-4, 3e-3))


def test_given_rates_are_put_in_order() -> None:
    assert make_rates([0.1, 0.001], 3e-4).values == (0.001, 0.1)


def test_a_value_that_the_spec_refuses_is_refused() -> None:
    with pytest.raises(SpecError, match="leaky_relu"):
        cross(RunSpec(), [make_factor("activation", ["step"])])


@given(st.integers(1, 4), st.integers(1, 4))
def test_factors_cross_completely_the_last_fastest(first: int, second: int) -> None:
    sizes = Factor(field="fit.batch_size", values=tuple(range(1, first + 1)))
    epochs = Factor(field="fit.epochs", values=tuple(range(1, second + 1)))
    crossed = cross(RunSpec(), [sizes, epochs])
    seen = [(spec.fit.batch_size, spec.fit.epochs) for spec in crossed]
    assert seen == [(size, epoch) for size in sizes.values for epoch in epochs.values]


def test_varying_one_field_leaves_the_rest() -> None:
    varied = vary(RunSpec(), "fit.lr", 0.5)
    assert value_of(varied, "fit.lr") == 0.5
    assert vary(varied, "fit.lr", None) == RunSpec()
