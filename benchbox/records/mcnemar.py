"""Two networks on the same pictures: on which of them they differ, and whether chance explains it (McNemar).

Numbers only: sentences and tables are made in `benchbox.report`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import pandas as pd

from benchbox.records.comparison import SIGNIFICANCE


@dataclass(frozen=True, kw_only=True)
class Duel:
    """Two evaluations by their places, on the `shared` pictures, those that both were scored on.

    `only_first` and `only_second` count pictures that one is right on and the other is not. `p` is the exact
    two-sided McNemar test's, `holm` the same corrected where there are several duels. `left_out` counts each one's
    pictures that the other was not scored on.
    """

    first: int
    second: int
    both: int
    only_first: int
    only_second: int
    neither: int
    p: float
    holm: float | None = None
    left_out: tuple[int, int] = (0, 0)

    @property
    def shared(self) -> int:
        """The pictures that both were scored on."""
        return self.both + self.only_first + self.only_second + self.neither

    @property
    def differing(self) -> int:
        """The pictures that one of the two alone is right on."""
        return self.only_first + self.only_second

    @property
    def right(self) -> tuple[int, int]:
        """How many of the shared pictures each is right on."""
        return self.both + self.only_first, self.both + self.only_second

    @property
    def corrected(self) -> float:
        """The p that counts: corrected where there are several duels."""
        return self.p if self.holm is None else self.holm

    @property
    def is_shown(self) -> bool:
        """Whether the two differ by more than chance."""
        return self.corrected < SIGNIFICANCE

    @property
    def is_only_corrected_away(self) -> bool:
        """Whether the two differ by more than chance, but no more so among all the duels."""
        return self.p < SIGNIFICANCE and not self.is_shown

    @property
    def could_show(self) -> bool:
        """Whether so few differing pictures could have shown anything, had they all been for one side."""
        return 2 * 0.5**self.differing < SIGNIFICANCE


def duel(first: int, second: int, seen: tuple[pd.DataFrame, pd.DataFrame]) -> Duel | None:
    """Two predictions files against one another by the names of their pictures; None where they share none."""
    one, other = (frame.set_index("picture")["label_rank"] == 1 for frame in seen)
    shared = one.index.intersection(other.index)
    if not len(shared):
        return None
    is_one, is_other = one[shared].to_numpy(), other[shared].to_numpy()
    both, only_first = int((is_one & is_other).sum()), int((is_one & ~is_other).sum())
    only_second, neither = int((~is_one & is_other).sum()), int((~is_one & ~is_other).sum())
    return Duel(
        first=first,
        second=second,
        both=both,
        only_first=only_first,
        only_second=only_second,
        neither=neither,
        p=_exact_p([[both, only_first], [only_second, neither]]),
        left_out=(len(one) - len(shared), len(other) - len(shared)),
    )


def with_holm(found: Sequence[Duel]) -> list[Duel]:
    """The duels with their p corrected for one another (Holm 1979) where there is more than one."""
    if len(found) < 2:
        return list(found)
    from statsmodels.stats.multitest import multipletests

    corrected = multipletests([each.p for each in found], alpha=SIGNIFICANCE, method="holm")[1]
    return [replace(each, holm=float(p)) for each, p in zip(found, corrected, strict=True)]


def _exact_p(table: list[list[int]]) -> float:
    from statsmodels.stats.contingency_tables import mcnemar

    return float(mcnemar(table, exact=True).pvalue)
