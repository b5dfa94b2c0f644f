"""Synthetic records of both arms of a gate: seeded noise, and a truth that is known."""

import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
from factories import counted, eval_record, fit_record, measured, sample_spec, timed_record, with_actual
from factories_machine import sample_fingerprint

from benchbox.gate.evidence import Arm, make_arm
from benchbox.gate.judge import judge
from benchbox.gate.rules import Rules
from benchbox.gate.verdict import GateReport, Mode, Source, Verdict
from benchbox.plan.spec import Task, case
from benchbox.records.fingerprint import Fingerprint
from benchbox.records.record import Record, encode

MIB = 2**20
TODAY = "2026-11-24"
MODELS = ("lenet", "alexnet")
SECONDS = {"lenet": 0.010, "alexnet": 0.040}
CONTROL_SECONDS = 0.008
CONTROL = "c0ffee" * 8
PEAK = 300 * MIB
BLOCKS = 8


def cell(
    model: str = "lenet",
    *,
    samples: Sequence[float] = (),
    control: Sequence[float] = (),
    in_turns: bool = False,
    fingerprint: Fingerprint | None = None,
    peak: float = PEAK,
    is_compared: bool = True,
    task: Task = "infer",
    **fields: Any,
) -> Record:
    """One process of a timed row, with its control and the counts; `is_compared` has parity with plain fp32."""
    record = timed_record(model, task, **fields)
    seen: dict[str, Any] = {**counted(model), "peak_memory": peak}
    seen |= {"parity_error": 0.001, "parity_top1": 1.0} if is_compared else {}
    seen |= {"sample_seconds": samples} if samples else {}
    seen |= {"control_seconds": control} if control else {}
    record = msgspec.structs.replace(
        record, measurements=measured(**seen), fingerprint=fingerprint or sample_fingerprint()
    )
    return with_actual(record, in_turns=in_turns, control=CONTROL)


def stored(
    models: Sequence[str] = MODELS,
    *,
    processes: int = 6,
    slower: float = 1.0,
    machine: float = 1.0,
    noise: float = 0.003,
    seed: int = 0,
    **fields: Any,
) -> list[Record]:
    """Cells by themselves, one process each: `slower` changes the rows, `machine` the rows and the control."""
    chance = random.Random(f"stored {seed}")
    records = []
    for model in models:
        for repeat in range(processes):
            pace = machine * chance.lognormvariate(0, 0.03)
            seconds = SECONDS.get(model, 0.02) * slower * pace * chance.lognormvariate(0, noise)
            samples = [seconds * chance.lognormvariate(0, 0.002) for _ in range(12)]
            control = [CONTROL_SECONDS * pace * chance.lognormvariate(0, 0.002) for _ in range(8)]
            records.append(cell(model, samples=samples, control=control, repeat=repeat, **fields))
    return records


def in_turns(
    models: Sequence[str] = MODELS,
    *,
    pairs: int = 8,
    slower: float | Mapping[str, float] = 1.0,
    control: float = 1.0,
    noise: float = 0.004,
    seed: int = 0,
    **fields: Any,
) -> tuple[list[Record], list[Record]]:
    """Pairs of processes of both arms that held all rows and the control. `slower` and `control` change new alone.

    `noise` is the spread of log-ratios between pairs.
    """
    chance = random.Random(f"in turns {seed}")
    arms: tuple[list[Record], list[Record]] = ([], [])
    for repeat in range(pairs):
        paces = [chance.lognormvariate(0, 0.05) for _ in range(2 * BLOCKS)]
        controls = [_slices(CONTROL_SECONDS, paces, noise, chance, by=by) for by in (1.0, control)]
        for model in models:
            by = slower if isinstance(slower, float) else slower.get(model, 1.0)
            for arm, times, factor in zip(arms, controls, (1.0, by), strict=True):
                samples = _slices(SECONDS.get(model, 0.02), paces, noise, chance, by=factor)
                arm.append(cell(model, samples=samples, control=times, in_turns=True, repeat=repeat, **fields))
    return arms


def _slices(
    seconds: float, paces: Sequence[float], noise: float, chance: random.Random, *, by: float
) -> tuple[float, ...]:
    """Slices of one process: what its place in memory costs, the machine's pace that both arms meet, and a rest."""
    place = chance.lognormvariate(0, noise / 2**0.5)
    return tuple(seconds * by * place * pace * chance.lognormvariate(0, 0.002) for pace in paces)


def peaks(values: Iterable[float], model: str = "lenet", **fields: Any) -> list[Record]:
    """Processes of their own, in which only the peak memory was looked at."""
    return [cell(model, peak=value, repeat=repeat, **fields) for repeat, value in enumerate(values)]


def evaluation(right: Sequence[bool], model: str = "lenet", **fields: Any) -> Record:
    """An evaluation that was right on these pictures; `answers` are its predictions."""
    record = eval_record(model, correct=sum(right), **fields)
    kept = tuple(seen for seen in record.measurements if seen.metric not in ("top1", "correct", "pictures"))
    told = measured(top1=sum(right) / len(right), correct=sum(right), pictures=len(right))
    return msgspec.structs.replace(record, measurements=kept + told)


def answers(right: Sequence[bool]) -> dict[str, bool]:
    """By picture."""
    return {f"picture{number}.png": is_right for number, is_right in enumerate(right)}


def scored_arm(right: Sequence[bool], *, asked: str = "base", seed: int = 0, **fields: Any) -> Arm:
    """An arm of one evaluation, with its answers."""
    record = evaluation(right, seed=seed, **fields)
    return replace(arm([record], asked), answers={(record.case, seed): answers(right)})


def fits(top1: Sequence[float], model: str = "lenet", **fields: Any) -> list[Record]:
    """A fit a seed, with these held-out accuracies."""
    records = []
    for seed, accuracy in enumerate(top1):
        record = fit_record(model, seed=seed, **fields)
        kept = tuple(seen for seen in record.measurements if seen.metric != "top1")
        records.append(msgspec.structs.replace(record, measurements=kept + measured(top1=accuracy)))
    return records


def arm(records: Iterable[Record], asked: str = "base", **source: Any) -> Arm:
    """The records as an arm."""
    return make_arm(records, Source(asked=asked, **source))


def judged(base: Iterable[Record], new: Iterable[Record], *, mode: Mode = "A/B", **rules: Any) -> GateReport:
    """What a gate says of these records."""
    return judge(arm(base), arm(new, "new"), rules=Rules(**{"today": TODAY, **rules}), mode=mode)


def only(report: GateReport, *, group: str = "time", model: str = "lenet") -> Verdict:
    """The one verdict of this group and network."""
    found = [seen for seen in report.verdicts if seen.group == group and seen.row.split()[0] == model]
    assert len(found) == 1, found
    return found[0]


def write(path: Path, records: Iterable[Record]) -> Path:
    """A journal of these records."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"".join(encode(record) + b"\n" for record in records))
    return path


def case_of(model: str = "lenet", task: Task = "infer", **fields: Any) -> str:
    """The case of a row of these factories."""
    return case(sample_spec(model, task, **fields))
