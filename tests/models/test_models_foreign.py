"""Networks from outside the zoo: found, made, or refused in one line."""

import hashlib
import importlib.metadata
import sys
from pathlib import Path

import pytest
import torch
from torch import nn

from benchbox.errors import Interrupted, ModelError
from benchbox.models import build, network_digest
from benchbox.plan.spec import ModelSpec

OWN = """
import torch
from torch import nn
from neighbour import WIDTH

asked = {}


def plain(classes, channels):
    asked.update(classes=classes, channels=channels)
    head = nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(WIDTH, classes)
    return nn.Sequential(nn.Conv2d(channels, WIDTH, 3), *head)


def everything(**options):
    asked.update(options)
    return plain(options["classes"], options["channels"])


def nothing():
    return nn.Flatten()


class Own(nn.Module):
    def __init__(self, classes, image_size):
        super().__init__()
        self.linear = nn.Linear(image_size**2, classes)


def broken(classes):
    raise RuntimeError("out of\\nideas")


def needs(classes, secret):
    return nn.Flatten()


def wrong():
    return "a network"


ready = nn.Flatten()
number = 5
"""


@pytest.fixture
def own(tmp_path: Path) -> str:
    """A user's file, with a neighbour that it imports; its path."""
    name = f"neighbour{hashlib.sha256(str(tmp_path).encode()).hexdigest()[:8]}"
    (tmp_path / f"{name}.py").write_text("WIDTH = 4\n")
    path = tmp_path / "own.py"
    path.write_text(OWN.replace("neighbour", name))
    return str(path)


def make(name: str, *, classes: int = 6, channels: int = 1, image_size: int = 32) -> nn.Module:
    return build(ModelSpec(name=name), classes=classes, channels=channels, image_size=image_size)


def refused(name: str) -> str:
    """The message with which a name is refused: one line."""
    with pytest.raises(ModelError) as caught:
        make(name)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_function_of_a_file_is_called_with_what_it_accepts(own: str) -> None:
    network = make(f"{own}:plain")
    assert network(torch.zeros(2, 1, 32, 32)).shape == (2, 6)


def test_a_function_with_open_options_is_given_all(own: str) -> None:
    make(f"{own}:everything", classes=3, channels=3, image_size=48)
    module = next(module for name, module in sys.modules.items() if getattr(module, "__file__", "") == own)
    assert module.asked == {"classes": 3, "channels": 3, "image_size": 48}


def test_a_function_without_arguments_is_called_with_none(own: str) -> None:
    assert isinstance(make(f"{own}:nothing"), nn.Flatten)


def test_a_class_is_a_factory_too(own: str) -> None:
    assert sum(parameter.numel() for parameter in make(f"{own}:Own").parameters()) == 32 * 32 * 6 + 6


def test_a_module_is_found_in_the_working_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "my_networks.py").write_text("from torch import nn\n\ndef flat(): return nn.Flatten()\n")
    monkeypatch.chdir(tmp_path)
    before = list(sys.path)
    assert isinstance(make("my_networks:flat"), nn.Flatten)
    assert sys.path == before


@pytest.fixture
def folders(tmp_path: Path) -> tuple[str, str]:
    """Two files called net.py, each with neighbours of the same names, in a module and in a package."""
    for name, width in (("a", 4), ("b", 8)):
        parts = tmp_path / name / "parts_of_two"
        parts.mkdir(parents=True)
        (parts / "__init__.py").write_text("")
        (parts / "heads.py").write_text(f"CLASSES = {width}\n")
        (tmp_path / name / "layers_of_two.py").write_text(f"WIDTH = {width}\n")
        (tmp_path / name / "net.py").write_text(
            "from torch import nn\nfrom layers_of_two import WIDTH\n\n"
            "def make():\n    from parts_of_two.heads import CLASSES\n    return nn.Linear(WIDTH, CLASSES)\n"
        )
    return f"{tmp_path}/a/net.py:make", f"{tmp_path}/b/net.py:make"


def test_each_file_has_its_own_neighbours_though_another_s_have_their_names(folders: tuple[str, str]) -> None:
    a, b = folders
    shapes = [tuple(next(make(name).parameters()).shape) for name in (a, b, b, a, b)]
    assert shapes == [(4, 4), (8, 8), (8, 8), (4, 4), (8, 8)]
    assert "layers_of_two" not in sys.modules, "it would be the other's for one of them"
    files = {getattr(module, "__file__", None) for module in list(sys.modules.values())}
    for name in (a, b):
        folder = Path(name).parent
        assert {str(folder / "layers_of_two.py"), str(folder / "parts_of_two" / "heads.py")} <= files


def test_the_neighbours_of_a_file_alone_keep_their_names(tmp_path: Path) -> None:
    (tmp_path / "layers_of_one.py").write_text("WIDTH = 4\n")
    (tmp_path / "net_of_one.py").write_text("from torch import nn\nimport layers_of_one\n\nmake = nn.Flatten\n")
    make(f"{tmp_path}/net_of_one.py:make")
    assert sys.modules["layers_of_one"].WIDTH == 4


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    assert "no such file" in refused(f"{tmp_path}/none.py:make")


def test_a_module_that_is_not_there() -> None:
    assert "no module 'no_such_module_at_all'" in refused("no_such_module_at_all:make")
    assert "no module 'no.such.module'" in refused("no.such.module:make")


def test_a_file_that_cannot_be_imported(tmp_path: Path) -> None:
    (tmp_path / "bad.py").write_text("import torch\n\nx = 1 / 0\n")
    assert "could not be imported: ZeroDivisionError" in refused(f"{tmp_path}/bad.py:make")
    (tmp_path / "worse.py").write_text("def make(:\n")
    assert "could not be imported: SyntaxError" in refused(f"{tmp_path}/worse.py:make")


def test_a_function_that_is_not_there_with_the_nearest(own: str) -> None:
    assert "no 'plane'" in refused(f"{own}:plane")
    assert "did you mean plain?" in refused(f"{own}:plane")


def test_a_function_that_raises(own: str) -> None:
    assert "could not be made with classes=6: RuntimeError: out of ideas" in refused(f"{own}:broken")


def test_a_function_that_needs_what_is_not_offered(own: str) -> None:
    assert "missing 1 required positional argument: 'secret'" in refused(f"{own}:needs")


def test_a_function_that_returns_something_else(own: str) -> None:
    assert "returned a str. allowed: a torch.nn.Module" in refused(f"{own}:wrong")


def test_what_is_no_function(own: str) -> None:
    assert "is not a function: Flatten" in refused(f"{own}:ready")
    assert "is not a function: int" in refused(f"{own}:number")


@pytest.mark.parametrize("name", [":", "own.py:", ":make"])
def test_half_a_name(name: str) -> None:
    assert "not a network's name" in refused(name)


@pytest.mark.parametrize("model", [{"activation": "relu"}, {"dropout": 0.1}])
def test_options_of_the_zoo_are_refused(own: str, model: dict[str, str]) -> None:
    spec = ModelSpec(name=f"{own}:plain", **model)  # type: ignore[arg-type]
    with pytest.raises(ModelError, match=f"with {next(iter(model))}"):
        build(spec, classes=6, channels=1, image_size=32)


def test_torchvisions_network_has_the_asked_classes() -> None:
    with torch.device("meta"):
        network = make("torchvision:resnet18", classes=9)
    assert network(torch.empty(2, 3, 64, 64, device="meta")).shape == (2, 9)


@pytest.mark.parametrize("name", ["googlenet", "inception_v3"])
def test_torchvisions_auxiliary_heads_are_off(name: str) -> None:
    with torch.device("meta"):
        network = make(f"torchvision:{name}", classes=9)
    assert network.train()(torch.empty(2, 3, 96, 96, device="meta")).shape == (2, 9)


def test_torchvisions_vision_transformer_takes_the_asked_size() -> None:
    with torch.device("meta"):
        network = make("torchvision:vit_b_32", image_size=64)
    assert network(torch.empty(2, 3, 64, 64, device="meta")).shape == (2, 6)


def test_torchvisions_unknown_network_with_near_names() -> None:
    assert "did you mean resnet50" in refused("torchvision:resnet51")


def test_torchvisions_other_tasks_are_no_classifiers() -> None:
    assert "no classification network" in refused("torchvision:fasterrcnn_resnet50_fpn")


FAKE_TIMM = """
from torch import nn

def list_models():
    return ["tiny", "small"]

def create_model(name, *, pretrained, num_classes, in_chans):
    assert not pretrained
    return nn.Sequential(nn.Conv2d(in_chans, num_classes, 1), nn.AdaptiveAvgPool2d(1), nn.Flatten())
"""


@pytest.fixture
def timm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A package of timm's name and manners."""
    (tmp_path / "timm.py").write_text(FAKE_TIMM)
    monkeypatch.delitem(sys.modules, "timm", raising=False)
    monkeypatch.syspath_prepend(tmp_path)


@pytest.mark.usefixtures("timm")
def test_timms_network_has_the_asked_channels_and_classes() -> None:
    assert make("timm:tiny", channels=1)(torch.zeros(2, 1, 8, 8)).shape == (2, 6)


@pytest.mark.usefixtures("timm")
def test_timms_unknown_network_with_near_names() -> None:
    assert "did you mean tiny?" in refused("timm:tinny")


def test_timm_that_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "timm", None)
    assert "timm is not installed. `pip install timm` adds it" in refused("timm:tiny")


def test_the_digest_is_that_of_the_users_source(own: str) -> None:
    before = network_digest(f"{own}:plain")
    assert before == hashlib.sha256(Path(own).read_bytes()).hexdigest()
    Path(own).write_text(OWN + "\n# changed\n")
    assert network_digest(f"{own}:plain") != before


def test_the_digest_of_a_module_is_that_of_its_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "my_digested.py"
    path.write_text("def make(): ...\n")
    monkeypatch.chdir(tmp_path)
    assert network_digest("my_digested:make") == hashlib.sha256(path.read_bytes()).hexdigest()


def test_the_digest_of_torchvision_is_its_version() -> None:
    assert network_digest("torchvision:resnet18") == f"torchvision {importlib.metadata.version('torchvision')}"


def test_the_zoo_has_no_digest() -> None:
    assert network_digest("lenet") == ""


@pytest.mark.parametrize("source", ["{stop}", "def make(classes):\n    {stop}"])
def test_a_signal_in_a_users_file_is_not_its_error(tmp_path: Path, source: str) -> None:
    """While it is imported, and while its network is made."""
    own = tmp_path / "own.py"
    own.write_text("from benchbox.errors import Interrupted\n" + source.format(stop="raise Interrupted"))
    with pytest.raises(Interrupted):
        build(ModelSpec(name=f"{own}:make"), classes=4, channels=1, image_size=16)
