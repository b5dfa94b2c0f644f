"""A claim about benchbox's own speed, and what was seen of it."""

import msgspec


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """What is claimed, what was seen, and whether the one keeps to the other. Texts carry their units."""

    what: str
    seen: str
    limit: str
    holds: bool
    raw: dict[str, list[float]] = {}
