"""Which devices there are, and what an open placement means on them."""

import pytest
from msgspec.structs import replace

from benchbox.engine.devices import cpu_name, probe_machine
from benchbox.errors import SpecError
from benchbox.plan.facts import DeviceFacts, MachineFacts
from benchbox.plan.resolve import settle
from benchbox.plan.spec import PlacementSpec

GPU = DeviceFacts(name="cuda:0", title="GPU", precisions=("fp32", "bf16", "fp16"), fastest="bf16")
CPU = DeviceFacts(name="cpu", title="CPU", precisions=("fp32", "bf16"), fastest="fp32")
MACHINE = MachineFacts(devices=(GPU, CPU), cores=8, threads=4, torch="2.14.1")


@pytest.mark.parametrize(
    ("asked", "settled"),
    [
        (PlacementSpec(), PlacementSpec(device="cuda:0", precision="bf16", threads=4, keeps_memory=False)),
        (
            PlacementSpec(device="cuda", precision="fp16"),
            PlacementSpec(device="cuda:0", precision="fp16", threads=4, keeps_memory=False),
        ),
        (
            PlacementSpec(device="cpu", threads=8),
            PlacementSpec(device="cpu", precision="fp32", threads=8, keeps_memory=False),
        ),
    ],
)
def test_an_open_placement_is_settled_by_the_machine(asked: PlacementSpec, settled: PlacementSpec) -> None:
    assert settle(asked, MACHINE) == settled


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (PlacementSpec(device="mps"), "device"),
        (PlacementSpec(device="cpu", precision="fp16"), "precision"),
        (PlacementSpec(device="cpu", threads=9), "1 to 8"),
    ],
)
def test_what_the_machine_does_not_have_is_refused(asked: PlacementSpec, said: str) -> None:
    with pytest.raises(SpecError, match=said):
        settle(asked, MACHINE)


def test_a_cpu_is_always_there_and_comes_last() -> None:
    machine = probe_machine()
    assert machine.devices[-1].name == "cpu"
    assert machine.devices[-1].fastest in machine.devices[-1].precisions
    assert machine.cores >= 1
    assert cpu_name()


def test_memory_is_kept_where_the_machine_can_and_nobody_says_otherwise() -> None:
    machine = replace(MACHINE, can_keep_memory=True)
    assert settle(PlacementSpec(device="cpu"), machine).keeps_memory is True
    assert settle(PlacementSpec(device="cpu", keeps_memory=False), machine).keeps_memory is False
    assert settle(PlacementSpec(device="cuda"), machine).keeps_memory is False
    with pytest.raises(SpecError, match=r"placement.keeps_memory on cpu: got True"):
        settle(PlacementSpec(device="cpu", keeps_memory=True), MACHINE)
