"""Two stored runs compared: what `benchbox compare BASE NEW` and `benchbox bench --baseline BASE` do.

Imported when it is needed: the judge takes scipy, which --help must not wait for.
"""

import shlex
from collections.abc import Iterable, Sequence
from pathlib import Path

from rich.console import Console

from benchbox.cli.gate_options import parse_today
from benchbox.cli.gate_output import first_code, show_gate, tell_github, write_gate
from benchbox.cli.gate_rules import leave_out
from benchbox.cli.output import Output
from benchbox.gate.declared import declared_cases, find_declared, is_count, unasked_cases
from benchbox.gate.evidence import Arm, load_arm
from benchbox.gate.judge import judge
from benchbox.gate.naming import names_of
from benchbox.gate.settings import ALL, Settings, make_rules, read_settings
from benchbox.gate.verdict import GateReport
from benchbox.plan.spec import RunSpec, case


def compare_stored(
    base: Path, new: Path, *, settings: Settings, globs: Sequence[str] = (), today: str, reproduce: str = ""
) -> GateReport:
    """The verdicts on two journals or report folders. A file that is missing or damaged is a verdict, too."""
    arms = load_arm(base, today=today), load_arm(new, today=today)
    of_base, of_new = map(_specs, arms)
    found = find_declared(settings.rows, {**of_new, **of_base}.values(), counts=_counts(arms))
    declared = declared_cases(found) if settings.rows else None
    # Each arm's own: a row that ran in another place is called the same in both.
    names = names_of(of_new) | names_of(of_base)
    rules = make_rules(settings, names, declared=declared, globs=globs, today=today)
    rules, notes = leave_out(rules, unasked_cases(found, settings.metrics or ALL))
    return judge(*arms, rules=rules, mode="stored", reproduce=reproduce, notes=notes)


def _specs(arm: Arm) -> dict[str, RunSpec]:
    """The runs that an arm has by case, those with broken records among them."""
    broken = (fault.spec for fault in arm.faults if fault.spec is not None)
    return {case(spec): spec for spec in (*broken, *(record.spec for record in arm.records))}


def _counts(arms: Iterable[Arm]) -> set[str]:
    """The cases of the runs whose networks were only counted."""
    return {case(record.spec) for arm in arms for record in arm.records if is_count(record)}


def compare_report(baseline: Path, folder: Path, output: Output, *, code: int) -> int:
    """Compare a report that was just made with a baseline, by the settings of this folder.

    Its own exit code is `code`; the one that counts of both is returned. The answer is kept in the report. With
    --json it is shown on stderr, since stdout holds one document already.
    """
    reproduce = shlex.join(["benchbox", "compare", str(baseline), str(folder)])
    report = compare_stored(
        baseline, folder, settings=read_settings(), today=parse_today(None), reproduce=reproduce
    )
    write_gate(report, folder, {})
    if output.json:
        from benchbox.report.gate_table import print_gate

        print_gate(Console(stderr=True), report)
    else:
        show_gate(report, output)
    tell_github(report, output)
    return first_code(code, report.code)
