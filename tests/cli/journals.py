"""Journals and pairs for the gate's commands: quiet times around a truth that is known."""

import random
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

import msgspec
from factories import counted, measured, sample_identity, timed_record, with_actual
from factories_machine import sample_fingerprint

from benchbox.plan.gate import FIRST_OF_MEMORY, PROCESSES_OF_MEMORY, GateSeries, Identity
from benchbox.plan.spec import RunSpec, case
from benchbox.records.record import Record, encode, make_record
from benchbox.runner.pairs import Pair

CONTROL_SECONDS, SECONDS = 0.008, 0.02
BLOCKS = 6
NOBODY: Mapping[str, float] = MappingProxyType({})


def cell(
    model: str = "lenet",
    *,
    slower: float = 1.0,
    noise: float = 0.002,
    seed: int = 0,
    fingerprint: Mapping[str, Any] = {},
    more: Mapping[str, float] = {},
    **fields: Any,
) -> Record:
    """One process of a timed row and of its control, as a bench measures it; `more` are other exact metrics."""
    chance = random.Random(f"{model} {seed} {fields}")
    samples = [SECONDS * slower * chance.lognormvariate(0, noise) for _ in range(12)]
    control = [CONTROL_SECONDS * chance.lognormvariate(0, noise) for _ in range(8)]
    seen = {**counted(model), **more, "peak_memory": 3e8, "parity_error": 0.001, "parity_top1": 1.0}
    record = msgspec.structs.replace(
        timed_record(model, "infer", batch_size=8, **fields),
        measurements=measured(**seen, sample_seconds=samples, control_seconds=control),
        fingerprint=sample_fingerprint(**fingerprint),
    )
    return with_actual(record, control="c0ffee")


def stored(models: Sequence[str] = ("lenet", "alexnet"), *, seed: int = 0, **fields: Any) -> list[Record]:
    """Six processes of each row."""
    return [cell(model, repeat=repeat, seed=seed, **fields) for model in models for repeat in range(6)]


def write(path: Path, records: Iterable[Record]) -> Path:
    """A journal of these records."""
    path.write_bytes(b"".join(encode(record) + b"\n" for record in records))
    return path


class FakePairs:
    """Gives pairs of a series as arms would measure them, and remembers what it was asked.

    `slower` is by how much new is slower, by model; `noise` the spread of log-ratios between pairs. What `before`
    does comes before every pair.
    """

    def __init__(
        self,
        *,
        slower: Mapping[str, float] | Callable[[GateSeries], Mapping[str, float]] = NOBODY,
        noise: float = 0.001,
        seconds: float = 10.0,
        before: Callable[[int], object] = lambda number: None,
        failing: Mapping[str, int] = {},
    ) -> None:
        self.slower = slower if callable(slower) else lambda series: slower
        self.noise, self.seconds, self.before, self.failing = noise, seconds, before, failing
        self.series: list[GateSeries] = []
        self.deadlines: list[float] = []
        self.made: list[Pair] = []
        self.slowed: Mapping[str, float] = {}

    def __call__(
        self,
        series: GateSeries,
        arms: Sequence[object],
        *,
        is_known: Callable[[Sequence[Pair]], bool] = lambda pairs: False,
        deadline: float = 0.0,
        **_: object,
    ) -> Iterator[Pair]:
        self.series.append(series)
        self.deadlines.append(deadline)
        self.slowed = self.slower(series)
        pairs: list[Pair] = []
        for number in self.numbers(series):
            self.before(number)
            pairs.append(self.pair(series, number, arms=len(arms)))
            self.made.append(pairs[-1])
            yield pairs[-1]
            if len(pairs) >= series.least and is_known(pairs):
                return

    def numbers(self, series: GateSeries) -> range:
        """How pairs are numbered."""
        return range(series.first, series.first + series.most)

    def pair(self, series: GateSeries, number: int, *, arms: int) -> Pair:
        """One pair of all rows."""
        chance = random.Random(f"{series.seed} {number}")
        paces = [chance.lognormvariate(0, 0.03) for _ in range(2 * BLOCKS)]
        control = [CONTROL_SECONDS * pace for pace in paces]
        records: list[list[Record]] = [[] for _ in range(arms)]
        for spec in series.specs:
            for arm, own in enumerate(records):
                by = (self.slowed.get(spec.model.name, 1.0) if arm else 1.0) * chance.lognormvariate(0, self.noise)
                asked = msgspec.structs.replace(spec, repeat=number)
                samples = [SECONDS * by * pace * chance.lognormvariate(0, 0.001) for pace in paces]
                is_broken = arm == arms - 1 and self.failing.get(spec.model.name) == number
                own.append(_broken(asked) if is_broken else turned(asked, samples, control))
        return Pair(
            number=number,
            records=tuple(map(tuple, records)),
            schedule="slices",
            identities=tuple(identity(arm, series) for arm in range(arms)),
            seconds=self.seconds,
        )


def turned(spec: RunSpec, samples: Sequence[float], control: Sequence[float]) -> Record:
    """A row that took turns."""
    like = cell(spec.model.name)
    record = make_record(
        spec,
        status="ok",
        started="2026-11-24T10:00:00+00:00",
        seconds=1.0,
        actual=like.actual,
        environment=like.environment,
        fingerprint=like.fingerprint,
        measurements=measured(**counted(spec.model.name), sample_seconds=samples, control_seconds=control),
    )
    return with_actual(record, in_turns=True, control="c0ffee")


def _broken(spec: RunSpec) -> Record:
    return make_record(
        spec, status="crashed", reason="it fell over", started="2026-11-24T10:00:00+00:00", seconds=1.0
    )


def identity(arm: int, series: GateSeries) -> Identity:
    """What an arm says of itself."""
    imported = {case(spec): "nets.py" for spec in series.specs}
    return sample_identity(imported=imported, files={"nets.py": f"content {arm}"})


class FakeMemory(FakePairs):
    """Gives rounds of processes in which only memory was looked at."""

    def numbers(self, series: GateSeries) -> range:
        """They stand apart from pairs."""
        return range(FIRST_OF_MEMORY, FIRST_OF_MEMORY + PROCESSES_OF_MEMORY)

    def pair(self, series: GateSeries, number: int, *, arms: int) -> Pair:
        """One round."""
        records = tuple(
            tuple(
                msgspec.structs.replace(
                    cell(spec.model.name),
                    spec=msgspec.structs.replace(spec, repeat=number),
                    case=case(spec),
                    measurements=measured(**counted(spec.model.name), peak_memory=3e8),
                )
                for spec in series.specs
            )
            for _ in range(arms)
        )
        identities = tuple(identity(arm, series) for arm in range(arms))
        return Pair(number=number, records=records, schedule="", identities=identities, seconds=self.seconds)
