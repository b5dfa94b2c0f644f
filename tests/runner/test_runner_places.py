"""Where arms run: folders as they stand, commits in worktrees that are gone afterwards, whatever ends it all."""

import errno
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from repositories import commit, git, make_repository

from benchbox.errors import UsageError
from benchbox.plan.gate import Hello, Identity
from benchbox.runner.places import ArmPlace, is_same, open_place, open_places


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A temporary folder of the system's for this test alone."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    return folder


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """Two commits: net.py says 1, then 2; the first has a tag."""
    made = make_repository(tmp_path / "repository")
    commit(made, {"net.py": "1", "parts/layers.py": "1"})
    git(made, "tag", "v1")
    commit(made, {"net.py": "2", "only/here.py": "2"})
    return made


def worktrees(repository: Path) -> list[str]:
    return [line for line in git(repository, "worktree", "list", "--porcelain").splitlines() if "worktree" in line]


@contextmanager
def left_clean(repository: Path, temporary: Path) -> Iterator[None]:
    """Nothing of a command stays behind."""
    before = git(repository, "status", "--porcelain"), git(repository, "branch", "--all")
    yield
    assert list(temporary.iterdir()) == []
    assert len(worktrees(repository)) == 1
    assert (git(repository, "status", "--porcelain"), git(repository, "branch", "--all")) == before


def test_a_commit_has_a_worktree_and_a_folder_stays_where_it_is(repository: Path, temporary: Path) -> None:
    with left_clean(repository, temporary), open_places("v1", ".", here=repository) as (base, new):
        assert (base.root / "net.py").read_text() == "1"
        assert (new.root, new.asked, new.is_dirty) == (repository.resolve(), ".", False)
        assert base.commit == git(repository, "rev-parse", "v1")
        assert new.commit == git(repository, "rev-parse", "HEAD")


@pytest.mark.parametrize("name", ["HEAD~1", "main", "v1", "refs/tags/v1"])
def test_any_name_of_a_commit_will_do(repository: Path, name: str) -> None:
    with open_places(name, "main", here=repository) as (base, _):
        assert base.commit == git(repository, "rev-parse", f"{name}^{{commit}}")


def test_two_commits_lie_at_paths_of_one_length(repository: Path, temporary: Path) -> None:
    with left_clean(repository, temporary), open_places("v1", "main", here=repository) as (base, new):
        assert len(str(base.root)) == len(str(new.root))
        assert base.root != new.root
        assert (new.root / "net.py").read_text() == "2"


def test_changes_that_are_not_committed_are_in_the_folder_alone(repository: Path) -> None:
    (repository / "net.py").write_text("3")
    with open_places("main", ".", here=repository) as (base, new):
        assert ((base.root / "net.py").read_text(), (new.root / "net.py").read_text()) == ("2", "3")
        assert (base.is_dirty, new.is_dirty) == (False, True)
        assert base.commit == new.commit


def test_sources_that_git_does_not_keep_make_a_folder_dirty_and_reports_do_not(repository: Path) -> None:
    (repository / "reports").mkdir()
    (repository / "reports" / "results.jsonl").write_text("{}")
    assert not open_place(here=repository).is_dirty
    (repository / "parts" / "more.py").write_text("1")
    assert open_place(here=repository).is_dirty
    assert open_place("parts", here=repository).is_dirty
    assert not open_place("only", here=repository).is_dirty


def test_the_user_s_index_stays_as_it_is(repository: Path) -> None:
    """A file whose time changed and whose content did not is what git would refresh."""
    os.utime(repository / "net.py", (1, 1))
    before = (repository / ".git" / "index").read_bytes()
    assert not open_place(here=repository).is_dirty
    assert (repository / ".git" / "index").read_bytes() == before


def test_an_arm_knows_the_repository_that_it_belongs_to(repository: Path) -> None:
    with open_places("v1", ".", here=repository / "parts") as (base, new):
        assert (base.repository, new.repository) == (repository, repository)


def test_a_name_that_is_a_folder_and_a_commit_is_refused(repository: Path) -> None:
    git(repository, "branch", "parts", "v1")
    with (
        pytest.raises(UsageError, match=r"parts is a folder and a commit.*\./parts or refs/heads/parts says which"),
        open_places("parts", ".", here=repository),
    ):
        pass
    with open_places("./parts", "refs/heads/parts", here=repository) as (folder, branch):
        assert folder.root == repository / "parts"
        assert (branch.root / "net.py").read_text() == "1"


def test_below_the_top_of_a_repository_an_arm_stands_in_the_same_folder(repository: Path) -> None:
    with open_places("v1", ".", here=repository / "parts") as (base, new):
        assert base.root.name == new.root.name == "parts"
        assert (base.root / "layers.py").read_text() == "1"


def test_a_commit_without_that_folder_is_refused(repository: Path, temporary: Path) -> None:
    with (
        left_clean(repository, temporary),
        pytest.raises(UsageError, match="v1 has no folder only"),
        open_places("v1", ".", here=repository / "only"),
    ):
        pass


def test_folders_need_no_repository(tmp_path: Path) -> None:
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
    with open_places("one", str(tmp_path / "other"), here=tmp_path) as (base, new):
        assert base == ArmPlace(asked="one", root=(tmp_path / "one").resolve())
        assert (new.commit, new.is_dirty) == ("", False)


def test_one_arm_is_a_folder(repository: Path) -> None:
    assert open_place(here=repository).root == repository.resolve()
    with pytest.raises(UsageError, match="no such folder: v1"):
        open_place("v1", here=repository)


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("mian", "did you mean main?"),
        ("v11", "did you mean v1?"),
        ("-q", "git branch --all"),
        ("", "git branch --all"),
    ],
)
def test_an_unknown_name_is_refused_with_what_may_have_been_meant(
    repository: Path, temporary: Path, name: str, hint: str
) -> None:
    with (
        left_clean(repository, temporary),
        pytest.raises(UsageError) as caught,
        open_places("main", name, here=repository),
    ):
        pass
    assert hint in str(caught.value)
    assert "a folder, or a commit" in str(caught.value)


def test_a_branch_that_only_the_remote_has_is_named(repository: Path, tmp_path: Path) -> None:
    git(repository, "branch", "feature")
    git(tmp_path, "clone", "--quiet", str(repository), "clone")
    with (
        pytest.raises(UsageError, match="did you mean origin/feature"),
        open_places("feature", ".", here=tmp_path / "clone"),
    ):
        pass


def test_a_shallow_clone_says_how_to_have_the_commit(repository: Path, tmp_path: Path) -> None:
    git(tmp_path, "clone", "--quiet", "--depth=1", f"file://{repository}", "clone")
    with pytest.raises(UsageError, match="fetch-depth: 0"), open_places("v1", ".", here=tmp_path / "clone"):
        pass


def test_outside_a_repository_a_commit_is_refused(tmp_path: Path) -> None:
    with (
        pytest.raises(UsageError, match="is in no repository that git reads"),
        open_places("main", ".", here=tmp_path),
    ):
        pass


def test_without_git_folders_can_still_be_compared(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(UsageError, match="git, which was not found"), open_places("main", ".", here=repository):
        pass
    with open_places(".", ".", here=repository) as (base, new):
        assert base == new


def test_no_hook_runs_and_a_hook_s_own_variables_do_not_mislead(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hook = repository / ".git" / "hooks" / "post-checkout"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\ntouch {tmp_path}/hooked\n")
    hook.chmod(0o755)
    for name in ("GIT_DIR", "GIT_INDEX_FILE", "GIT_WORK_TREE"):
        monkeypatch.setenv(name, str(tmp_path / "elsewhere"))
    with open_places("v1", ".", here=repository) as (base, _):
        assert (base.root / "net.py").read_text() == "1"
    assert not (tmp_path / "hooked").exists()


@pytest.mark.parametrize("error", [KeyboardInterrupt(), ZeroDivisionError("by zero")])
def test_worktrees_are_removed_whatever_ends_the_comparison(
    repository: Path, temporary: Path, error: BaseException
) -> None:
    with left_clean(repository, temporary), pytest.raises(type(error)), open_places("v1", "main", here=repository):
        raise error


KILLED = """
import sys, tempfile, time
from pathlib import Path
from benchbox.runner.places import open_places
tempfile.tempdir = sys.argv[2]
with open_places("v1", "main", here=Path(sys.argv[1])):
    print("open", flush=True)
    time.sleep(60)
"""


def test_what_a_killed_command_left_is_removed_by_the_next_and_what_a_living_one_uses_is_not(
    repository: Path, temporary: Path
) -> None:
    command = [sys.executable, "-c", KILLED, str(repository), str(temporary)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "open\n"
        with open_places("v1", ".", here=repository):
            assert len(worktrees(repository)) == 4
        assert len(worktrees(repository)) == 3
        process.send_signal(signal.SIGKILL)
    assert len(worktrees(repository)) == 3
    with left_clean(repository, temporary), open_places("v1", ".", here=repository):
        assert len(worktrees(repository)) == 2


def test_where_there_are_no_locks_no_worktree_is_taken_for_left(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.ENOLCK, "no locks available")

    with open_places("v1", ".", here=repository) as (base, _):
        monkeypatch.setattr("fcntl.flock", refuse)
        with open_places("main", ".", here=repository):
            assert (base.root / "net.py").exists()
        assert (base.root / "net.py").exists()


def test_the_user_s_own_worktrees_stay_also_one_that_is_not_there_now(repository: Path, tmp_path: Path) -> None:
    git(repository, "worktree", "add", "--quiet", "--detach", str(tmp_path / "own"), "v1")
    (tmp_path / "own").rename(tmp_path / "unplugged")
    with open_places("v1", "main", here=repository):
        pass
    assert any(line.endswith("/own") for line in worktrees(repository))


def test_arms_are_the_same_where_all_that_they_imported_is() -> None:
    hello = Hello(protocol=1, benchbox="", version="1", schema=4, control="", python="3", process=1)

    def identity(**files: str) -> Identity:
        return Identity(hello=hello, imported={"row": "net.py"}, files=files)

    assert is_same(identity(net="1"), identity(net="1"))
    assert not is_same(identity(net="1"), identity(net="2"))
