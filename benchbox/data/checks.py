"""Whether labelled pictures can be learned from at all, with a message that says what to change. No torch."""

from collections import Counter
from collections.abc import Sequence

from benchbox.data.labels import natural_key
from benchbox.data.sources import Source
from benchbox.errors import DataError


def check_source(source: Source) -> None:
    """Raises DataError where the files cannot be split into two parts that both show every class."""
    check_labels(source.title, [item.label for item in source.items])


def check_labels(title: str, labels: Sequence[str], *, classes: Sequence[str] = ()) -> None:
    """Raises DataError unless there are two classes or more, each with two pictures or more.

    `classes` are those that must be seen: with bad files skipped, a class could vanish unnoticed.
    """
    counts = Counter(labels)
    for name in classes:
        if name not in counts:
            raise DataError(
                f"{title}: class {name!r} has no picture that can be read",
                hint="replace its files or take the class away",
            )
    if len(counts) < 2:
        only = f"all pictures are of class {next(iter(counts))!r}" if counts else "there is no picture"
        raise DataError(
            f"{title}: {only}",
            allowed="two classes or more",
            hint="give the folder that holds one folder a class, or files named label__number.png",
        )
    lonely = sorted((name for name, count in counts.items() if count == 1), key=natural_key)
    if len(lonely) == len(counts):
        raise DataError(
            f"{title}: as many classes as pictures ({len(counts)}), so no two pictures share a label",
            allowed="two pictures or more a class",
            hint="labels are the folders' names, or the part of a file's name before __",
        )
    if lonely:
        raise _lonely_class(title, lonely)


def _lonely_class(title: str, lonely: Sequence[str]) -> DataError:
    more = f" (and {len(lonely) - 1} more)" if len(lonely) > 1 else ""
    return DataError(
        f"{title}: class {lonely[0]!r}{more} has a single picture",
        allowed="two pictures or more a class, one to train on and one to hold out",
        hint="add pictures to it or take the class away",
    )
