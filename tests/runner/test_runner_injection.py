"""A regression on purpose: which layers are repeated, that their work is done twice, and what git keeps of it."""

import subprocess
import sys
import types
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from benchbox.errors import SpecError, UsageError
from benchbox.models.zoo import CONSTRUCTORS
from benchbox.plan.catalogue import CATALOGUE, THE_SIX
from benchbox.records.description import Layer
from benchbox.runner.injection import (
    CLASSES,
    choose_repeats,
    commit_slower,
    read_source,
    resolve_commit,
    slowed_source,
    slowed_with,
)

ROOT = Path(__file__).parent.parent.parent


def layers(*flops: int) -> list[Layer]:
    return [Layer(path=f"layer{place}", kind="Conv2d", output=(1,), flops=each) for place, each in enumerate(flops)]


@given(st.lists(st.integers(0, 1000), min_size=1, max_size=60), st.floats(0.01, 1.0))
def test_what_is_repeated_is_at_most_the_share_and_misses_less_than_the_smallest_layer(
    flops: list[int], share: float
) -> None:
    wanted, costly = share * sum(flops), [each for each in flops if each]
    if not costly or min(costly) > wanted:
        with pytest.raises(SpecError, match="share of the work"):
            choose_repeats(layers(*flops), share)
        return
    chosen = choose_repeats(layers(*flops), share)
    spent = sum(flops[int(path.removeprefix("layer"))] for path in chosen)
    assert wanted - min(costly) < spent <= wanted


def test_every_layer_that_fits_is_repeated_before_any_is_repeated_twice() -> None:
    counts = Counter(choose_repeats(layers(10, 10, 10, 10), share=0.8))
    assert counts == {"layer0": 1, "layer1": 1, "layer2": 1}
    assert set(Counter(choose_repeats(layers(100, 1, 1), share=0.06)).values()) == {3}


def test_every_architecture_of_the_six_is_where_the_table_says() -> None:
    assert set(CLASSES) == set(THE_SIX)
    for name, (file, kind) in CLASSES.items():
        constructor = CONSTRUCTORS[name]
        made_by: Any = getattr(constructor, "func", constructor)
        assert made_by.__name__ == kind
        assert made_by.__module__ == file.removesuffix(".py").replace("/", ".")


@pytest.mark.parametrize("victim", CLASSES)
def test_whoever_is_of_the_same_class_is_slowed_with_it(victim: str) -> None:
    def made_by(name: str) -> object:
        constructor = CONSTRUCTORS[name]
        return getattr(constructor, "func", constructor)

    others = {name for name in CONSTRUCTORS if name != victim and made_by(name) is made_by(victim)}
    assert set(slowed_with(victim)) == others


@pytest.fixture
def slowed(request: pytest.FixtureRequest) -> Iterator[types.ModuleType]:
    """A copy of an architecture's module in which the layers of `request.param` are repeated."""
    architecture, paths = request.param
    file, kind = CLASSES[architecture]
    module = types.ModuleType(f"slowed_{architecture}")
    sys.modules[module.__name__] = module  # dataclasses look their module up
    source = slowed_source((ROOT / file).read_text(encoding="utf-8"), kind, paths)
    exec(compile(source, file, "exec"), module.__dict__)
    yield module
    del sys.modules[module.__name__]


@pytest.mark.parametrize(
    "slowed", [("lenet", ("features.conv1", "features.conv1", "features.conv2"))], indirect=True
)
def test_repeated_layers_work_more_often_and_the_answer_is_the_same(slowed: types.ModuleType) -> None:
    own = CATALOGUE["lenet"]
    torch.manual_seed(0)
    network = slowed.LeNet(
        classes=3, channels=1, image_size=64, activation=own.activation, dropout=own.dropout
    ).eval()
    calls: Counter[str] = Counter()
    for path, layer in network.named_modules():
        if not any(layer.children()):
            layer.forward = counting(layer.forward, path, calls)
    pictures = torch.randn(2, 1, 64, 64)
    answer = network(pictures)
    again = calls.copy()
    assert again["features.conv1"] == 3
    assert again["features.conv2"] == 2
    assert {count for path, count in again.items() if path not in ("features.conv1", "features.conv2")} == {1}
    for layer in network.modules():
        layer._forward_hooks.clear()
    assert torch.equal(network(pictures), answer)


def counting(forward: Callable[..., Any], path: str, calls: Counter[str]) -> Callable[..., Any]:
    def counted(*inputs: torch.Tensor) -> Any:
        calls[path] += 1
        return forward(*inputs)

    return counted


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository with LeNet's file and one more, in one commit."""
    for file in (CLASSES["lenet"][0], "README.md"):
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).write_bytes((ROOT / file).read_bytes())
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "add", ".")
    author = ("-c", "user.name=a", "-c", "user.email=a@localhost")
    git(tmp_path, *author, "commit", "--quiet", "-m", "first")
    return tmp_path


def git(folder: Path, *words: str) -> str:
    return subprocess.run(["git", *words], cwd=folder, check=True, capture_output=True, text=True).stdout.strip()


def test_the_commit_changes_one_file_and_touches_neither_branch_nor_files(repository: Path) -> None:
    (repository / "README.md").write_text("changed and staged")
    git(repository, "add", "README.md")
    before = git(repository, "status", "--porcelain"), git(repository, "rev-parse", "HEAD")
    slower = commit_slower(repository, "HEAD", "lenet", ("features.conv1",))
    assert (git(repository, "status", "--porcelain"), git(repository, "rev-parse", "HEAD")) == before
    assert git(repository, "diff", "--name-only", "HEAD", slower) == CLASSES["lenet"][0]
    assert git(repository, "rev-parse", f"{slower}^") == resolve_commit(repository)
    added = read_source(repository, slower, CLASSES["lenet"][0]).removeprefix(
        read_source(repository, "HEAD", CLASSES["lenet"][0])
    )
    assert "LeNet.__init__ = _repeating(LeNet.__init__, ('features.conv1',))" in added


def test_equal_injections_are_equal_commits(repository: Path) -> None:
    first = commit_slower(repository, "HEAD", "lenet", ("features.conv1",))
    assert commit_slower(repository, "HEAD", "lenet", ("features.conv1",)) == first
    assert commit_slower(repository, "HEAD", "lenet", ("features.conv2",)) != first


def test_a_hook_s_own_variables_do_not_mislead(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = commit_slower(repository, "HEAD", "lenet", ("features.conv1",))
    for name in ("GIT_DIR", "GIT_INDEX_FILE", "GIT_WORK_TREE"):
        monkeypatch.setenv(name, str(tmp_path / "elsewhere"))
    assert commit_slower(repository, "HEAD", "lenet", ("features.conv1",)) == expected


def test_another_repository_is_refused(repository: Path) -> None:
    with pytest.raises(UsageError, match="benchbox's own repository"):
        commit_slower(repository, "HEAD", "vgg16", ("features.conv1",))


def test_no_repository_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"`git rev-parse --verify HEAD.* failed: "):
        resolve_commit(tmp_path)


def test_other_architectures_are_refused(repository: Path) -> None:
    with pytest.raises(SpecError, match="efficientnet_b0"):
        commit_slower(repository, "HEAD", "efficientnet_b5", ("features.conv1",))
