"""Which files were imported: those of the arm's folder, and none of an environment that lies in it."""

import sys
from pathlib import Path
from types import ModuleType

import pytest
from msgspec.structs import replace
from torch import nn

from benchbox.engine.sources import files_elsewhere, identify, imported_files, package_folder
from benchbox.plan.gate import Hello
from benchbox.plan.spec import ModelSpec, RunSpec

HELLO = Hello(protocol=1, benchbox="", version="1", schema=4, control="", python="3", process=1)


def import_from(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have it look as if a module had been imported from this file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("")
    module = ModuleType(path.stem)
    module.__file__ = str(path)
    monkeypatch.setitem(sys.modules, f"_imported_{path.stem}", module)


def test_files_of_an_environment_are_no_sources_of_the_arm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("net.py", "parts/layers.py", ".venv/lib/site-packages/packed.py", ".venv/lib/standard.py"):
        import_from(tmp_path / name, monkeypatch)
    monkeypatch.setattr(sys, "prefix", str(tmp_path / ".venv"))
    assert imported_files(tmp_path) == [tmp_path / "net.py", tmp_path / "parts/layers.py"]


def test_files_outside_of_the_folder_are_told_but_for_those_of_an_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("arm/net.py", "other/layers.py", "other/site-packages/packed.py", "python/standard.py"):
        import_from(tmp_path / name, monkeypatch)
    monkeypatch.setattr(sys, "prefix", str(tmp_path / "python"))
    seen = [path for path in files_elsewhere(tmp_path / "arm") if path.is_relative_to(tmp_path)]
    assert seen == [tmp_path / "other/layers.py"]
    assert str(tmp_path / "other/layers.py") in identify(HELLO, {}, root=tmp_path / "arm").elsewhere


def test_an_environment_that_is_the_folder_hides_nothing_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import_from(tmp_path / "net.py", monkeypatch)
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    assert imported_files(tmp_path) == [tmp_path / "net.py"]


def test_a_network_of_the_zoo_comes_from_benchbox_itself() -> None:
    from benchbox.models.lenet import LeNet

    seen = identify(HELLO, {RunSpec(task="infer"): _empty(LeNet)}, root=package_folder().parent)
    assert list(seen.imported.values()) == ["benchbox/models/lenet.py"]
    assert "benchbox/models/lenet.py" in seen.files


def test_a_network_of_a_package_is_outside_of_the_arm_and_nobody_s_own(tmp_path: Path) -> None:
    spec = RunSpec(task="infer", model=ModelSpec(name="torchvision:resnet18"))
    seen = identify(HELLO, {spec: nn.Linear(1, 1)}, root=tmp_path)
    assert Path(*seen.imported.values()).is_absolute()


def test_other_contents_or_names_are_another_digest(tmp_path: Path) -> None:
    seen = identify(HELLO, {}, root=tmp_path)
    digests = {
        replace(seen, files=files).digest
        for files in ({}, {"a": "1"}, {"a": "2"}, {"b": "1"}, {"a": "1", "b": "1"}, {"b": "1", "a": "1"})
    }
    assert len(digests) == 5


def _empty(kind: type[nn.Module]) -> nn.Module:
    """A network that was never filled, which has its class all the same."""
    return kind.__new__(kind)
