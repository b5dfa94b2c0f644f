"""Pairs of arms: turns that hold ratios through drift, an end on precision, and every fault its own row's."""

import dataclasses
import math
import random
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import chain, repeat
from pathlib import Path
from typing import Any

import pytest
from factories import sample_spec
from fake_arms import DEATH, World, places
from msgspec.structs import replace

from benchbox.errors import Interrupted
from benchbox.plan.gate import CONTROL_SHARE, FIRST_OF_MEMORY, PROCESSES_OF_MEMORY, GateSeries
from benchbox.plan.spec import case
from benchbox.records.events import AnyEvent, Noted, PhaseBegan, Progress
from benchbox.records.ratios import block_ratios, slowdown
from benchbox.records.record import Record
from benchbox.runner.measuring import LEAST_TIMEOUT, Measuring
from benchbox.runner.pairs import ArmRefused, Pair, measure_memory, measure_pairs

BASE, NEW = "base", "new"
BOTH = (BASE, NEW)


class Gate:
    """A series of rows in a world of fake arms."""

    def __init__(self, world: World, *models: str, names: Sequence[str] = BOTH, **fields: Any) -> None:
        self.world, self.places = world, places(*names)
        self.events: list[AnyEvent] = []
        specs = tuple(sample_spec(model, "infer") for model in models)
        given: dict[str, Any] = {"labels": models, "seconds": 3.0, "least": 2, "most": 3} | fields
        self.series = GateSeries(specs=specs, **given)

    def pairs(self, **options: Any) -> Iterator[Pair]:
        given: dict[str, Any] = {
            "folder": Path("reports"),
            "dataset": Path("dataset"),
            "watcher": self.events.append,
            "is_known": lambda pairs: True,
            "clock": self.world.clock,
            "make_arm": self.world.make_arm,
            "free_memory": lambda: 2**40,
        }
        return measure_pairs(self.series, self.places, **given | options)

    def run(self, **options: Any) -> list[Pair]:
        seen = list(self.pairs(**options))
        assert not self.world.living()
        return seen

    def notes(self) -> list[str]:
        return [event.text for event in self.events if isinstance(event, Noted)]


def world(**calls: float) -> World:
    """Arms whose rows take the same seconds a call in both."""
    return World(calls={name: dict(calls) for name in BOTH})


def of(records: Sequence[Record], model: str) -> Record | None:
    return next((record for record in records if record.spec.model.name == model), None)


def statuses(pair: Pair, model: str) -> list[str]:
    """How a row ended in each arm; a dash where there is no record."""
    return [record.status if (record := of(records, model)) else "-" for records in pair.records]


def test_arms_take_turns_forward_then_backward_and_have_equally_many_blocks() -> None:
    gate = Gate(world(lenet=0.02), "lenet")
    [pair, _] = gate.run()
    arms = "".join(name[0] for name, _ in gate.world.turns())
    blocks = [arms[place : place + 4] for place in range(0, len(arms), 4)]
    assert set(blocks) == {"bnnb", "nbbn"}
    first_pair = blocks[: len(blocks) // 2]
    assert all(one != other for one, other in zip(first_pair[::2], first_pair[1::2], strict=False))
    base, new = (of(records, "lenet") for records in pair.records)
    assert base is not None
    assert new is not None
    assert len(base.values("sample_seconds")) == len(new.values("sample_seconds")) >= 12


def test_the_ratio_is_found_on_a_drifting_machine() -> None:
    chance = random.Random(5)
    drifting = World(
        calls={BASE: {"lenet": 0.05}, NEW: {"lenet": 0.055}},
        slowness=lambda now: (1 + 0.005 * now) * math.exp(chance.gauss(0, 0.02)),
    )
    pair = Gate(drifting, "lenet", seconds=10.0).run()[0]
    base, new = (of(records, "lenet") for records in pair.records)
    assert base is not None
    assert new is not None
    seen = slowdown(base.values("sample_seconds"), new.values("sample_seconds"))
    assert seen is not None
    assert seen.value == pytest.approx(1.1, abs=0.015)
    assert len(block_ratios(base.values("sample_seconds"), new.values("sample_seconds"))) > 12


def test_each_row_works_for_its_seconds_in_each_arm() -> None:
    gate = Gate(world(lenet=0.001, alexnet=0.04, vgg16=1.5), "lenet", "alexnet", "vgg16", seconds=4.0, most=2)
    gate.run()
    turns = Counter(gate.world.turns())
    per_pair = {key: count / 2 for key, count in turns.items()}
    for arm in BOTH:
        # A slice of 0.1 s, and the call before it.
        assert per_pair[arm, "lenet"] * 0.101 == pytest.approx(4.0, rel=0.1)
        assert per_pair[arm, "alexnet"] * 0.12 == pytest.approx(4.0, rel=0.1)
        # One call makes a slice: three blocks must do.
        assert per_pair[arm, "vgg16"] == 6


def test_each_arm_is_started_and_set_up_first_in_every_other_pair() -> None:
    gate = Gate(world(lenet=0.02), "lenet", most=4)
    pairs = gate.run(is_known=lambda pairs: False)
    for word in ("start", "open lenet"):
        assert [name for name, said in gate.world.told if said == word] == [BASE, NEW, NEW, BASE] * 2
    for pair in pairs:
        assert [identity.files for identity in pair.identities] == [{"net.py": BASE}, {"net.py": NEW}]


def test_a_quick_row_has_as_many_blocks_that_begin_with_one_arm_as_with_the_other() -> None:
    for seconds in (0.9, 1.3, 1.7, 2.1):
        gate = Gate(world(lenet=0.02), "lenet", seconds=seconds, least=1, most=1)
        gate.run()
        first = Counter(name for name, _ in gate.world.turns()[::4])
        assert first[BASE] == first[NEW], seconds


def test_quick_rows_have_six_blocks_however_short_their_time_is() -> None:
    gate = Gate(world(lenet=0.001), "lenet", seconds=0.05, least=1, most=1)
    gate.run()
    assert len(gate.world.turns(BASE)) >= 12


@pytest.mark.parametrize("models", [("lenet",), ("lenet", "alexnet", "vgg16", "resnet50", "googlenet")])
def test_the_control_has_a_turn_first_of_all_rounds_and_a_tenth_of_the_time_at_most(
    models: tuple[str, ...],
) -> None:
    gate = Gate(world(**dict.fromkeys(models, 0.02)), *models, seconds=7.0, least=1, most=1)
    gate.run()
    words = [word for _, word in gate.world.told if word.startswith("turn")]
    assert "turn control" in words[: 4 * (len(models) + 1)]
    control = words.count("turn control")
    assert control % 4 == 0
    assert control >= 4 * 6
    # Its slices take 0.06 s, those of the rows 0.12 s.
    assert control * 0.06 <= CONTROL_SHARE * (control * 0.06 + (len(words) - control) * 0.12)


def test_rows_come_in_another_order_in_each_round_and_pair() -> None:
    gate = Gate(world(lenet=0.02, alexnet=0.02, vgg16=0.02), "lenet", "alexnet", "vgg16", seconds=1.0)
    gate.run()
    rows = [row for _, row in gate.world.turns()][::4]
    rounds = [tuple(rows[place : place + 3]) for place in range(0, len(rows), 3)]
    assert all(len(set(one)) == 3 for one in rounds)
    assert len(set(rounds)) > 2
    half = len(rounds) // 2
    assert rounds[:half] != rounds[half:]


def test_equal_series_are_measured_in_equal_order() -> None:
    first, second, other = (
        Gate(world(lenet=0.02, alexnet=0.02), "lenet", "alexnet", seconds=1.0, seed=seed) for seed in (3, 3, 4)
    )
    for gate in (first, second, other):
        gate.run()
    assert first.world.told == second.world.told != other.world.told


def test_it_ends_as_soon_as_the_ratios_are_known_and_not_before_the_least() -> None:
    asked: list[int] = []

    def is_known(pairs: Sequence[Pair]) -> bool:
        asked.append(len(pairs))
        return len(pairs) == 4

    gate = Gate(world(lenet=0.02), "lenet", least=2, most=9, first=100)
    pairs = gate.run(is_known=is_known)
    assert asked == [2, 3, 4]
    assert [pair.number for pair in pairs] == [100, 101, 102, 103]


def test_it_ends_with_the_most_where_they_never_are() -> None:
    assert len(Gate(world(lenet=0.02), "lenet").run(is_known=lambda pairs: False)) == 3


def test_a_pair_that_would_end_after_the_deadline_is_not_begun() -> None:
    gate = Gate(world(lenet=0.02), "lenet", least=2, most=9)
    [pair] = gate.run(deadline=15.0)
    assert 7.5 < pair.seconds < 15
    assert gate.world.now < 15
    assert Gate(world(lenet=0.02), "lenet").run(deadline=0.0) == []


def test_one_long_pair_at_the_beginning_keeps_no_other_from_being_made() -> None:
    """The first one takes several times as long, with its passes and on cold files."""
    gate = Gate(world(lenet=0.02), "lenet", least=9, most=9)
    gate.world.slowness = lambda now: 10.0 if now < 40 else 1.0
    seen = gate.run(deadline=90.0)
    assert seen[0].seconds > 3 * seen[-1].seconds
    assert 90 - gate.world.now < 2 * seen[-1].seconds


def test_records_of_a_pair_have_its_number_and_the_spec_that_was_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An arm stands in another folder: it is told the pictures' own."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pictures").mkdir()
    gate = Gate(world(lenet=0.02), "lenet", first=7)
    spec = gate.series.specs[0]
    relative = replace(spec, data=replace(spec.data, source="pictures"))
    gate.series = replace(gate.series, specs=(relative,))
    pair = gate.run()[0]
    for records in pair.records:
        assert records[0].spec.repeat == 7
        assert records[0].spec.data.source == "pictures"
        assert records[0].case == case(relative)
        assert records[0].spec.timing.seconds == gate.series.seconds
    request = gate.world.arms[0].requests[0]
    assert request.spec.data.source == str(tmp_path / "pictures")
    assert (request.folder, request.dataset) == (str(tmp_path / "reports"), str(tmp_path / "dataset"))


def test_pictures_with_a_name_are_no_folder_of_the_user_s(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "coil20").mkdir()
    gate = Gate(world(lenet=0.02), "lenet")
    gate.run()
    assert gate.world.arms[0].requests[0].spec.data.source == "coil20"


def test_answers_are_compared_in_the_first_pair_of_the_first_series_alone() -> None:
    gate = Gate(world(lenet=0.02), "lenet")
    gate.run()
    assert [arm.passes[0] for arm in gate.world.arms] == ["all", "all", "none", "none"]
    second = Gate(world(lenet=0.02), "lenet", first=20)
    second.run()
    assert {arm.passes[0] for arm in second.world.arms} == {"none"}, "a second series asks for times alone"


def test_phases_tell_the_pair_and_progress_goes_on_to_its_end() -> None:
    gate = Gate(world(lenet=0.02), "lenet", least=1, most=1)
    gate.run()
    names = [event.name for event in gate.events if isinstance(event, PhaseBegan)]
    assert names == ["pair 0: setting up", "pair 0: taking turns", "pair 0: after the turns"]
    seen = [event for event in gate.events if isinstance(event, Progress)]
    assert seen[-1].done == seen[-1].total
    assert all(event.done <= event.total for event in seen)


# Faults of a row.


@pytest.mark.parametrize("arm", BOTH)
@pytest.mark.parametrize("when", ["open lenet", "turn lenet", "finish lenet"])
def test_a_row_that_is_lost_in_one_arm_has_its_records_and_the_others_go_on(arm: str, when: str) -> None:
    gate = Gate(world(lenet=0.02, alexnet=0.02), "lenet", "alexnet")
    gate.world.faults[arm, when] = iter(["crashed"])
    first, second = gate.run()
    assert sorted(statuses(first, "lenet")) == ["crashed", "ok"]
    assert statuses(first, "lenet")[BOTH.index(arm)] == "crashed"
    assert statuses(first, "alexnet") == statuses(second, "alexnet") == ["ok", "ok"]
    assert statuses(second, "lenet") == ["-", "-"]


def test_a_row_that_cannot_be_in_either_arm_has_both_reasons() -> None:
    gate = Gate(world(lenet=0.02, alexnet=0.02), "lenet", "alexnet")
    for arm in BOTH:
        gate.world.faults[arm, "open lenet"] = iter(["unsupported"])
    assert statuses(gate.run()[0], "lenet") == ["unsupported", "unsupported"]


def test_a_series_without_rows_left_ends() -> None:
    gate = Gate(world(lenet=0.02), "lenet")
    gate.world.faults[NEW, "open lenet"] = iter(["unsupported"])
    [pair] = gate.run(is_known=lambda pairs: False)
    assert statuses(pair, "lenet") == ["ok", "unsupported"]
    assert not gate.world.turns()


@pytest.mark.parametrize("arm", BOTH)
@pytest.mark.parametrize("when", ["open lenet", "turn lenet", "finish lenet"])
def test_a_row_that_takes_its_process_with_it_costs_the_others_nothing(arm: str, when: str) -> None:
    gate = Gate(world(lenet=0.02, alexnet=0.02), "lenet", "alexnet")
    gate.world.faults[arm, when] = iter([DEATH])
    first, second = gate.run()
    expected = ["crashed", "ok"] if arm == BASE else ["ok", "crashed"]
    assert statuses(first, "lenet") == expected
    assert statuses(first, "alexnet") == statuses(second, "alexnet") == ["ok", "ok"]
    base, new = (of(records, "alexnet") for records in first.records)
    assert base is not None
    assert new is not None
    assert len(base.values("sample_seconds")) == len(new.values("sample_seconds")) >= 12
    assert statuses(second, "lenet") == ["-", "-"]


def test_rows_that_were_lost_before_another_took_the_process_with_it_keep_their_records() -> None:
    gate = Gate(world(lenet=0.02, alexnet=0.02, vgg16=0.02), "lenet", "alexnet", "vgg16")
    gate.world.faults[BASE, "open lenet"] = iter(["unsupported"])
    gate.world.faults[NEW, "turn alexnet"] = iter([DEATH])
    first = gate.run()[0]
    assert statuses(first, "lenet") == ["unsupported", "ok"]
    assert statuses(first, "alexnet") == ["ok", "crashed"]
    assert statuses(first, "vgg16") == ["ok", "ok"]


def test_an_arm_that_is_lost_with_no_row_at_work_is_measured_again_once() -> None:
    gate = Gate(world(lenet=0.02), "lenet")
    gate.world.faults[NEW, "turn control"] = iter([DEATH])
    assert [statuses(pair, "lenet") for pair in gate.run()] == [["ok", "ok"]] * 2
    assert "once more" in gate.notes()[0]
    again = Gate(world(lenet=0.02), "lenet")
    again.world.faults[NEW, "turn control"] = repeat(DEATH)
    with pytest.raises(ArmRefused, match="lost twice"):
        again.run()
    assert not again.world.living()


# Memory that does not suffice for all at once.


def without_room(gate: Gate) -> None:
    """The second of two arms that are alive together lacks memory, and one alone does not."""
    gate.world.faults[NEW, "open alexnet"] = iter(["oom", *repeat(None, 99)])


def test_where_the_arms_have_no_room_together_processes_follow_one_another() -> None:
    gate = Gate(world(lenet=0.02, alexnet=0.02), "lenet", "alexnet")
    without_room(gate)
    first, second = gate.run()
    assert (first.schedule, second.schedule) == ("blocks", "blocks")
    assert "no room for all at once" in gate.notes()[0]
    for pair in (first, second):
        assert statuses(pair, "lenet") == statuses(pair, "alexnet") == ["ok", "ok"]
        base, new = (of(records, "lenet") for records in pair.records)
        assert base is not None
        assert new is not None
        assert len(block_ratios(base.values("sample_seconds"), new.values("sample_seconds"))) >= 6
    apart = gate.world.arms[2:]
    assert all(len(arm.requests) == 1 for arm in apart)
    orders = {"".join(arm.name[0] for arm in apart[place : place + 4]) for place in range(0, len(apart), 4)}
    assert orders == {"bnnb", "nbbn"}


def test_where_little_memory_is_free_the_second_arm_is_not_even_set_up() -> None:
    gate = Gate(world(lenet=0.02), "lenet")
    gate.world.peak = 2**30
    pairs = gate.run(free_memory=lambda: 2**30)
    assert {pair.schedule for pair in pairs} == {"blocks"}
    assert statuses(pairs[0], "lenet") == ["ok", "ok"]
    before_the_first_turn = gate.world.told[: gate.world.told.index((BASE, "end"))]
    assert (NEW, "open lenet") not in before_the_first_turn


def test_where_memory_dips_once_the_pair_is_made_once_more_in_turns() -> None:
    gate = Gate(world(lenet=0.02), "lenet", least=3)
    gate.world.faults[NEW, "open lenet"] = iter([None, "oom", None, None])
    pairs = gate.run()
    assert [pair.schedule for pair in pairs] == ["slices"] * 3
    assert [statuses(pair, "lenet") for pair in pairs] == [["ok", "ok"]] * 3
    assert len(gate.notes()) == 1


def test_a_series_in_turns_ends_where_memory_stays_away_and_never_mixes() -> None:
    gate = Gate(world(lenet=0.02), "lenet", least=3)
    gate.world.faults[NEW, "open lenet"] = chain([None], repeat("oom"))
    [pair] = gate.run()
    assert pair.schedule == "slices"
    assert "ends here" in gate.notes()[-1]


def test_a_gpu_that_one_process_has_to_itself_is_used_by_one_after_the_other() -> None:
    gate = Gate(world(lenet=0.02), "lenet")
    gate.world.faults[NEW, "open lenet"] = iter(["crashed"])
    gate.world.fault_reason = "AcceleratorError: CUDA error: CUDA-capable device(s) is/are busy or unavailable"
    pairs = gate.run()
    assert {pair.schedule for pair in pairs} == {"blocks"}
    assert statuses(pairs[0], "lenet") == ["ok", "ok"]


def test_after_the_deadline_the_rows_beside_one_that_died_are_not_measured_again() -> None:
    gate = Gate(world(lenet=0.02, alexnet=0.02), "lenet", "alexnet")
    gate.world.faults[NEW, "finish lenet"] = iter([DEATH])
    [pair] = gate.run(deadline=10.0)
    assert statuses(pair, "lenet") == ["ok", "crashed"]
    assert statuses(pair, "alexnet") == ["-", "-"]
    assert "the time is up" in gate.notes()[-1]


def test_after_the_deadline_an_arm_that_was_lost_is_not_measured_again() -> None:
    gate = Gate(world(lenet=0.02), "lenet")
    gate.world.faults[NEW, "look"] = iter([None, DEATH])
    [pair] = gate.run(deadline=6.0)
    assert statuses(pair, "lenet") == ["-", "-"]


@pytest.mark.parametrize(
    ("timeout", "deadline", "expected"),
    [
        (300.0, math.inf, 300.0),
        (300.0, 1000.0, 300.0),
        (300.0, 140.0, 100.0 + LEAST_TIMEOUT),
        (300.0, 10.0, LEAST_TIMEOUT),
        (None, 100.0, 60.0 + LEAST_TIMEOUT),
        (None, math.inf, None),
    ],
)
def test_no_answer_is_waited_for_long_after_the_deadline(
    timeout: float | None, deadline: float, expected: float | None
) -> None:
    gate = Gate(world(lenet=0.02), "lenet", timeout=timeout)
    measuring = Measuring(
        series=gate.series,
        places=gate.places,
        folder=Path("reports"),
        dataset=Path("dataset"),
        watcher=gate.events.append,
        clock=lambda: 40.0,
        deadline=deadline,
    )
    assert measuring.timeout == expected


def test_a_row_that_lacks_memory_alone_is_out_of_memory() -> None:
    gate = Gate(world(lenet=0.02, alexnet=0.02), "lenet", "alexnet")
    gate.world.faults[NEW, "turn alexnet"] = repeat("oom")
    first, second = gate.run()
    assert statuses(first, "alexnet") == ["ok", "oom"]
    assert statuses(first, "lenet") == statuses(second, "lenet") == ["ok", "ok"]
    assert statuses(second, "alexnet") == ["-", "-"]


# Who may be measured.


def test_arms_that_are_refused_end_everything() -> None:
    gate = Gate(world(lenet=0.02), "lenet")
    gate.world.faults[NEW, "greet"] = iter([ArmRefused("too old")])
    with pytest.raises(ArmRefused, match="too old"):
        gate.run()
    assert not gate.world.living()
    assert not gate.world.turns()


OWN = "net.py:make"


def own(**options: Any) -> Gate:
    """A series of one network of the user's own."""
    return Gate(World(calls={name: {OWN: 0.02} for name in BOTH}), OWN, **options)


@pytest.mark.parametrize(
    "networks",
    [
        dict.fromkeys(BOTH, "/installed/net.py"),
        # New stands in the folder from which the base imports as well.
        {BASE: "/new/python/net.py", NEW: "python/net.py"},
        {BASE: "/new/net.py"},
        {BASE: "../new/net.py"},
    ],
)
def test_both_arms_importing_one_file_is_refused_before_any_turn(networks: dict[str, str]) -> None:
    gate = own()
    gate.world.networks = networks
    with pytest.raises(ArmRefused, match=r"both arms import net\.py:make from /.*/net\.py"):
        gate.run()
    assert not gate.world.turns()
    assert not gate.world.living()


def test_a_network_of_a_package_is_the_same_file_in_both_arms() -> None:
    gate = Gate(World(calls={name: {"torchvision:resnet18": 0.02} for name in BOTH}), "torchvision:resnet18")
    gate.world.networks = dict.fromkeys(BOTH, "/installed/torchvision/resnet.py")
    assert len(gate.run()) == 2


def test_a_file_of_its_own_from_elsewhere_is_fine_and_so_is_one_arm_twice() -> None:
    gate = own()
    gate.world.networks = {BASE: "/one/net.py", NEW: "/other/net.py"}
    assert len(gate.run()) == 2
    same = own(names=(BASE, BASE))
    same.world.networks = {BASE: "/one/net.py"}
    assert len(same.run()) == 2


def test_rows_that_follow_one_another_are_proved_to_be_each_arm_s_own_too() -> None:
    gate = own()
    gate.world.networks = dict.fromkeys(BOTH, "/installed/net.py")
    gate.world.peak = 2**30
    with pytest.raises(ArmRefused, match="both arms import"):
        gate.run(free_memory=lambda: 2**30)


def test_a_part_of_a_network_that_is_the_other_arm_s_is_refused() -> None:
    gate = own()
    gate.world.elsewhere = {BASE: "/new/python/layers.py"}
    with pytest.raises(ArmRefused, match=r"base imports /new/python/layers\.py, which is a file of new"):
        gate.run()
    shared = own()
    shared.world.elsewhere = dict.fromkeys(BOTH, "/shared/layers.py")
    assert len(shared.run()) == 2


def test_both_arms_importing_one_benchbox_that_is_one_of_theirs_is_refused() -> None:
    gate = Gate(world(lenet=0.02), "lenet")
    gate.world.benchbox = dict.fromkeys(BOTH, "/new/benchbox")
    with pytest.raises(ArmRefused, match="both arms import benchbox from /new/benchbox"):
        gate.run()
    beside = Gate(world(lenet=0.02), "lenet")
    beside.places = tuple(dataclasses.replace(place, repository=Path("/clone")) for place in beside.places)
    beside.world.benchbox = dict.fromkeys(BOTH, "/clone/benchbox")
    with pytest.raises(ArmRefused, match="both arms import benchbox from /clone/benchbox"):
        beside.run()


@pytest.mark.parametrize("package", ["/elsewhere/benchbox", "/new/.venv/lib/python3/site-packages/benchbox"])
def test_one_installed_benchbox_for_both_arms_is_fine(package: str) -> None:
    gate = Gate(world(lenet=0.02), "lenet")
    gate.world.benchbox = dict.fromkeys(BOTH, package)
    assert len(gate.run()) == 2


def test_a_user_s_own_networks_may_share_the_benchbox_that_measures_them() -> None:
    gate = own()
    gate.world.benchbox = dict.fromkeys(BOTH, "/new/benchbox")
    gate.world.elsewhere = {BASE: "/new/benchbox/engine/rows.py"}
    gate.world.networks = {BASE: "/base/net.py", NEW: "/new/net.py"}
    assert len(gate.run()) == 2


def test_files_that_change_while_they_are_measured_are_refused() -> None:
    gate = Gate(world(lenet=0.02), "lenet")
    gate.world.files = {NEW: {"net.py": "1"}}
    pairs = gate.pairs()
    seen = next(pairs)
    assert [identity.files for identity in seen.identities] == [{"net.py": BASE}, {"net.py": "1"}]
    gate.world.files[NEW]["net.py"] = "2"
    with pytest.raises(ArmRefused, match=r"new: net\.py was changed while it was measured"):
        next(pairs)


def test_one_arm_alone_is_measured_in_the_same_way() -> None:
    gate = Gate(world(lenet=0.02, alexnet=0.02), "lenet", "alexnet", names=(BASE,))
    for pair in gate.run():
        assert len(pair.records) == 1
        assert statuses(pair, "lenet") == statuses(pair, "alexnet") == ["ok"]
    assert len(gate.world.turns()) >= 24


# Signals.


@pytest.mark.parametrize("signal", [KeyboardInterrupt(), Interrupted()])
@pytest.mark.parametrize("when", ["start", "open lenet", "turn lenet", "turn control", "finish lenet"])
def test_a_signal_ends_the_arms_and_keeps_what_they_saw(signal: BaseException, when: str) -> None:
    gate = Gate(world(lenet=0.02, alexnet=0.02), "lenet", "alexnet")
    gate.world.faults[NEW, when] = iter([signal])
    pairs = gate.pairs()
    pair = next(pairs)
    assert not gate.world.living()
    assert {record.status for record in chain(*pair.records)} <= {"interrupted", "ok"}
    assert [len(records) for records in pair.records] == [2, 2]
    with pytest.raises(Interrupted):
        next(pairs)


def test_a_second_signal_hurries_those_that_are_left() -> None:
    gate = Gate(world(lenet=0.02), "lenet")
    gate.world.faults[NEW, "turn lenet"] = iter([KeyboardInterrupt()])
    gate.world.faults[BASE, "stop"] = iter([Interrupted()])
    next(gate.pairs())
    assert (NEW, "stop within 1 s") in gate.world.told
    assert not gate.world.living()


def test_a_signal_while_arms_leave_ends_the_series_and_keeps_the_pair() -> None:
    gate = Gate(world(lenet=0.02), "lenet")
    gate.world.faults[BASE, "end"] = iter([KeyboardInterrupt()])
    pairs = gate.pairs()
    assert statuses(next(pairs), "lenet") == ["ok", "ok"]
    with pytest.raises(Interrupted):
        next(pairs)


def test_whoever_wants_no_more_pairs_leaves_nobody_behind() -> None:
    gate = Gate(world(lenet=0.02), "lenet")
    pairs = gate.pairs()
    next(pairs)
    pairs.close()  # type: ignore[attr-defined]
    assert not gate.world.living()


# Memory alone.


def memory(gate: Gate, **options: Any) -> list[Pair]:
    return list(
        measure_memory(
            gate.series,
            gate.places,
            folder=Path("reports"),
            dataset=Path("dataset"),
            watcher=gate.events.append,
            clock=gate.world.clock,
            make_arm=gate.world.make_arm,
            **options,
        )
    )


def test_memory_is_measured_in_processes_that_have_a_row_to_themselves() -> None:
    gate = Gate(world(lenet=0.02, alexnet=0.02), "lenet", "alexnet")
    rounds = memory(gate)
    assert [pair.number for pair in rounds] == [FIRST_OF_MEMORY + place for place in range(PROCESSES_OF_MEMORY)]
    for pair in rounds:
        assert (pair.schedule, statuses(pair, "lenet"), statuses(pair, "alexnet")) == ("", ["ok"] * 2, ["ok"] * 2)
    assert len(gate.world.arms) == 2 * 2 * PROCESSES_OF_MEMORY
    assert all(list(arm.passes.values()) == ["memory"] for arm in gate.world.arms)
    assert not gate.world.turns()


def test_a_round_of_memory_that_would_end_after_the_deadline_is_not_begun() -> None:
    assert len(memory(Gate(world(lenet=0.02), "lenet"), deadline=5.0)) == 2


def test_a_row_that_dies_there_is_lost_alone() -> None:
    gate = Gate(world(lenet=0.02, alexnet=0.02), "lenet", "alexnet")
    gate.world.faults[NEW, "open lenet"] = iter([DEATH])
    first, *others = memory(gate)
    assert statuses(first, "lenet") == ["ok", "crashed"]
    assert all(statuses(pair, "lenet") == ["-", "-"] for pair in others)
    assert all(statuses(pair, "alexnet") == ["ok", "ok"] for pair in (first, *others))
