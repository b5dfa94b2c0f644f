"""Where a command's words go: what the user wants to see, and lines for people on a console."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.text import Text


@dataclass(frozen=True, kw_only=True)
class Output:
    """What the user wants to see and where the report goes."""

    out: Path
    quiet: bool
    json: bool

    @property
    def stderr(self) -> Console:
        """Progress and warnings."""
        return Console(stderr=True)

    @property
    def stdout(self) -> Console:
        """Data."""
        return Console()


def say(console: Console, line: str) -> None:
    """One line as it is, whatever it holds."""
    console.print(Text(line), soft_wrap=True)


def make_tell(console: Console, *, quiet: bool) -> Callable[[str], None]:
    """Who is told lines of progress: the console, or nobody."""

    def tell(line: str) -> None:
        if not quiet:
            say(console, line)

    return tell
