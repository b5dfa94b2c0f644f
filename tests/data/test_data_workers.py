import time
from collections.abc import Sequence

from benchbox.data.workers import in_threads


def test_results_come_in_the_order_of_the_items() -> None:
    with in_threads(list, range(1000)) as results:
        assert [item for some in results for item in some] == list(range(1000))


def test_breaking_off_drops_what_was_not_begun() -> None:
    begun: list[int] = []

    def work(some: Sequence[int]) -> None:
        begun.append(some[0])
        time.sleep(0.02)

    with in_threads(work, range(100_000)) as results:
        next(results)
    assert len(begun) < 1000  # of 3,125 runs
