"""Small git repositories for tests, independent of whoever runs them."""

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

from benchbox.runner.places import without_git

AUTHOR = ("-c", "user.name=benchbox", "-c", "user.email=benchbox@localhost", "-c", "commit.gpgsign=false")


def git(folder: Path, *arguments: str) -> str:
    """What git says; a failure is an error."""
    done = subprocess.run(
        ["git", *AUTHOR, *arguments],
        cwd=folder,
        env={**without_git(os.environ), "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


def make_repository(folder: Path) -> Path:
    """An empty repository whose branch is `main`."""
    folder.mkdir(parents=True, exist_ok=True)
    git(folder, "init", "--quiet", "--initial-branch=main")
    return folder


def commit(repository: Path, files: Mapping[str, str], message: str = "a change") -> str:
    """Write files, commit them, and give the commit's hash."""
    for name, content in files.items():
        path = repository / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    git(repository, "add", "--all")
    git(repository, "commit", "--quiet", "--message", message)
    return git(repository, "rev-parse", "HEAD")
