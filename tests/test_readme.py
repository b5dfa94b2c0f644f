"""The README's figures are those of the records kept beside it; its links, targets and commands exist."""

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def script() -> ModuleType:
    found = importlib.util.spec_from_file_location("readme", ROOT / ".ci" / "readme.py")
    assert found is not None
    assert found.loader is not None
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


def test_every_table_is_what_its_records_say(script: ModuleType) -> None:
    assert script.filled(README) == README, "run `make readme`"


def test_there_are_tables(script: ModuleType) -> None:
    assert len(script.BLOCK.findall(README)) >= 5


@pytest.mark.parametrize("link", re.findall(r"\]\((?!https?:)([^)]+)\)", README))
def test_every_link_leads_somewhere(link: str) -> None:
    assert (ROOT / link).exists()


@pytest.mark.parametrize("target", sorted(set(re.findall(r"`?make ([a-z]+)", README))))
def test_every_make_target_exists(target: str) -> None:
    assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(), re.MULTILINE)


FENCED = "\n".join(re.findall(r"^```[a-z]*\n(.*?)^```", README, re.DOTALL | re.MULTILINE))
TYPED = re.findall(r"(?<!`)`benchbox ([^`\n]+)`", README) + re.findall(r"^benchbox (.+)", FENCED, re.MULTILINE)


@pytest.mark.parametrize("line", TYPED)
def test_every_command_and_option_exists(line: str) -> None:
    known = dict(row.split(": ", 1) for row in (ROOT / "tests/cli/options.txt").read_text().splitlines())
    words = line.split("#")[0].split()
    command = " ".join(words[:2]) if " ".join(words[:2]) in known else words[0]
    assert command in known
    assert {word for word in words if word.startswith("--")} <= set(known[command].split())
