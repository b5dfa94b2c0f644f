"""Where the arms of a gate run: a folder as it stands, or a commit in a worktree that is made for the while.

A worktree holds what git keeps of the commit, and nothing else: submodules stay empty, files of LFS are what the
user's git makes of them, and what is built or ignored (extensions, weights, pictures) is not there. Nothing of the
user's own working tree, index, branches or hooks is touched.
"""

import difflib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from benchbox.errors import UsageError
from benchbox.plan.gate import Identity
from benchbox.runner.lock import is_abandoned, writing
from benchbox.signals import signals_held

# The folder of a command's worktrees in the system's temporary folder, and the file in it whose lock says that
# the command lives.
PREFIX, LOCK = "benchbox-arms-", "lock"
# Of equal length: paths are in the environment of a process, whose size moves its stack and so its times.
FOLDERS = ("arm-a", "arm-b")
# Set where a command is run by a hook of git's. They name a repository, whatever folder git is called in.
LOCAL = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX", "GIT_OBJECT_DIRECTORY", "GIT_COMMON_DIR")
SHOWN_REFS = 3
ALLOWED = "a folder, or a commit, branch or tag of the repository that you stand in"


@dataclass(frozen=True, kw_only=True)
class ArmPlace:
    """Where an arm runs: `root` is the folder that it stands in and imports from.

    `asked` is what was typed and `commit` what is checked out there, empty outside a repository. `is_dirty` says
    that files that git keeps were changed since, or that there are sources that it does not keep. `repository` is
    the top of the user's repository that it belongs to, also where it stands in a worktree beside that.
    """

    asked: str
    root: Path
    commit: str = ""
    is_dirty: bool = False
    repository: Path | None = None


def is_same(one: Identity, other: Identity) -> bool:
    """Whether two arms are the same code: a comparison of something with itself."""
    return one.digest == other.digest and one.imported == other.imported


@contextmanager
def open_places(base: str, new: str, *, here: Path | None = None) -> Iterator[tuple[ArmPlace, ArmPlace]]:
    """The places of two arms, each a folder (as it stands) or a commit, by any name that git knows.

    Commits are those of the repository that holds `here`, the working folder; in a folder below its top an arm
    stands in the same folder of its worktree. Worktrees are removed at the end, whatever ends it, and those that a
    killed command left behind at the start. Raises UsageError where there is no such folder or commit, where a name
    means both, and where there is no git.
    """
    if sys.platform == "win32":
        raise UsageError("arms cannot be compared live on Windows", hint="compare two stored runs")
    here = (here or Path.cwd()).resolve()
    asked = (base, new)
    for name in asked:
        _refuse_two_meanings(name, here)
    folders = [_folder(name, here) for name in asked]
    if folders[0] and folders[1]:
        yield _stand_in(base, folders[0]), _stand_in(new, folders[1])
        return
    with _open_room(here) as room:
        # All names first: nothing is made where one of them is wrong.
        found = [folder or room.resolve(name) for name, folder in zip(asked, folders, strict=True)]
        one, other = (room.make(*each) for each in zip(asked, found, FOLDERS, strict=True))
        yield one, other


def open_place(asked: str = ".", *, here: Path | None = None) -> ArmPlace:
    """The place of a single arm: a folder as it stands. Raises UsageError where there is none."""
    folder = _folder(asked, (here or Path.cwd()).resolve())
    if folder is None:
        raise UsageError(f"no such folder: {asked}", allowed="a folder")
    return _stand_in(asked, folder)


def _folder(asked: str, here: Path) -> Path | None:
    path = here / asked
    return path.resolve() if asked and path.is_dir() else None


def _refuse_two_meanings(asked: str, here: Path) -> None:
    """Raises UsageError for a folder's name that is a commit's as well: either may have been meant."""
    # No branch or tag begins so: these are folders.
    if asked.startswith((".", "/", "-")) or _folder(asked, here) is None:
        return
    with suppress(_GitError):
        commit = git(here, "rev-parse", "--verify", "--quiet", f"{asked}^{{commit}}")
        full = git(here, "rev-parse", "--symbolic-full-name", asked) or commit
        raise UsageError(
            f"{asked} is a folder and a commit", allowed="one of the two", hint=f"./{asked} or {full} says which"
        )


def _stand_in(asked: str, folder: Path) -> ArmPlace:
    """A folder as it stands; outside a repository, or without git, it has no commit."""
    try:
        return ArmPlace(
            asked=asked,
            root=folder,
            commit=git(folder, "rev-parse", "--verify", "--quiet", "HEAD"),
            is_dirty=_is_dirty(folder),
            repository=Path(git(folder, "rev-parse", "--show-toplevel")),
        )
    except _GitError:
        return ArmPlace(asked=asked, root=folder)


def _is_dirty(folder: Path) -> bool:
    """Whether a folder holds what its commit does not. The user's index stays as it is.

    Of files that git does not keep only sources count: an arm imports them, and reports lie there too.
    """
    status = ("--no-optional-locks", "status", "--porcelain")
    return bool(
        git(folder, *status, "--untracked-files=no", "--", ".")
        or git(folder, *status, "--untracked-files=all", "--", "*.py")
    )


class _GitError(UsageError):
    """git could not do what it was asked; `said` is its first line."""

    def __init__(self, what: str, *, allowed: str = "", hint: str = "", said: str = "") -> None:
        super().__init__(what, allowed=allowed, hint=hint)
        self.said = said


def git(
    folder: Path,
    *arguments: str,
    content: str | None = None,
    variables: Mapping[str, str] | None = None,
    is_whole: bool = False,
) -> str:
    """What git prints in a folder, without the blanks around it unless `is_whole`.

    It reads `content` and has `variables` added to its environment. Raises UsageError where it is not there or
    fails.
    """
    try:
        done = subprocess.run(
            ["git", *arguments],
            cwd=folder,
            input=content,
            env=without_git(os.environ) | dict(variables or {}),
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            check=False,
            start_new_session=True,  # Ctrl-C is for this process, which then undoes what was begun
        )
    except OSError as error:
        raise _GitError(
            "commits can only be compared with git, which was not found",
            hint="install it, or give two folders",
        ) from error
    if done.returncode:
        said = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[0]
        raise _GitError(f"`git {' '.join(arguments)}` failed: {said}", said=said)
    return done.stdout if is_whole else done.stdout.strip()


def without_git(environment: Mapping[str, str]) -> dict[str, str]:
    """An environment in which git finds its repository by the folder."""
    return {name: value for name, value in environment.items() if name not in LOCAL}


@dataclass(frozen=True, kw_only=True)
class _Room:
    """The folder in which a command's worktrees are made. `inside` is where the user stands, below `top`."""

    top: Path
    inside: str
    folder: Path

    def resolve(self, asked: str) -> str:
        """The hash of a commit by its name. Raises UsageError with what may have been meant."""
        if asked and not asked.startswith("-"):
            with suppress(_GitError):
                return git(self.top, "rev-parse", "--verify", "--quiet", f"{asked}^{{commit}}")
        raise UsageError(f"neither a folder nor a commit here: {asked!r}", allowed=ALLOWED, hint=self._hint(asked))

    def _hint(self, asked: str) -> str:
        if git(self.top, "rev-parse", "--is-shallow-repository") == "true":
            return "this clone is shallow: `git fetch --unshallow`, or `fetch-depth: 0` in GitHub Actions, has all"
        refs = git(self.top, "for-each-ref", "--format=%(refname:short)").splitlines()
        # A branch that only the remote has is the usual case.
        similar = [ref for ref in refs if ref.endswith(f"/{asked}")] + difflib.get_close_matches(asked, refs)
        shown = list(dict.fromkeys(similar))[:SHOWN_REFS]
        return f"did you mean {', '.join(shown)}?" if shown else "`git branch --all` and `git tag` list names"

    def make(self, asked: str, found: Path | str, name: str) -> ArmPlace:
        """The place of a folder or a commit that was found for what was asked."""
        return _stand_in(asked, found) if isinstance(found, Path) else self._check_out(asked, found, name)

    def _check_out(self, asked: str, commit: str, name: str) -> ArmPlace:
        """A worktree of a commit. Raises UsageError where it does not hold the folder in which the user stands."""
        tree = self.folder / name
        # No hook: it is nobody's checkout.
        git(self.top, "-c", "core.hooksPath=/dev/null", "worktree", "add", "--detach", "--quiet", str(tree), commit)
        root = tree / self.inside
        if not root.is_dir():
            raise UsageError(
                f"{asked} has no folder {self.inside}",
                allowed="a folder that both commits have",
                hint=f"stand in {self.top} and name files from there",
            )
        return ArmPlace(asked=asked, root=root, commit=commit, repository=self.top)


@contextmanager
def _open_room(here: Path) -> Iterator[_Room]:
    """A temporary folder for worktrees, which is held, and gone afterwards with all that is in it."""
    top, inside = _repository(here)
    _remove_stale(top)
    with ExitStack() as stack:
        with signals_held():
            folder = Path(tempfile.mkdtemp(prefix=PREFIX)).resolve()
            stack.callback(_remove, top, folder)
        stack.enter_context(writing(folder / LOCK))
        yield _Room(top=top, inside=inside, folder=folder)


def _repository(here: Path) -> tuple[Path, str]:
    """The top of the repository that holds a folder, and the folder below it. Raises UsageError without one."""
    try:
        top = git(here, "rev-parse", "--show-toplevel")
        return Path(top), git(here, "rev-parse", "--show-prefix")
    except _GitError as error:
        if not error.said:
            raise
        raise UsageError(
            f"{here} is in no repository that git reads: {error.said}",
            allowed=ALLOWED,
            hint="stand in the repository, or give two folders",
        ) from error


def _remove(top: Path, folder: Path) -> None:
    """Remove a folder of worktrees, and what git knows of them; a signal waits."""
    with signals_held():
        for name in FOLDERS:
            # Twice: git locks a worktree while it makes it, and may have been killed in that.
            with suppress(_GitError):
                git(top, "worktree", "remove", "--force", "--force", str(folder / name))
        shutil.rmtree(folder, ignore_errors=True)


def _remove_stale(top: Path) -> None:
    """Remove the worktrees of commands that were killed: surely nobody holds the lock beside them any more."""
    lines = git(top, "worktree", "list", "--porcelain").splitlines()
    trees = [Path(line.removeprefix("worktree ")) for line in lines if line.startswith("worktree ")]
    folders = {tree.parent for tree in trees if tree.parent.name.startswith(PREFIX) and tree.name in FOLDERS}
    for folder in folders:
        if is_abandoned(folder / LOCK):
            _remove(top, folder)
