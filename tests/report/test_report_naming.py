from factories import fit_record, sample_plan, sample_spec
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from benchbox.plan.spec import RunSpec
from benchbox.report.naming import labeller, names


def test_an_architecture_alone_is_its_name() -> None:
    assert names([sample_spec("lenet"), sample_spec("vgg16")]) == ["lenet", "vgg16"]


def test_what_sets_two_apart_is_added() -> None:
    specs = [sample_spec(activation="relu", lr=0.1), sample_spec(activation="gelu", lr=0.1)]
    assert names(specs) == ["lenet relu", "lenet gelu"]


def test_a_number_has_its_word_before_it() -> None:
    assert names([sample_spec(lr=0.1, seed=1), sample_spec(lr=0.01, seed=2)]) == [
        "lenet lr 0.1 seed 1",
        "lenet lr 0.01 seed 2",
    ]


def test_the_plans_label_comes_first_and_the_name_is_the_fallback() -> None:
    plan = sample_plan("train", [fit_record()], labels=("first",))
    assert labeller(plan)(plan.specs[0]) == "first"
    assert labeller(plan)(sample_spec("vgg16")) == "vgg16"


def test_settings_read_as_words() -> None:
    specs = [sample_spec(batch_size=size, image_size=side) for size in (1, 32) for side in (64, 128)]
    assert names(specs)[0] == "lenet 64 px batch 1"
    assert len(set(names(specs))) == 4


def test_checkpoints_of_one_architecture_are_told_apart_by_what_differs_in_their_paths() -> None:
    one, other = (f"reports/{folder}/checkpoints/lenet-best.pt" for folder in ("a", "b"))
    last = one.replace("best", "last")
    spec = sample_spec(task="evaluate")
    assert _named(spec, one, other) == ["lenet a", "lenet b"]
    assert _named(spec, one, last) == ["lenet lenet-best.pt", "lenet lenet-last.pt"]
    assert _named(spec, one, other, last)[0] == "lenet a/checkpoints/lenet-best.pt"
    assert _named(spec, "x.pt", "b/x.pt") == ["lenet x.pt", "lenet b/x.pt"]


def _named(spec: RunSpec, *paths: str) -> list[str]:
    return names([replace(spec, checkpoint=path) for path in paths])


def test_evaluations_are_told_apart_by_their_checkpoints_and_not_by_how_these_were_trained() -> None:
    specs = [sample_spec(task="evaluate", lr=lr, seed=seed) for lr, seed in ((0.1, 0), (0.2, 1))]
    pairs = zip(specs, ("a/x.pt", "b/x.pt"), strict=True)
    assert names([replace(spec, checkpoint=path) for spec, path in pairs]) == ["lenet a", "lenet b"]
    assert names(specs) == ["lenet lr 0.1 seed 0", "lenet lr 0.2 seed 1"]


@given(st.lists(st.lists(st.sampled_from("abc"), min_size=1, max_size=4).map("/".join), min_size=2, unique=True))
def test_names_of_different_checkpoints_differ(paths: list[str]) -> None:
    assert len(set(_named(sample_spec(task="evaluate"), *paths))) == len(paths)
