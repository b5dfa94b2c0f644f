"""The search finds the largest batch exactly, in few tries, and says when it could not look further."""

import math

from hypothesis import given
from hypothesis import strategies as st

from benchbox.engine.search import LARGEST, Found, find_largest_batch


class Memory:
    """Room for so many pictures; a try costs its pictures' seconds on a clock of its own."""

    def __init__(self, room: int, *, cost: float = 0.0) -> None:
        self.room, self.cost, self.now = room, cost, 0.0
        self.tried: list[int] = []

    def attempt(self, batch: int) -> float | None:
        self.tried.append(batch)
        self.now += self.cost * batch
        return self.cost * batch if batch <= self.room else None

    def search(self, seconds: float = 1e9) -> Found:
        return find_largest_batch(self.attempt, seconds=seconds, clock=lambda: self.now)


@given(st.integers(1, LARGEST - 1))
def test_the_largest_batch_is_found_exactly(room: int) -> None:
    memory = Memory(room)
    found = memory.search()
    assert max(found.fitted) == room
    assert min(found.refused) == room + 1
    assert found.reason == f"{room} fits, {room + 1} does not"
    assert len(memory.tried) == len(set(memory.tried)) <= 2 * math.ceil(math.log2(room + 1)) + 2


def test_every_try_is_kept_in_its_order() -> None:
    found = Memory(5).search()
    assert (found.fitted, found.refused) == ((2, 4, 5), (8, 6))


def test_one_picture_is_tried_last() -> None:
    assert Memory(1).search() == Found(fitted=(1,), refused=(2,), reason="1 fits, 2 does not")


def test_nothing_that_fits_is_said() -> None:
    assert Memory(0).search() == Found(fitted=(), refused=(2, 1), reason="not even one picture fits")


def test_the_search_ends_at_its_cap() -> None:
    found = Memory(10**9).search()
    assert found.fitted[-1] == LARGEST
    assert found.reason == f"at least {LARGEST}: no larger batch is tried"


def test_a_try_that_would_end_too_late_is_not_made() -> None:
    memory = Memory(10**9, cost=1.0)
    found = memory.search(seconds=100)
    assert found.fitted == (2, 4, 8, 16, 32)
    assert found.reason == "at least 32: the next try would take about 64 s"
    assert memory.now <= 100


def test_bisecting_ends_in_time_too_with_both_bounds() -> None:
    found = Memory(40, cost=1.0).search(seconds=160)
    assert found.reason == "at least 32, less than 64: the next try would take about 48 s"


@given(st.integers(1, 5_000), st.floats(0.01, 1.0), st.floats(1.0, 1e4))
def test_the_bounds_hold_whenever_the_time_ends(room: int, cost: float, seconds: float) -> None:
    found = Memory(room, cost=cost).search(seconds)
    assert all(batch <= room for batch in found.fitted)
    assert all(batch > room for batch in found.refused)
