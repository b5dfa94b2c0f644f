"""A regression on purpose: a commit in which one architecture does a share of its work twice.

It puts the gate to the proof: the code itself is changed, as a careless commit would, and nothing sleeps. Which
layers are repeated is chosen by their share of the FLOPs; what that costs in time is for a measurement to say.
"""

import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchbox.errors import SpecError, UsageError
from benchbox.plan.catalogue import CATALOGUE
from benchbox.records.description import Layer
from benchbox.runner.places import git

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


def slowed_with(architecture: str) -> tuple[str, ...]:
    """The other architectures that are of the same class, so that whoever slows one of them slows all."""
    family = architecture.partition("_")[0]
    return tuple(name for name in CATALOGUE if name != architecture and name.partition("_")[0] == family)


def slowed_source(source: str, name: str, paths: Sequence[str]) -> str:
    """An architecture's module in which the layers at these paths of class `name` work once more."""
    return source + _APPENDED.format(name=name, paths=tuple(paths))


def commit_slower(repository: Path, commit: str, architecture: str, paths: Sequence[str]) -> str:
    """Make a commit on top of `commit` in which an architecture repeats some layers, and return its hash.

    No branch points to it and no file of the working tree is touched. Raises UsageError where the repository is not
    benchbox's own, and SpecError for an architecture that cannot be slowed.
    """
    file, name = class_of(architecture)
    source = slowed_source(read_source(repository, commit, file), name, paths)
    blob = git(repository, "hash-object", "-w", "--stdin", content=source)
    with tempfile.TemporaryDirectory() as folder:
        # An index of its own: that of the user holds what is about to be committed.
        own = {"GIT_INDEX_FILE": str(Path(folder) / "index"), **_AUTHOR}
        git(repository, "read-tree", commit, variables=own)
        git(repository, "update-index", "--cacheinfo", f"100644,{blob},{file}", variables=own)
        tree = git(repository, "write-tree", variables=own)
        message = f"{architecture}: repeat {len(paths)} layers, to put the gate to the proof"
        return git(repository, "commit-tree", tree, "-p", commit, "-m", message, variables=own)


def read_source(repository: Path, commit: str, file: str) -> str:
    """A file of benchbox as it is in a commit. Raises UsageError where the repository is not benchbox's own."""
    try:
        return git(repository, "show", f"{commit}:{file}", is_whole=True)
    except UsageError as error:
        raise UsageError(
            f"{repository} has no {file} in {commit}",
            allowed="benchbox's own repository, of which an architecture can be slowed",
            hint="clone it, or leave the experiment out",
        ) from error


def resolve_commit(repository: Path, name: str = "HEAD") -> str:
    """The full hash of a commit by any of its names. Raises UsageError where there is none."""
    return git(repository, "rev-parse", "--verify", f"{name}^{{commit}}")


def class_of(architecture: str) -> tuple[str, str]:
    """The file and the class of an architecture. Raises SpecError for one that cannot be slowed."""
    if architecture not in CLASSES:
        raise SpecError.of("--slow", architecture, allowed=", ".join(CLASSES))
    return CLASSES[architecture]
