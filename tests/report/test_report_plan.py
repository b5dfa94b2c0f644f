"""A plan as it is shown before it runs."""

import io

import msgspec
from factories import sample_facts
from msgspec.structs import replace
from rich.console import Console

from benchbox.plan.axes import make_factor
from benchbox.plan.bench import BenchOptions, plan_bench
from benchbox.plan.facts import Ceiling, sized
from benchbox.plan.spec import ModelSpec, Plan, RunSpec
from benchbox.report.grid import print_grid
from benchbox.report.plan import expectation, plan_document, plan_grid

CEILING = Ceiling(device="cpu", precision="bf16", threads=2, flops_per_second=1e11, copy_bytes_per_second=1e10)


def sweep(**wishes: object) -> Plan:
    known = sample_facts()
    known = replace(
        known,
        machine=replace(known.machine, ceilings=(CEILING,)),
        flops={sized("lenet", 128): 10**7, sized("vgg16", 128): 10**10},
        refusals={sized("alexnet", 128): "it needs 256 px"},
    )
    models = [ModelSpec(name=name) for name in ("lenet", "alexnet", "vgg16")]
    factors = [make_factor("batch-size", ["1", "32"])]
    options = BenchOptions(budget=60.0, **wishes)  # type: ignore[arg-type]
    return plan_bench(RunSpec(), models, known, options=options, factors=factors)


def shown(plan: Plan) -> str:
    written = io.StringIO()
    console = Console(width=80, file=written)
    print_grid(console, plan_grid(plan))
    return written.getvalue()


def test_it_says_how_many_runs_and_about_how_long() -> None:
    assert expectation(sweep()).startswith("10 runs of 3 networks, at most about 2 min")


def test_nothing_is_promised_where_nothing_is_known() -> None:
    plan = Plan(command="train", specs=(RunSpec(),), labels=("lenet",), facts=sample_facts())
    assert expectation(plan) == "1 run of 1 network"


def test_every_run_has_a_line_and_a_refused_one_its_reason() -> None:
    text = shown(sweep())
    for label in sweep().labels:
        assert label in text
    assert "cannot run" in text
    assert "it needs 256 px" in text
    assert max(map(len, text.splitlines())) <= 80


def test_lines_stand_in_the_order_in_which_they_run() -> None:
    plan = sweep(processes=2)
    text = shown(plan)
    positions = [text.index(plan.labels[place]) for place in plan.order]
    assert positions == sorted(positions)


def test_the_document_holds_the_same() -> None:
    plan = sweep()
    document = msgspec.json.decode(plan_document(plan))
    assert [run["label"] for run in document["runs"]] == list(plan.labels)
    assert document["seconds"] == sum(run["seconds"] for run in document["runs"])
    assert [run["refusal"] for run in document["runs"] if run["refusal"]] == ["it needs 256 px"] * 2


def test_only_what_remains_is_shown_where_a_report_is_resumed() -> None:
    plan = sweep()
    assert expectation(plan, (0, 3)).startswith("2 runs of 1 network")
    assert len(list(plan_grid(plan, (0, 3)).lines)) == 2
    assert len(msgspec.json.decode(plan_document(plan, ()))["runs"]) == 0
