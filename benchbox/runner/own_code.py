"""Whether two arms measure code of their own: otherwise a gate compares something with itself, and passes.

Arms in one and the same place are a self-comparison, of which nothing is asked here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from msgspec.structs import replace

from benchbox.plan.catalogue import is_own
from benchbox.plan.gate import INSTALLED, Identity
from benchbox.runner.places import ArmPlace
from benchbox.runner.rows_arm import ArmRefused


@dataclass(kw_only=True)
class Imports:
    """What the arms of a series were seen to import. `networks` are the rows' networks, as in `require_own`."""

    places: Sequence[ArmPlace]
    networks: Mapping[str, str]
    _seen: dict[int, Identity] = field(init=False, default_factory=dict)

    @property
    def identities(self) -> tuple[Identity, ...]:
        """What is known of each arm, in their order, as far as any is."""
        return tuple(self._seen[index] for index in sorted(self._seen))

    def add(self, indices: Sequence[int], identities: Sequence[Identity]) -> None:
        """Keep what some arms imported. Raises ArmRefused where it is not their own, or not what it was before."""
        for index, identity in zip(indices, identities, strict=True):
            self._seen[index] = self._grown(index, identity)
        if len(self._seen) == len(self.places):
            require_own(self.places, self.identities, self.networks)

    def _grown(self, index: int, identity: Identity) -> Identity:
        known = self._seen.get(index, identity)
        changed = [name for name, content in identity.files.items() if known.files.get(name, content) != content]
        if changed:
            asked = self.places[index].asked
            raise ArmRefused(f"{asked}: {changed[0]} was changed while it was measured: begin again")
        return replace(
            identity,
            imported=known.imported | identity.imported,
            files=known.files | identity.files,
            elsewhere=tuple(dict.fromkeys(known.elsewhere + identity.elsewhere)),
        )


def require_own(places: Sequence[ArmPlace], identities: Sequence[Identity], networks: Mapping[str, str]) -> None:
    """Raises ArmRefused where arms in two places imported one and the same file, or one a file of the other.

    `networks` are the names of the rows' networks, by their cases as the arms know them.
    """
    if len(places) < 2 or places[0].root == places[1].root:
        return
    _require_own_networks(places, identities, networks)
    _require_own_files(places, identities)
    # A user's own networks may share the benchbox that measures them.
    if not all(map(is_own, networks.values())):
        _require_own_benchbox(places, identities)


def _require_own_networks(
    places: Sequence[ArmPlace], identities: Sequence[Identity], networks: Mapping[str, str]
) -> None:
    for row, name in networks.items():
        base, new = (_file_of(row, *arm) for arm in zip(places, identities, strict=True))
        if is_own(name) and base is not None and base == new:
            raise ArmRefused(
                f"both arms import {name} from {base}, which is not the own file of each: name a file by its path "
                "from the folder in which you stand, or a module that lies there and is not installed elsewhere"
            )


def _file_of(row: str, place: ArmPlace, identity: Identity) -> Path | None:
    """The file of a row's network; None where that was made in no file, or could not be made."""
    file = identity.imported.get(row)
    return None if file is None else (place.root / file).resolve()


def _require_own_files(places: Sequence[ArmPlace], identities: Sequence[Identity]) -> None:
    for own, other, identity in zip(places, reversed(places), identities, strict=True):
        for file in map(Path, identity.elsewhere):
            if file.is_relative_to(other.root) and not file.is_relative_to(identity.hello.benchbox):
                raise ArmRefused(
                    f"{own.asked} imports {file}, which is a file of {other.asked}: take its folder out of "
                    "PYTHONPATH, or uninstall what is installed from there"
                )


def _require_own_benchbox(places: Sequence[ArmPlace], identities: Sequence[Identity]) -> None:
    """Networks of the zoo are as different as the packages from which they come."""
    base, new = (Path(identity.hello.benchbox) for identity in identities)
    if base != new or set(INSTALLED) & set(base.parts):
        return
    if any(base.is_relative_to(home) for place in places for home in (place.root, place.repository) if home):
        raise ArmRefused(
            f"both arms import benchbox from {base}, which is not the own package of each: stand in the folder "
            "that holds it, or install benchbox"
        )
