"""Reports of gates for tests: one of each kind, with numbers that are easy to check. Nothing is judged."""

import math
from collections.abc import Sequence
from typing import Any

from factories_machine import sample_fingerprint
from msgspec.structs import replace

from benchbox.gate.verdict import (
    STATES,
    Bounds,
    ControlSeen,
    GateReport,
    KeyDifference,
    Series,
    Source,
    Verdict,
)

RESNET, LENET, EFFICIENT = "resnet50 infer b8@128", "lenet infer b8@128", "efficientnet_b0 infer b8@128"
HOSTILE = "a|b \x1b[31m`c` <script>alert(1)</script> **d** [e](http://evil.example)\n::error::f"
COUNTS = {"parameters": 25_854_076.0, "buffers": 53_120.0, "weight_bytes": 103_628_784.0, "flops": 8_406_890_000.0}
BLOCKS = 8


def bounds(value: float = 1.001, half: float = 0.007, *, margin: float = 0.025, count: int = 8) -> Bounds:
    """A ratio with equal distances to both bounds."""
    return Bounds(
        value=value,
        low=value - half,
        high=value + half,
        count=count,
        method="Student's t",
        detectable=1 + margin + 1.6 * half,
    )


def series(ratio: float = 1.0, *, seconds: float = 0.1, pairs: int = 8) -> Series:
    """Pairs whose blocks lie evenly around their log-ratio, on a machine that gets slower from pair to pair."""
    centres = [math.log(ratio) + 0.004 * ((3 * pair) % 5 - 2) for pair in range(pairs)]
    blocks = [[centre + 0.01 * (block - (BLOCKS - 1) / 2) for block in range(BLOCKS)] for centre in centres]
    base = [
        [seconds * (1 + 0.01 * pair + 0.002 * (place % 3)) for place in range(2 * BLOCKS)] for pair in range(pairs)
    ]
    new = [[value * math.exp(centre) for value in trace] for trace, centre in zip(base, centres, strict=True)]
    return Series(
        differences=tuple(centres),
        base=tuple(trace[0] for trace in base),
        new=tuple(trace[0] for trace in new),
        blocks=tuple(map(tuple, blocks)),
        base_traces=tuple(map(tuple, base)),
        new_traces=tuple(map(tuple, new)),
    )


def time_verdict(
    row: str = RESNET, state: Any = "PASS", *, ratio: float = 1.001, half: float = 0.007, **fields: Any
) -> Verdict:
    """The time of a row of 100 ms in the base, in eight pairs."""
    given: dict[str, Any] = {
        "base": 0.1,
        "new": 0.1 * ratio,
        "bounds": bounds(ratio, half),
        "margin": 0.025,
        "series": series(ratio),
        **fields,
    }
    return Verdict(case=f"case of {row}", row=row, metric="sample_seconds", group="time", state=state, **given)


def exact_verdict(metric: str, row: str = RESNET, *, more: float = 0, **fields: Any) -> Verdict:
    """A count, by default the same in both arms."""
    base = COUNTS[metric]
    given: dict[str, Any] = {
        "state": "FAIL" if more > 0 else "IMPROVED" if more < 0 else "PASS",
        "reason": f"{more:,.0f} more" if more > 0 else "",
        "base": base,
        "new": base + more,
        "bounds": Bounds(value=1 + more / base, low=1 + more / base, high=1 + more / base, count=1, method="exact"),
        **fields,
    }
    return Verdict(case=f"case of {row}", row=row, metric=metric, group="exact", **given)


def memory_verdict(row: str = RESNET, state: Any = "PASS", **fields: Any) -> Verdict:
    """Peak memory of three processes a side, 300 and 303 MiB."""
    base, new = 300.0 * 2**20, 303.0 * 2**20
    seen = Bounds(value=1.01, low=1.005, high=1.015, count=3, method="range over processes")
    given: dict[str, Any] = {"base": base, "new": new, "bounds": seen, "margin": 0.0433, **fields}
    return Verdict(case=f"case of {row}", row=row, metric="peak_memory", group="memory", state=state, **given)


def accuracy_verdict(row: str = "resnet50 evaluate b8@128", state: Any = "PASS", **fields: Any) -> Verdict:
    """10,000 pictures, of which new has 0.2 points more."""
    seen = Bounds(value=0.002, low=-0.001, high=0.005, count=10_000, method="Student's t", detectable=-0.0108)
    given: dict[str, Any] = {"base": 0.93, "new": 0.932, "bounds": seen, "margin": 0.005, **fields}
    return Verdict(case=f"case of {row}", row=row, metric="top1", group="accuracy", state=state, **given)


def row_verdict(row: str, state: Any, reason: str = "", **fields: Any) -> Verdict:
    """A row of which no number is looked at."""
    return Verdict(case=f"case of {row}", row=row, metric="", group="exact", state=state, reason=reason, **fields)


def counted(row: str) -> tuple[Verdict, ...]:
    """All counts of a row, the same in both arms."""
    return tuple(exact_verdict(metric, row) for metric in COUNTS)


def control(ratio: float = 1.001, half: float = 0.007, *, is_clean: bool = True) -> ControlSeen:
    return ControlSeen(
        bounds=bounds(ratio, half), floor=half, is_clean=is_clean, series=series(ratio, seconds=0.01)
    )


def make_gate(verdicts: Sequence[Verdict], **fields: Any) -> GateReport:
    """An A/B run of two commits on one machine."""
    machine = sample_fingerprint()
    given: dict[str, Any] = {
        "mode": "A/B",
        "schedule": "slices",
        "preset": "default",
        "margin": 0.025,
        "groups": ("exact", "time"),
        "base": Source(
            asked="main", commit="1a2b3c4d5e6f7a8b", digest="aaaa", benchbox="0.1.0", fingerprint=machine
        ),
        "new": Source(
            asked=".",
            commit="5d6e7f8a9b0c1d2e",
            is_dirty=True,
            digest="bbbb",
            benchbox="0.1.0",
            fingerprint=machine,
            imported={RESNET: "models/resnet.py"},
        ),
        "control": control(),
        "verdicts": tuple(verdicts),
        "code": 0,
        "conclusion": f"PASS: none of {len(verdicts)} gated metrics got worse",
        "reproduce": "benchbox compare --base 1a2b3c4d5e6f --new . --preset default --seed 7",
        "today": "2026-11-24",
        **fields,
    }
    return GateReport(**given)


def passing() -> GateReport:
    """Two rows that did not change."""
    return make_gate([time_verdict(), *counted(RESNET), time_verdict(LENET, ratio=0.998), *counted(LENET)])


def failing() -> GateReport:
    """One slower row, found twice; one parameter more; and beside them one of nearly everything else."""
    slower = time_verdict(
        state="FAIL",
        ratio=1.068,
        half=0.013,
        reason="at least 5.5% slower, and at least 5.1% in a second series",
        confirmed=bounds(1.064, 0.013, count=6),
        confirmation=series(1.064, pairs=6),
    )
    verdicts = [
        slower,
        *counted(RESNET),
        memory_verdict(),
        time_verdict(
            LENET,
            "INCONCLUSIVE",
            ratio=1.015,
            half=0.026,
            reason="anything from 0.989 to 1.041 times as long: too wide for a margin of 2.5%",
        ),
        exact_verdict("parameters", LENET, more=1),
        exact_verdict("flops", LENET, more=-120),
        time_verdict(EFFICIENT, ratio=1.04, half=0.01, accepted="the new pooling, see the changelog"),
        *counted(EFFICIENT),
        accuracy_verdict(facts={"right in one alone": "40 in the base, 60 in new", "exact McNemar p": "0.0569"}),
        row_verdict("vgg16 infer b8@128", "NEW"),
        row_verdict("alexnet infer b8@128", "SKIPPED", "left out"),
        row_verdict("googlenet infer b8@128", "SKIPPED", "left out"),
    ]
    return make_gate(
        verdicts,
        groups=("exact", "time", "memory", "accuracy"),
        code=1,
        conclusion=(
            f"FAIL: 2 of 15 gated metrics are worse, broken or missing: {RESNET} time (at least 5.5% "
            f"slower, and at least 5.1% in a second series); {LENET} parameters (1 more)"
        ),
        differences=(KeyDifference(key="variable OMP_NUM_THREADS", base="2", new="not set"),),
        notes=("the base is 20 days old: record a new one",),
    )


def inconclusive() -> GateReport:
    """Noise hides the answer."""
    wide = time_verdict(
        state="INCONCLUSIVE",
        ratio=1.03,
        half=0.06,
        reason="anything from 0.970 to 1.090 times as long: too wide for a margin of 2.5%",
    )
    again = time_verdict(
        LENET,
        "NOT_REPRODUCED",
        ratio=1.05,
        half=0.02,
        reason="at least 3.0% slower at first, but 1.001 (0.990 to 1.012) times as long in a second series",
        confirmed=bounds(1.001, 0.011),
        confirmation=series(1.001),
    )
    return make_gate(
        [wide, *counted(RESNET), again, *counted(LENET)],
        code=4,
        conclusion=(
            f"INCONCLUSIVE: 1 of 10 gated metrics is undecided, and 3 margins are not excluded: {RESNET} time"
        ),
    )


def contaminated() -> GateReport:
    """The control changed as well."""
    said = "the control network differs between the arms: 1.090 (1.070 to 1.110)"
    return make_gate(
        [time_verdict(state="CONTAMINATED", ratio=1.09, reason=said), *counted(RESNET)],
        control=control(1.09, 0.02, is_clean=False),
        code=3,
        conclusion=f"NOT ASSERTED: 1 of 5 gated metrics cannot be compared: {RESNET} time ({said})",
    )


def incomparable() -> GateReport:
    """Stored runs of two machines."""
    differences = (
        KeyDifference(key="cpu", base="Test CPU 9000", new="Other CPU"),
        KeyDifference(key="torch", base="2.14.1", new="2.14.2"),
        KeyDifference(key="data", base="c01lc01lc01l", new="", row=RESNET),
    )
    said = "cpu: Test CPU 9000 → Other CPU; torch: 2.14.1 → 2.14.2"
    refused = time_verdict(state="INCOMPARABLE", bounds=None, series=Series(), reason=said)
    return make_gate(
        [refused, *counted(RESNET)],
        mode="stored",
        schedule="",
        base=Source(asked="base.jsonl", commit="1a2b3c4d5e6f7a8b", benchbox="0.1.0", age_days=20.0),
        new=Source(asked="reports/latest-bench", benchbox="0.1.0", age_days=0.0),
        control=None,
        differences=differences,
        code=3,
        conclusion=(
            f"NOT ASSERTED: 1 of 5 gated metrics cannot be compared: {RESNET} time ({said}). "
            "`--metrics exact` gates what is the same everywhere"
        ),
        reproduce="benchbox compare base.jsonl reports/latest-bench",
    )


def stored() -> GateReport:
    """Three processes a side, each relative to its control; the row is twice as slow as it was."""
    base, new = (5.0, 5.1, 4.9), (10.0, 10.2, 9.8)
    seen = Series(
        base=base,
        new=new,
        base_traces=tuple((0.01 * value,) * 6 for value in base),
        new_traces=tuple((0.01 * value,) * 6 for value in new),
    )
    slow = time_verdict(
        state="FAIL",
        base=0.05,
        new=0.1,
        bounds=replace(bounds(2.0, 0.1, count=3), method="Welch's t"),
        reason="at least 90.0% slower",
        series=seen,
    )
    machine = ControlSeen(
        bounds=replace(bounds(1.2, 0.1, count=3), method="Welch's t"),
        floor=0.08,
        is_clean=True,
        series=Series(base=(0.010, 0.0101, 0.0099), new=(0.012, 0.0121, 0.0119)),
    )
    return make_gate(
        [slow, *counted(RESNET)],
        mode="stored",
        schedule="",
        control=machine,
        code=1,
        conclusion="FAIL: 1 of 5 gated metrics is worse, broken or missing",
    )


def nothing() -> GateReport:
    """Neither arm could be read."""
    broken = [
        Verdict(case="", row=arm, metric="", group="exact", state="SKIPPED", reason="left out")
        for arm in ("a", "b")
    ]
    said = "NOTHING GATED: none of 2 verdicts counts, and that is no pass"
    return make_gate(broken, control=None, code=3, conclusion=said)


def every_state() -> GateReport:
    """A row for each state, in the order of their definition."""
    verdicts = [time_verdict(f"row {state.lower()}", state, reason=f"why {state}") for state in STATES]
    return make_gate(verdicts, code=1, conclusion="FAIL: 5 of 11 gated metrics are worse, broken or missing")


def hostile() -> GateReport:
    """Names, reasons and keys that would be markup, commands or control characters where they are shown."""
    return make_gate(
        [
            time_verdict(HOSTILE, "FAIL", ratio=1.1, reason=f"{HOSTILE}\x00"),
            row_verdict(HOSTILE, "NEW", HOSTILE),
        ],
        base=Source(asked=HOSTILE, imported={HOSTILE: HOSTILE}),
        differences=(KeyDifference(key=HOSTILE, base=HOSTILE, new=HOSTILE, row=HOSTILE),),
        notes=(HOSTILE,),
        reproduce=HOSTILE,
        code=1,
        conclusion=f"FAIL: {HOSTILE}",
    )


def many(rows: int) -> GateReport:
    """So many rows with five metrics each, of which every tenth is slower."""
    verdicts = []
    for number in range(rows):
        row = f"network{number} infer b8@128"
        state = "PASS" if number % 10 else "FAIL"
        verdicts += [
            time_verdict(row, state, series=Series(), reason="" if number % 10 else "at least 5.5% slower"),
            *counted(row),
        ]
    return make_gate(verdicts, code=1, conclusion="FAIL: many")


ALL = {
    "passing": passing,
    "failing": failing,
    "inconclusive": inconclusive,
    "contaminated": contaminated,
    "incomparable": incomparable,
    "stored": stored,
    "nothing": nothing,
    "every state": every_state,
    "hostile": hostile,
}
