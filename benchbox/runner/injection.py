"""A regression on purpose: a commit in which one architecture does a share of its work twice.

It puts the gate to the proof: the code itself is changed, as a careless commit would, and nothing sleeps. Which
layers are repeated is chosen by their share of the FLOPs; what that costs in time is for a measurement to say.
"""

import os
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchbox.errors import SpecError, UsageError
from benchbox.records.description import Layer

# The file and the class of each architecture that can be slowed.
CLASSES: dict[str, tuple[str, str]] = {
    "lenet": ("benchbox/models/lenet.py", "LeNet"),
    "alexnet": ("benchbox/models/alexnet.py", "AlexNet"),
    "googlenet": ("benchbox/models/googlenet.py", "GoogLeNet"),
    "vgg16": ("benchbox/models/vgg.py", "VGG16"),
    "resnet50": ("benchbox/models/resnet.py", "ResNet50"),
    "efficientnet_b0": ("benchbox/models/efficientnet.py", "EfficientNet"),
}

# Called by its own `forward`, a layer runs none of its hooks a second time.
_APPENDED = """

def _again(layer: nn.Module, inputs: tuple[Tensor, ...], _: object) -> None:
    layer.forward(*inputs)


def _repeating(construct, paths):  # type: ignore[no-untyped-def]
    def construct_repeating(self, *arguments, **options):  # type: ignore[no-untyped-def]
        construct(self, *arguments, **options)
        for path in paths:
            self.get_submodule(path).register_forward_hook(_again)

    return construct_repeating


# Each of these layers does its work once more, as often as it is named: a regression on purpose.
{name}.__init__ = _repeating({name}.__init__, {paths})
"""

# Equal injections are equal commits, whoever makes them and when.
_AUTHOR = {
    f"GIT_{who}_{what}": value
    for who in ("AUTHOR", "COMMITTER")
    for what, value in (("NAME", "benchbox"), ("EMAIL", "benchbox@localhost"), ("DATE", "2026-01-01T00:00:00Z"))
}


def choose_repeats(layers: Sequence[Layer], share: float) -> tuple[str, ...]:
    """The paths of layers whose FLOPs add up to about `share` of all, each as often as it shall be repeated.

    The costliest come first, and all that fit once before any twice, so that the work is spread. Raises SpecError
    where not even the smallest fits.
    """
    left = share * sum(layer.flops for layer in layers)
    costly = sorted((layer for layer in layers if layer.flops), key=lambda layer: layer.flops, reverse=True)
    chosen: list[str] = []
    while any(layer.flops <= left for layer in costly):
        for layer in costly:
            if layer.flops <= left:
                chosen.append(layer.path)
                left -= layer.flops
    if not chosen:
        raise SpecError.of("share of the work", share, allowed="at least that of the smallest layer")
    return tuple(chosen)


def slowed_source(source: str, name: str, paths: Sequence[str]) -> str:
    """An architecture's module in which the layers at these paths of class `name` work once more."""
    return source + _APPENDED.format(name=name, paths=tuple(paths))


def commit_slower(repository: Path, commit: str, architecture: str, paths: Sequence[str]) -> str:
    """Make a commit on top of `commit` in which an architecture repeats some layers, and return its hash.

    No branch points to it and no file of the working tree is touched. Raises UsageError where the repository is not
    benchbox's own, and SpecError for an architecture that cannot be slowed.
    """
    file, name = _class_of(architecture)
    source = slowed_source(read_source(repository, commit, file), name, paths)
    blob = _git(repository, "hash-object", "-w", "--stdin", content=source)
    with tempfile.TemporaryDirectory() as folder:
        # An index of its own: that of the user holds what is about to be committed.
        own = {"GIT_INDEX_FILE": str(Path(folder) / "index"), **_AUTHOR}
        _git(repository, "read-tree", commit, variables=own)
        _git(repository, "update-index", "--cacheinfo", f"100644,{blob},{file}", variables=own)
        tree = _git(repository, "write-tree", variables=own)
        message = f"{architecture}: repeat {len(paths)} layers, to put the gate to the proof"
        return _git(repository, "commit-tree", tree, "-p", commit, "-m", message, variables=own)


def read_source(repository: Path, commit: str, file: str) -> str:
    """A file of benchbox as it is in a commit. Raises UsageError where the repository is not benchbox's own."""
    try:
        return _git(repository, "show", f"{commit}:{file}", is_whole=True)
    except UsageError as error:
        raise UsageError(
            f"{repository} has no {file} in {commit}",
            allowed="benchbox's own repository, of which an architecture can be slowed",
            hint="clone it, or leave the experiment out",
        ) from error


def resolve_commit(repository: Path, name: str = "HEAD") -> str:
    """The full hash of a commit by any of its names. Raises UsageError where there is none."""
    return _git(repository, "rev-parse", "--verify", f"{name}^{{commit}}")


def _class_of(architecture: str) -> tuple[str, str]:
    if architecture not in CLASSES:
        raise SpecError.of("--slow", architecture, allowed=", ".join(CLASSES))
    return CLASSES[architecture]


def _git(
    repository: Path,
    *words: str,
    content: str | None = None,
    variables: Mapping[str, str] | None = None,
    is_whole: bool = False,
) -> str:
    """What git prints, without the end of its last line unless `is_whole`. Raises UsageError where it refuses."""
    try:
        done = subprocess.run(
            ["git", "-C", str(repository), *words],
            input=content,
            capture_output=True,
            encoding="utf-8",
            env={**os.environ, **(variables or {})},
            check=True,
        )
    except FileNotFoundError as error:
        raise UsageError("git is not installed", hint="install it, or compare folders") from error
    except subprocess.CalledProcessError as error:
        said = error.stderr.strip().splitlines()
        raise UsageError(f"git {words[0]} in {repository}: {said[-1] if said else 'failed'}") from error
    return done.stdout if is_whole else done.stdout.strip()
