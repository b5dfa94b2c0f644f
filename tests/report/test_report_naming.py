from factories import fit_record, sample_plan, sample_spec

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
