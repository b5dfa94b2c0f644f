"""The data sets that have a name, and whether they are here. Reads no picture and loads no torch."""

from pathlib import Path

from benchbox.data.sources import COIL20, ROOT, TURNTABLE, decide, has_coil20
from benchbox.records.pictures import KnownSource


def known_sources(*, root: Path = ROOT) -> tuple[KnownSource, ...]:
    """The named data sets; the default is the one that `auto` means now."""
    default = decide("auto", root=root)
    here = has_coil20(root)
    rendered = (root / TURNTABLE).is_dir()
    return (
        KnownSource(
            name=COIL20,
            meaning="20 objects × 72 views, photographed",
            state=f"in {root / COIL20}" if here else "absent",
            hint="" if here else "benchbox data get coil20",
            is_default=default == COIL20,
        ),
        KnownSource(
            name=TURNTABLE,
            meaning="20 objects × 72 views, rendered here",
            state=f"in {root / TURNTABLE}" if rendered else "not rendered yet",
            hint="" if rendered else "rendered when it is first used",
            is_default=default == TURNTABLE,
        ),
    )
