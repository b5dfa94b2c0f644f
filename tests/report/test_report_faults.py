"""A bench in which one row ran out of memory, one out of time, one is void and one is in doubt must read well."""

from io import StringIO
from pathlib import Path

from factories import failed_record, full_records, sample_plan, with_actual
from rich.console import Console

from benchbox.plan.spec import Plan, Task
from benchbox.records.record import Record
from benchbox.report.joined import Report
from benchbox.report.markdown import markdown
from benchbox.report.show import show
from benchbox.report.tables import result_grids

FOLDER = Path("reports/20261124-100000-bench")
GOLDEN = Path(__file__).parent / "golden"
NOISY = "noisy: the 95 % interval reaches ±6%: a larger --budget or more --processes narrow it"
VOID = "answers are 0.31 off plain fp32 (at most 0.05 in bf16), 75.0 % of the likeliest classes agree"
TOO_LARGE, TOO_SLOW = "needs 3.2 GiB more than there is; lower --batch-size", "over 60 s; raise --timeout"
TIMED: tuple[Task, ...] = ("infer", "train_step")


def _records() -> tuple[Plan, list[Record]]:
    """All that was planned but for the last run, which is still to come."""
    records = full_records(("lenet", "alexnet", "googlenet"))
    noisy, void = _place(records, "lenet", "infer"), _place(records, "alexnet", "train_step")
    records[noisy] = with_actual(records[noisy], doubts=(NOISY,))
    records[void] = with_actual(records[void], void=VOID)
    records += [failed_record("vgg16", task, status="oom", reason=TOO_LARGE) for task in TIMED]
    records += [failed_record("resnet50", task, status="timeout", reason=TOO_SLOW) for task in TIMED]
    plan = sample_plan("bench", records, under=("latency<150ms", "accuracy>=95%"))
    return plan, records[:-1]


def _place(records: list[Record], model: str, task: Task) -> int:
    return [(record.spec.model.name, record.spec.task) for record in records].index((model, task))


def test_the_terminal() -> None:
    out = StringIO()
    show(Console(file=out, width=80), [Report(FOLDER, *_records())])
    said = "\n".join(line.rstrip() for line in out.getvalue().splitlines())
    assert f"{said}\n" == (GOLDEN / "bench-with-faults.txt").read_text(encoding="utf-8")


def test_the_report() -> None:
    plan, records = _records()
    said = markdown(FOLDER, plan, records, grids=result_grids(FOLDER, plan, records), plots=())
    assert said == (GOLDEN / "bench-with-faults.md").read_text(encoding="utf-8")
