"""The most that a device does here: a large matrix product and a large copy, each the best of several.

Both are measured, not looked up, so that a share of the ceiling means something on any machine. A ceiling is of
plain products: a convolution by a cleverer algorithm (Winograd) may pass it.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol

import torch

from benchbox.engine.place import Place, make_place
from benchbox.engine.sampling import Clock, time_calls
from benchbox.errors import SpecError
from benchbox.plan.facts import Ceiling, MachineFacts
from benchbox.plan.resolve import settle
from benchbox.plan.spec import PlacementSpec
from benchbox.records.events import Observer, PhaseBegan, Progress
from benchbox.records.groups import free_bytes

# Long enough that starting a product costs nothing beside it, short enough for several of them.
PRODUCT_SECONDS = 0.15
SMALLEST_SIDE, LARGEST_SIDE = 256, 16_384
SIDE_STEP = 64  # tensor cores and vector units like such sides
# No cache holds two of these; a GPU's memory is so fast that starting the copy would count in a smaller one.
COPY_BYTES = {"cpu": 2**28}
COPY_BYTES_ELSEWHERE = 2**30
# Of the free memory, so much may be used.
MEMORY_SHARE = 0.25
LEAST_REPEATS, MOST_REPEATS, REPEAT_SECONDS = 3, 20, 0.4

Call = Callable[[], object]


class Loads(Protocol):
    """The two kinds of work; a test brings its own."""

    @property
    def free_bytes(self) -> int:
        """Memory of the device that may be used."""

    @property
    def item_bytes(self) -> int:
        """Bytes of a number."""

    def product(self, side: int) -> Call:
        """One product of two square matrices: 2 · side³ FLOP."""

    def copy(self, size: int) -> Call:
        """One copy of `size` bytes: twice as many are moved."""

    def synchronise(self) -> None:
        """Wait until the device has done all that was asked of it."""


@dataclass(frozen=True, kw_only=True)
class TorchLoads:
    """The work itself, on a place and in its precision."""

    place: Place

    @property
    def free_bytes(self) -> int:
        """Free memory of the device, of the host where they share it."""
        if self.place.device.type == "cuda":
            return torch.cuda.mem_get_info(self.place.device)[0]
        return free_bytes()

    @property
    def item_bytes(self) -> int:
        """Bytes of a number in this precision."""
        return self._dtype.itemsize

    @property
    def _dtype(self) -> torch.dtype:
        return self.place.dtype or torch.float32

    def product(self, side: int) -> Call:
        """Random numbers, since a processor needs less power for zeros and may then clock higher."""
        left, right = (torch.randn(side, side, device=self.place.device, dtype=self._dtype) for _ in range(2))
        answer = torch.empty_like(left)
        return lambda: torch.mm(left, right, out=answer)

    def copy(self, size: int) -> Call:
        """From one end of the memory to another."""
        source = torch.ones(size // self.item_bytes, device=self.place.device, dtype=self._dtype)
        target = torch.empty_like(source)
        return lambda: target.copy_(source)

    def synchronise(self) -> None:
        """As the place does it."""
        self.place.synchronise()


def measure_ceilings(
    placements: Iterable[PlacementSpec], machine: MachineFacts, *, clock: Clock, observer: Observer
) -> tuple[Ceiling, ...]:
    """The ceilings of some placements, open ones settled for this machine, each once.

    What this machine cannot run has none: the plan refuses it with a better message. The count of threads is as
    before afterwards.
    """
    settled = list(dict.fromkeys(_measured_part(each) for each in _settled(placements, machine)))
    threads = torch.get_num_threads()
    ceilings = []
    for done, placement in enumerate(settled):
        observer(PhaseBegan(name=f"ceiling of {placement.device} in {placement.precision}"))
        ceilings.append(measure_ceiling(placement, clock=clock))
        observer(Progress(done=done + 1, total=len(settled)))
    torch.set_num_threads(threads)
    return tuple(ceilings)


def _settled(placements: Iterable[PlacementSpec], machine: MachineFacts) -> Iterable[PlacementSpec]:
    for placement in placements:
        try:
            yield settle(placement, machine)
        except SpecError:
            continue


def _measured_part(placement: PlacementSpec) -> PlacementSpec:
    """What a ceiling depends on; the threads of a CPU do nothing for a GPU."""
    threads = placement.threads if placement.device == "cpu" else None
    return PlacementSpec(device=placement.device, precision=placement.precision, threads=threads)


def measure_ceiling(placement: PlacementSpec, *, clock: Clock) -> Ceiling:
    """The ceiling of one settled placement, in one or two seconds."""
    loads = TorchLoads(place=make_place(placement))
    size = COPY_BYTES.get(loads.place.device.type, COPY_BYTES_ELSEWHERE)
    with torch.inference_mode():
        return Ceiling(
            device=placement.device,
            precision=placement.precision,
            threads=torch.get_num_threads() if placement.device == "cpu" else 0,
            flops_per_second=fastest_product(loads, clock=clock),
            copy_bytes_per_second=fastest_copy(loads, size, clock=clock),
        )


def fastest_product(loads: Loads, *, clock: Clock) -> float:
    """FLOP/s of the best of several products that each take about PRODUCT_SECONDS, where memory allows."""
    side = find_side(loads, clock=clock)
    return 2 * side**3 / fewest_seconds(loads.product(side), clock=clock, synchronise=loads.synchronise)


def find_side(loads: Loads, *, clock: Clock) -> int:
    """The side of a product of about PRODUCT_SECONDS, from trials that double until one is long enough to tell."""
    largest = min(LARGEST_SIDE, int((MEMORY_SHARE * loads.free_bytes / (3 * loads.item_bytes)) ** 0.5))
    side = SMALLEST_SIDE
    while True:
        call = loads.product(side)
        call()  # the first call of a shape does one-time work
        seconds = time_calls(call, 1, clock=clock, synchronise=loads.synchronise).seconds
        if seconds >= PRODUCT_SECONDS / 8 or 2 * side > largest:
            break
        side *= 2
    wanted = min(largest, int(side * (PRODUCT_SECONDS / max(seconds, 1e-9)) ** (1 / 3)))
    return max(SIDE_STEP, wanted // SIDE_STEP * SIDE_STEP)


def fastest_copy(loads: Loads, size: int, *, clock: Clock) -> float:
    """Bytes a second, read and written, of the best of several copies of `size` bytes, where memory allows."""
    size = min(size, int(MEMORY_SHARE * loads.free_bytes / 2))
    return 2 * size / fewest_seconds(loads.copy(size), clock=clock, synchronise=loads.synchronise)


def fewest_seconds(call: Call, *, clock: Clock, synchronise: Callable[[], None]) -> float:
    """The shortest of several calls after a first one that is not counted: whatever disturbs makes them longer."""
    call()
    began, seconds = clock(), list[float]()
    while len(seconds) < LEAST_REPEATS or (len(seconds) < MOST_REPEATS and clock() - began < REPEAT_SECONDS):
        seconds.append(time_calls(call, 1, clock=clock, synchronise=synchronise).seconds)
    return min(seconds)
