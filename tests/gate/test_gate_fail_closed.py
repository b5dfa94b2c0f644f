"""The fail-closed table: what is done to a stored run or an arm, and the state and exit code that it must have.

Whatever is not in the table as 0 must not pass.
"""

import json
from collections.abc import Callable, Iterable
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import pytest
from factories import failed_record, with_actual
from factories_machine import sample_fingerprint
from records import CONTROL, MODELS, TODAY, arm, cell, evaluation, fits, in_turns, judged, peaks, stored

from benchbox.errors import EXIT_INCONCLUSIVE, EXIT_OK, EXIT_REGRESSION, EXIT_UNASSERTED
from benchbox.gate.evidence import load_arm
from benchbox.gate.judge import judge
from benchbox.gate.rules import Rules
from benchbox.gate.verdict import GateReport
from benchbox.plan.spec import PlacementSpec
from benchbox.records.record import Record, Status, encode

PASSES, WORSE, UNASSERTED, OPEN = EXIT_OK, EXIT_REGRESSION, EXIT_UNASSERTED, EXIT_INCONCLUSIVE
Line = dict[str, Any]
Mutation = Callable[[list[Line]], list[Line]]

# Another value for every field of the fingerprint.
OTHER: Line = {
    "cpu": "Other CPU",
    "vector": "AVX2",
    "instructions": ["avx2"],
    "cores": 4,
    "quota": 1.5,
    "memory": 16 * 2**30,
    "device": "mps",
    "gpu": "Other GPU",
    "gpus": 1,
    "gpu_memory": 2**30,
    "driver": "580",
    "cuda": "13.0",
    "cudnn": "91000",
    "torch": "2.15.0",
    "torchvision": "0.30.0",
    "python": "3.12",
    "system": "Linux 7 x86_64",
    "threads": 1,
    "interop_threads": 1,
    "variables": {"OMP_NUM_THREADS": "1"},
    "flags": {"cudnn.allow_tf32": "True", "mkldnn.enabled": "True"},
    "benchbox": "0.2.0",
}
# How a report names the fields that are tables.
NAMED = {
    "instructions": "instructions aes",
    "variables": "variable OMP_NUM_THREADS",
    "flags": "flag cudnn.allow_tf32",
}
# What a workload is, where it lies in a line, another value, and its name.
WORKLOAD: dict[str, tuple[tuple[str, ...], object]] = {
    "data": (("actual", "data_digest"), "0ther"),
    "classes": (("actual", "classes"), ["one", "two"]),
    "split seed": (("spec", "data", "split_seed"), 1),
    "training pictures": (("actual", "train"), 1000),
    "held-out pictures": (("actual", "test"), 100),
    "pictures set aside": (("actual", "validation"), 10),
    "precision": (("actual", "precision"), "fp32"),
    "memory format": (("actual", "memory_format"), "contiguous"),
    "control": (("actual", "control"), "0ther"),
    "measured": (("actual", "in_turns"), True),
    "schema": (("schema",), 3),
}
# Another value for every field of the placement.
PLACEMENT: Line = {
    "device": "cuda:0",
    "precision": "fp32",
    "memory_format": "contiguous",
    "compile": True,
    "fused": False,
    "convolution": "fast",
    "keeps_memory": True,
    "threads": 4,
    "feed": "loader",
    "workers": 4,
    "sync_seconds": 0.0,
}
# Without these a line says nothing of them, and nothing is not the same as something.
UNKNOWN = ("data", "classes", "training pictures", "held-out pictures", "precision", "memory format", "control")


@dataclass(frozen=True, kw_only=True)
class Expected:
    """A state that must be there, the exit code, and words that the report must say somewhere."""

    state: str
    code: int
    says: str = ""


def lines(records: Iterable[Record]) -> list[Line]:
    return [json.loads(encode(record)) for record in records]


def put(line: Line, where: tuple[str, ...], value: object) -> None:
    """Set a value in a line, or drop it where the value is `...`."""
    for name in where[:-1]:
        line = line[name]
    if value is ...:
        del line[where[-1]]
    else:
        line[where[-1]] = value


def everywhere(where: tuple[str, ...], value: object) -> Mutation:
    def mutate(seen: list[Line]) -> list[Line]:
        for line in seen:
            put(line, where, value)
        return seen

    return mutate


def samples(
    change: Callable[[list[Any]], list[Any]], *, metric: str = "sample_seconds", first: bool = False
) -> Mutation:
    """Change the values of a metric, of all lines or of the first alone."""

    def mutate(seen: list[Line]) -> list[Line]:
        for line in seen[:1] if first else seen:
            for measurement in line["measurements"]:
                if measurement["metric"] == metric:
                    measurement["values"] = change(measurement["values"])
        return seen

    return mutate


def scaled(factor: float) -> Mutation:
    return samples(lambda values: [factor * value for value in values])


def without(metric: str) -> Mutation:
    def mutate(seen: list[Line]) -> list[Line]:
        for line in seen:
            line["measurements"] = [each for each in line["measurements"] if each["metric"] != metric]
        return seen

    return mutate


def of(model: str, seen: list[Line]) -> list[Line]:
    return [line for line in seen if line["spec"]["model"]["name"] == model]


def ended(status: Status, reason: str = "") -> Mutation:
    """The last process of the first row ended otherwise."""

    def mutate(seen: list[Line]) -> list[Line]:
        rows = of(MODELS[0], seen)
        rows[-1] |= {"status": status, "reason": reason, "measurements": []}
        return seen

    return mutate


def slower_control(seen: list[Line]) -> list[Line]:
    return samples(lambda values: [1.1 * value for value in values], metric="control_seconds")(seen)


def more_parameters(seen: list[Line]) -> list[Line]:
    return samples(lambda values: [values[0] + 1], metric="parameters")(seen)


def made_again_and_twice(seen: list[Line]) -> list[Line]:
    """A process of the first row failed and was made again; of the second row one is there twice."""
    again, twice = deepcopy(seen[5]), seen[6]
    return [*ended("oom")(seen), again, twice]


def compared(
    tmp_path: Path, new: list[Line] | bytes, *, base: list[Line] | bytes | None = None, **rules: Any
) -> GateReport:
    """Two journals of which the second is that of a second, equal measurement, with what was done to it."""
    paths = tmp_path / "base.jsonl", tmp_path / "new.jsonl"
    for path, content in zip(paths, (lines(stored()) if base is None else base, new), strict=True):
        written = content if isinstance(content, bytes) else b"".join(_line(line) for line in content)
        path.write_bytes(written)
    arms = [load_arm(path, today=TODAY) for path in paths]
    return judge(*arms, rules=Rules(today=TODAY, **rules), mode="stored")


def _line(line: Line) -> bytes:
    return json.dumps(line).encode() + b"\n"


def check(report: GateReport, expected: Expected) -> None:
    seen = [(verdict.row, verdict.metric, verdict.state, verdict.reason) for verdict in report.verdicts]
    assert report.code == expected.code, (report.conclusion, seen)
    assert expected.state in {verdict.state for verdict in report.verdicts} | {""}, seen
    told = " ".join([report.conclusion, *report.notes, *map(str, report.differences), *map(str, report.verdicts)])
    assert expected.says in told, told
    assert msgspec.json.decode(msgspec.json.encode(report), type=GateReport) == report


IDENTITY: Mutation = list
STORED: dict[str, tuple[Mutation, Expected]] = {
    "nothing": (IDENTITY, Expected(state="PASS", code=PASSES)),
    "memory within 1 %": (
        everywhere(("fingerprint", "memory"), int(8.04 * 2**30)),
        Expected(state="PASS", code=PASSES),
    ),
    "another CPU": (
        everywhere(("fingerprint", "cpu"), "Other CPU"),
        Expected(state="INCOMPARABLE", code=UNASSERTED, says="cpu: Test CPU 9000 → Other CPU"),
    ),
    "no fingerprint": (
        everywhere(("fingerprint",), None),
        Expected(state="INCOMPARABLE", code=UNASSERTED, says="unknown"),
    ),
    "another schema, unknown": (
        everywhere(("schema",), 99),
        Expected(state="INCOMPARABLE", code=UNASSERTED, says="schema 99"),
    ),
    "a schema that is no number": (
        everywhere(("schema",), "four"),
        Expected(state="INCOMPARABLE", code=UNASSERTED, says="line 1"),
    ),
    "no schema": (everywhere(("schema",), ...), Expected(state="INCOMPARABLE", code=UNASSERTED, says="line 1")),
    "a row removed": (lambda seen: of("alexnet", seen), Expected(state="MISSING", code=WORSE, says="lenet")),
    "a row added": (
        lambda seen: seen + lines(stored(("vgg16",))),
        Expected(state="NEW", code=PASSES, says="vgg16"),
    ),
    "a row renamed": (
        lambda seen: of("alexnet", seen) + lines(stored(("vgg16",))),
        Expected(state="MISSING", code=WORSE, says="lenet"),
    ),
    "a row twice": (
        lambda seen: seen + of("lenet", seen),
        Expected(state="INCOMPARABLE", code=UNASSERTED, says="two records of process 0"),
    ),
    "a process twice, beside one that was made again": (
        made_again_and_twice,
        Expected(state="INCOMPARABLE", code=UNASSERTED, says="two records of process 0"),
    ),
    "a process twice, with another limit": (
        lambda seen: seen + everywhere(("spec", "timing", "seconds"), 5.0)(lines(stored(("lenet",)))[:1]),
        Expected(state="INCOMPARABLE", code=UNASSERTED, says="two records of process 0"),
    ),
    "null": (
        samples(lambda values: [None, *values], first=True),
        Expected(state="ERROR", code=WORSE, says="not a finite number"),
    ),
    "NaN": (
        samples(lambda values: [float("nan"), *values], first=True),
        Expected(state="ERROR", code=WORSE, says="not a finite number"),
    ),
    "all NaN": (
        samples(lambda values: [float("nan") for _ in values]),
        Expected(state="ERROR", code=WORSE, says="not a finite number"),
    ),
    "infinite": (
        samples(lambda values: [float("inf"), *values], first=True),
        Expected(state="ERROR", code=WORSE, says="not a finite number"),
    ),
    "a text": (
        samples(lambda values: ["0.1", *values], first=True),
        Expected(state="ERROR", code=WORSE, says="not a finite number"),
    ),
    "no values": (
        samples(lambda values: [], first=True),
        Expected(state="ERROR", code=WORSE, says="values of sample_seconds"),
    ),
    "zero": (
        samples(lambda values: [0.0, *values[1:]], first=True),
        Expected(state="ERROR", code=WORSE, says="no time"),
    ),
    "negative": (
        samples(lambda values: [-value for value in values], first=True),
        Expected(state="ERROR", code=WORSE, says="no time"),
    ),
    "a control of zero": (
        samples(lambda values: [0.0], metric="control_seconds"),
        Expected(state="ERROR", code=WORSE, says="no time"),
    ),
    "negative memory": (
        samples(lambda values: [-1.0], metric="peak_memory"),
        Expected(state="ERROR", code=WORSE, says="no number of bytes"),
    ),
    "half a parameter": (
        samples(lambda values: [values[0] + 0.5], metric="parameters"),
        Expected(state="ERROR", code=WORSE, says="no count"),
    ),
    "constant": (
        samples(lambda values: [values[0] for _ in values]),
        Expected(state="IMPLAUSIBLE", code=WORSE, says="equal to the last digit"),
    ),
    "no times": (without("sample_seconds"), Expected(state="MISSING", code=WORSE, says="sample_seconds")),
    "no control": (
        without("control_seconds"),
        Expected(state="INCOMPARABLE", code=UNASSERTED, says="`--metrics exact` gates"),
    ),
    "no memory": (without("peak_memory"), Expected(state="INCOMPARABLE", code=UNASSERTED, says="peak_memory")),
    "no parameters": (without("parameters"), Expected(state="MISSING", code=WORSE, says="parameters")),
    "a collapse": (scaled(0.03), Expected(state="IMPROVED", code=PASSES)),
    "a collapse whose answers were not compared": (
        lambda seen: scaled(0.03)(without("parity_error")(seen)),
        Expected(state="IMPLAUSIBLE", code=WORSE, says="not compared"),
    ),
    "a collapse whose answers are void": (
        lambda seen: scaled(0.03)(everywhere(("actual", "void"), "all answers are one class")(seen)),
        Expected(state="ERROR", code=WORSE, says="all answers are one class"),
    ),
    "void answers": (
        everywhere(("actual", "void"), "its answers are no numbers"),
        Expected(state="ERROR", code=WORSE, says="no numbers"),
    ),
    "10 % slower": (scaled(1.1), Expected(state="FAIL", code=WORSE, says="slower")),
    "10 % faster": (scaled(1 / 1.1), Expected(state="IMPROVED", code=PASSES)),
    "a machine that is 10 % slower": (
        lambda seen: scaled(1.1)(slower_control(seen)),
        Expected(state="PASS", code=PASSES),
    ),
    "a control alone that is 10 % slower": (
        slower_control,
        Expected(state="IMPROVED", code=PASSES),
    ),
    "a parameter more": (more_parameters, Expected(state="FAIL", code=WORSE, says="1 more")),
    "a parameter fewer": (
        samples(lambda values: [values[0] - 1], metric="parameters"),
        Expected(state="IMPROVED", code=PASSES, says="record a new baseline"),
    ),
    "a parameter more in one process": (
        samples(lambda values: [values[0] + 1], metric="parameters", first=True),
        Expected(state="NONDETERMINISTIC", code=WORSE),
    ),
    "10 % more memory": (
        samples(lambda values: [1.1 * values[0]], metric="peak_memory"),
        Expected(state="FAIL", code=WORSE, says="MiB more"),
    ),
    "one process": (
        lambda seen: [line for line in seen if line["spec"]["repeat"] == 0],
        Expected(state="INCONCLUSIVE", code=OPEN, says="says nothing"),
    ),
    "fewer processes": (
        lambda seen: [line for line in seen if line["spec"]["repeat"] < 4],
        Expected(state="PASS", code=PASSES),
    ),
    "a process of another machine": (
        lambda seen: [*everywhere(("fingerprint", "torch"), "2.15.0")(seen[:1]), *seen[1:]],
        Expected(state="INCOMPARABLE", code=UNASSERTED, says="2.15.0 and 2.14.1"),
    ),
    "no batch size": (
        everywhere(("spec", "fit", "batch_size"), None),
        Expected(state="INCOMPARABLE", code=UNASSERTED, says="fit.batch_size is null"),
    ),
    "another machine with more threads": (
        lambda seen: everywhere(("fingerprint", "threads"), 4)(
            everywhere(("spec", "placement", "threads"), 4)(seen)
        ),
        Expected(state="INCOMPARABLE", code=UNASSERTED, says="threads: 2 → 4"),
    ),
    "made tomorrow": (
        everywhere(("started",), "2026-11-25T10:00:00+00:00"),
        Expected(state="PASS", code=PASSES, says="new was made 1 day after today"),
    ),
    "killed": (
        ended("crashed", "the process ended with SIGKILL"),
        Expected(state="ERROR", code=WORSE, says="SIGKILL"),
    ),
    "out of memory": (ended("oom", "CUDA out of memory"), Expected(state="ERROR", code=WORSE, says="oom")),
    "timed out": (ended("timeout", "no answer in 60 s"), Expected(state="ERROR", code=WORSE, says="timeout")),
    "not a number": (ended("nan", "the loss is nan"), Expected(state="ERROR", code=WORSE, says="nan")),
    "interrupted": (ended("interrupted"), Expected(state="ERROR", code=WORSE, says="interrupted")),
    "unsupported": (ended("unsupported"), Expected(state="ERROR", code=WORSE, says="unsupported")),
    "skipped": (
        lambda seen: of("alexnet", seen) + ended("skipped", "too little time")(of("lenet", seen)[:1]),
        Expected(state="MISSING", code=WORSE, says="too little time"),
    ),
}


@pytest.mark.parametrize("name", STORED)
def test_what_is_done_to_a_stored_run_has_its_documented_state_and_code(tmp_path: Path, name: str) -> None:
    mutate, expected = STORED[name]
    check(compared(tmp_path, mutate(lines(stored(seed=1)))), expected)


@pytest.mark.parametrize("field", OTHER)
def test_each_hard_key_that_differs_is_refused_by_its_name(tmp_path: Path, field: str) -> None:
    new = everywhere(("fingerprint", field), OTHER[field])(lines(stored(seed=1)))
    report = compared(tmp_path, new)
    check(report, Expected(state="INCOMPARABLE", code=UNASSERTED))
    assert NAMED.get(field, field) in {difference.key for difference in report.differences}


@pytest.mark.parametrize("field", OTHER)
def test_each_hard_key_that_is_dropped_is_refused_by_its_name(tmp_path: Path, field: str) -> None:
    new = everywhere(("fingerprint", field), ...)(lines(stored(seed=1)))
    check(compared(tmp_path, new), Expected(state="INCOMPARABLE", code=UNASSERTED, says=f"`{field}`"))


@pytest.mark.parametrize("field", ["cpu", "vector", "cores", "memory", "torch", "python", "system", "threads"])
def test_what_is_unknown_in_both_arms_is_not_the_same(tmp_path: Path, field: str) -> None:
    unknown = type(OTHER[field])()
    base, new = (everywhere(("fingerprint", field), unknown)(lines(stored(seed=seed))) for seed in (0, 1))
    report = compared(tmp_path, new, base=base)
    check(report, Expected(state="INCOMPARABLE", code=UNASSERTED, says=f"{field}: unknown → unknown"))


@pytest.mark.parametrize("name", WORKLOAD)
def test_another_workload_is_refused_by_its_name(tmp_path: Path, name: str) -> None:
    where, value = WORKLOAD[name]
    report = compared(tmp_path, everywhere(where, value)(lines(stored(seed=1))))
    check(report, Expected(state="INCOMPARABLE", code=UNASSERTED))
    assert name in {difference.key for difference in report.differences}


@pytest.mark.parametrize("name", UNKNOWN)
def test_a_workload_that_is_not_told_is_refused_by_its_name(tmp_path: Path, name: str) -> None:
    where, _ = WORKLOAD[name]
    report = compared(tmp_path, everywhere(where, ...)(lines(stored(seed=1))))
    check(report, Expected(state="INCOMPARABLE", code=UNASSERTED))
    assert name in {difference.key for difference in report.differences}


@pytest.mark.parametrize("field", PlacementSpec.__struct_fields__)
def test_another_place_or_form_is_refused_by_its_name_and_counts_are_judged(tmp_path: Path, field: str) -> None:
    new = everywhere(("spec", "placement", field), PLACEMENT[field])(lines(stored(seed=1)))
    report = compared(tmp_path, new)
    check(report, Expected(state="INCOMPARABLE", code=UNASSERTED))
    assert field.replace("_", " ") in {difference.key for difference in report.differences}
    assert {seen.state for seen in report.verdicts if seen.group in ("time", "memory")} == {"INCOMPARABLE"}
    assert compared(tmp_path, new, groups=("exact",)).code == PASSES
    assert compared(tmp_path, more_parameters(new), groups=("exact",)).code == WORSE


FILES: dict[str, tuple[bytes, str]] = {
    "an empty file": (b"", "is empty"),
    "blank lines": (b"\n\n", "is empty"),
    "no journal": (b"<html></html>\n", "line 1"),
    "bytes of no text": (b"\xff\xfe\x00\n", "line 1"),
    "a list": (b"[1, 2, 3]\n", "line 1"),
    "a line that was cut off": (encode(stored()[0])[:300], "line 1"),
    "brackets without end": (b"[" * 100_000, "line 1"),
}


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("side", ["base", "new"])
def test_a_file_that_is_no_journal_asserts_nothing(tmp_path: Path, name: str, side: str) -> None:
    content, words = FILES[name]
    good = lines(stored())
    report = compared(tmp_path, good, base=content) if side == "base" else compared(tmp_path, content)
    check(report, Expected(state="INCOMPARABLE", code=UNASSERTED, says=words))


@pytest.mark.parametrize("side", ["base", "new"])
def test_a_file_that_is_not_there_asserts_nothing(tmp_path: Path, side: str) -> None:
    there, missing = arm(stored()), load_arm(tmp_path / "none.jsonl")
    arms = (missing, there) if side == "base" else (there, missing)
    report = judge(*arms, rules=Rules(today=TODAY), mode="stored")
    check(report, Expected(state="INCOMPARABLE", code=UNASSERTED, says="no records at"))


@pytest.mark.parametrize("cut", [1, 100, 2000])
@pytest.mark.parametrize("side", ["base", "new"])
def test_a_journal_whose_last_line_was_cut_off_does_not_pass(tmp_path: Path, cut: int, side: str) -> None:
    whole = b"".join(_line(line) for line in lines(stored()))
    torn = whole[: -1 - cut]
    report = compared(tmp_path, whole, base=torn) if side == "base" else compared(tmp_path, torn)
    check(report, Expected(state="INCOMPARABLE", code=UNASSERTED, says="line 12"))


def test_a_damaged_line_hides_no_regression_of_the_others(tmp_path: Path) -> None:
    new = b"".join(_line(line) for line in scaled(1.1)(lines(stored(seed=1)))) + b"damage\n"
    check(compared(tmp_path, new), Expected(state="FAIL", code=WORSE))


@pytest.mark.parametrize("name", ["null", "zero", "negative", "NaN", "half a parameter", "a row twice"])
def test_a_base_that_is_broken_is_no_regression_of_new(tmp_path: Path, name: str) -> None:
    base = STORED[name][0](lines(stored()))
    check(compared(tmp_path, lines(stored(seed=1)), base=base), Expected(state="INCOMPARABLE", code=UNASSERTED))


def test_what_failed_in_both_is_not_asserted(tmp_path: Path) -> None:
    base, new = (ended("oom")(lines(stored(seed=seed))) for seed in (0, 1))
    check(
        compared(tmp_path, new, base=base), Expected(state="INCOMPARABLE", code=UNASSERTED, says="failed in both")
    )


def test_one_row_more_than_a_base_without_it_is_listed_and_does_not_count(tmp_path: Path) -> None:
    base = of("alexnet", lines(stored())) + lines([failed_record("lenet", "infer")])
    check(compared(tmp_path, lines(stored(seed=1)), base=base), Expected(state="NEW", code=PASSES, says="SIGKILL"))


def test_new_rows_alone_are_no_pass(tmp_path: Path) -> None:
    report = compared(tmp_path, lines(stored(("vgg16",))), removed=("lenet*", "alexnet*"))
    check(report, Expected(state="SKIPPED", code=UNASSERTED, says="NOTHING GATED"))


def test_rows_that_were_all_left_out_are_no_pass(tmp_path: Path) -> None:
    report = compared(tmp_path, lines(stored(seed=1)), skipped=("*",))
    check(report, Expected(state="SKIPPED", code=UNASSERTED, says="NOTHING GATED"))


@pytest.mark.parametrize(
    ("groups", "code"), [(("exact",), PASSES), (("time",), UNASSERTED), (("memory",), UNASSERTED)]
)
def test_on_another_machine_counts_alone_are_asserted(tmp_path: Path, groups: tuple[str, ...], code: int) -> None:
    new = everywhere(("fingerprint", "cpu"), "Other CPU")(lines(stored(seed=1)))
    assert compared(tmp_path, new, groups=groups).code == code


@pytest.mark.parametrize("group", ["time", "memory", "accuracy"])
def test_a_group_that_was_asked_for_and_that_the_base_has_not_is_not_asserted(tmp_path: Path, group: str) -> None:
    bare = without("peak_memory")(without("sample_seconds")(lines(stored(("lenet",), processes=1))))
    report = compared(tmp_path, bare, base=bare, groups=("exact", group), chosen=("exact", group))
    check(report, Expected(state="INCOMPARABLE", code=UNASSERTED, says="asked for"))
    assert compared(tmp_path, bare, base=bare).code == PASSES


@pytest.mark.parametrize("base", [evaluation([True] * 10), failed_record("lenet", "evaluate")])
def test_a_group_that_was_asked_for_is_not_met_by_a_row_that_does_not_count(base: Record) -> None:
    new = evaluation([True] * 10)
    asked, skipped = ("exact", "accuracy"), ("*evaluate*",) if base.status == "ok" else ()
    arms = [*stored(), base], [*stored(), new]
    report = judged(*arms, mode="stored", groups=asked, chosen=asked, skipped=skipped)
    check(report, Expected(state="INCOMPARABLE", code=UNASSERTED, says="asked for"))


def test_groups_that_nobody_chose_are_not_asked_of_rows_that_cannot_have_them() -> None:
    same, groups = [evaluation([True] * 10)], ("exact", "time", "accuracy")
    assert judged(same, same, mode="stored", groups=groups).code == PASSES
    assert judged(same, same, mode="stored", groups=groups, chosen=groups).code == UNASSERTED


def test_a_run_compared_with_itself_passes(tmp_path: Path) -> None:
    report = compared(tmp_path, lines(stored()))
    check(report, Expected(state="PASS", code=PASSES, says="self-comparison"))
    assert report.is_self


def test_a_run_of_one_process_without_control_or_fingerprint_passes_against_itself(tmp_path: Path) -> None:
    old = without("control_seconds")(everywhere(("fingerprint",), None)(lines(stored(processes=1))))
    check(compared(tmp_path, old, base=old), Expected(state="PASS", code=PASSES))


def test_the_two_journals_the_other_way_round_are_what_they_are_called(tmp_path: Path) -> None:
    slow = scaled(1.1)(lines(stored(seed=1)))
    check(compared(tmp_path, lines(stored()), base=slow), Expected(state="IMPROVED", code=PASSES))


Arms = tuple[list[Record], list[Record]]
HERE: dict[str, tuple[Callable[[], Arms], Expected]] = {
    "nothing": (in_turns, Expected(state="PASS", code=PASSES)),
    "10 % slower in every block": (lambda: in_turns(slower=1.1), Expected(state="FAIL", code=WORSE)),
    "10 % faster": (lambda: in_turns(slower=1 / 1.1), Expected(state="IMPROVED", code=PASSES)),
    "swapped arms": (lambda: in_turns(slower=1.1)[::-1], Expected(state="IMPROVED", code=PASSES)),
    "one pair": (lambda: in_turns(pairs=1), Expected(state="INCONCLUSIVE", code=OPEN)),
    "no pairs": (lambda: ([], []), Expected(state="", code=UNASSERTED, says="NOTHING GATED")),
    "pairs of one arm alone": (
        lambda: (in_turns(pairs=10)[0], in_turns(pairs=8)[1]),
        Expected(state="PASS", code=PASSES, says="left out"),
    ),
    "a control that is 10 % slower": (
        lambda: in_turns(control=1.1),
        Expected(state="CONTAMINATED", code=UNASSERTED, says="control"),
    ),
    "all 10 % slower, the control too": (
        lambda: in_turns(slower=1.1, control=1.1),
        Expected(state="CONTAMINATED", code=UNASSERTED),
    ),
    "much noise": (lambda: in_turns(noise=0.25), Expected(state="INCONCLUSIVE", code=OPEN)),
    "a little too much noise": (
        lambda: in_turns(noise=0.03),
        Expected(state="INCONCLUSIVE", code=PASSES, says="noise floor"),
    ),
    "no control": (lambda: in_turns_changed(control=""), Expected(state="INCOMPARABLE", code=UNASSERTED)),
    "another control": (lambda: in_turns_changed(control="0ther"), Expected(state="INCOMPARABLE", code=UNASSERTED)),
    "fewer threads": (
        lambda: in_turns_changed(fingerprint={"threads": 1}),
        Expected(state="INCOMPARABLE", code=UNASSERTED, says="threads: 2 → 1"),
    ),
    "another release of benchbox": (
        lambda: in_turns_changed(fingerprint={"benchbox": "0.2.0"}),
        Expected(state="PASS", code=PASSES),
    ),
    "a crash in one pair": (
        lambda: (in_turns()[0], [failed_record("lenet", "infer", repeat=7), *in_turns(pairs=7)[1]]),
        Expected(state="ERROR", code=WORSE, says="1 of 8 processes"),
    ),
    "a crash of the base in one pair": (
        lambda: ([failed_record("lenet", "infer", repeat=7), *in_turns(pairs=7)[0]], in_turns()[1]),
        Expected(state="PASS", code=PASSES, says="failed processes of the base"),
    ),
}


def in_turns_changed(*, control: str = CONTROL, fingerprint: Line | None = None) -> Arms:
    base, new = in_turns()
    seen = sample_fingerprint(**(fingerprint or {}))
    changed = [msgspec.structs.replace(with_actual(record, control=control), fingerprint=seen) for record in new]
    return base, changed


@pytest.mark.parametrize("name", HERE)
def test_what_is_done_to_arms_that_take_turns_has_its_documented_state_and_code(name: str) -> None:
    arms, expected = HERE[name]
    check(judged(*arms()), expected)


def test_an_evaluation_or_a_fit_alone_is_gated_by_its_accuracy() -> None:
    same = [0.9, 0.91, 0.92, 0.9, 0.91]
    worse = [top1 - 0.1 + 0.001 * seed for seed, top1 in enumerate(same)]
    assert judged(fits(same), fits([*same[1:], 0.9]), mode="stored", groups=("accuracy",)).code == PASSES
    assert judged(fits(same), fits(worse), mode="stored", groups=("accuracy",)).code == WORSE
    assert judged(fits(same[:1]), fits(worse[:1]), mode="stored", groups=("accuracy",)).code == OPEN


def test_a_gate_of_memory_alone_needs_processes_of_their_own() -> None:
    base, new = in_turns()
    assert judged(base, new, groups=("memory",)).code == UNASSERTED
    few = peaks([2**28] * 3)
    assert judged([*base, *few], [*new, *few], groups=("memory",)).code == UNASSERTED
    assert (
        judged([*base, *few, *peaks([2**28] * 3, "alexnet")], [*new, *few, *peaks([2**28] * 3, "alexnet")]).code
        == 0
    )


def test_a_cell_without_any_number_is_not_asserted() -> None:
    bare = msgspec.structs.replace(cell(), measurements=())
    assert judged([bare], [bare]).code == UNASSERTED
