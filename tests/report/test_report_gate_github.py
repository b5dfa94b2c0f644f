"""What a gate tells GitHub: summary under its cap, outputs that no value breaks out of, annotations."""

from pathlib import Path

import gates
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchbox.errors import StorageError
from benchbox.gate.verdict import GateReport, Source
from benchbox.report.gate_github import MOST_ANNOTATIONS, annotations, append_outputs, append_summary, github
from benchbox.report.gate_markdown import SUMMARY_LIMIT, markdown


def _outputs(path: Path) -> dict[str, str]:
    """The file as GitHub reads it: NAME<<DELIMITER, the value, the delimiter on a line of its own."""
    lines = iter(path.read_text(encoding="utf-8").split("\n"))
    found = {}
    for line in lines:
        if not line:
            continue
        name, delimiter = line.split("<<")
        value = []
        while (part := next(lines)) != delimiter:
            value.append(part)
        found[name] = "\n".join(value)
    return found


@pytest.mark.parametrize(
    ("report", "verdict", "rows"),
    [
        (gates.passing(), "pass", ""),
        (gates.failing(), "regression", f"{gates.RESNET}\n{gates.LENET}"),
        (gates.inconclusive(), "inconclusive", ""),
        (gates.contaminated(), "unasserted", ""),
    ],
)
def test_the_steps_that_follow_can_read_the_verdict(
    tmp_path: Path, report: GateReport, verdict: str, rows: str
) -> None:
    append_outputs(tmp_path / "output", report)
    assert _outputs(tmp_path / "output") == {
        "verdict": verdict,
        "exit_code": str(report.code),
        "failed_rows": rows,
    }


@given(row=st.text(max_size=60) | st.just("a\nend_of_value\nverdict=pass\nend_of_value_"))
def test_no_name_of_a_row_becomes_an_output(row: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("outputs") / "output"
    clean = "".join(sign if sign.isprintable() else " " for sign in row)
    append_outputs(path, gates.make_gate([gates.time_verdict(clean, "FAIL")], code=1))
    append_outputs(path, gates.make_gate([gates.time_verdict(row.replace("\r", ""), "FAIL")], code=1))
    assert list(_outputs(path)) == ["verdict", "exit_code", "failed_rows"]
    assert _outputs(path)["verdict"] == "regression"


def test_outputs_are_added_below_those_of_others(tmp_path: Path) -> None:
    path = tmp_path / "output"
    path.write_text("other<<x\n1\nx\n")
    append_outputs(path, gates.passing())
    assert list(_outputs(path)) == ["other", "verdict", "exit_code", "failed_rows"]


def test_the_summary_is_the_markdown_below_that_of_others(tmp_path: Path) -> None:
    path = tmp_path / "summary"
    path.write_text("# Tests\n")
    append_summary(path, gates.failing())
    assert path.read_text(encoding="utf-8") == f"# Tests\n\n{markdown(gates.failing())}"


@pytest.mark.parametrize("written", [0, 1000, SUMMARY_LIMIT - 3000, SUMMARY_LIMIT, SUMMARY_LIMIT + 5])
def test_a_summary_never_passes_the_cap_with_what_was_there(tmp_path: Path, written: int) -> None:
    path = tmp_path / "summary"
    path.write_bytes(b"x" * written)
    append_summary(path, gates.many(2400))
    assert path.stat().st_size <= max(SUMMARY_LIMIT, written + 1)


def test_failures_are_errors_and_the_undecided_warnings() -> None:
    first, second, third = annotations(gates.failing())
    assert first == (
        "::error title=benchbox compare%3A FAIL,file=models/resnet.py::resnet50 infer b8@128, time: FAIL: at least "
        "5.5%25 slower, and at least 5.1%25 in a second series; second series 1.064× (1.051–1.077) over 6 pairs"
    )
    assert second.startswith("::error title=benchbox compare%3A FAIL::lenet infer b8@128, parameters")
    assert third.startswith("::warning title=benchbox compare%3A INCONCLUSIVE::")


def test_a_pass_has_no_annotation() -> None:
    assert annotations(gates.passing()) == ()


def test_a_gate_of_nothing_is_annotated() -> None:
    (line,) = annotations(gates.nothing())
    assert line.startswith("::error title=benchbox compare::NOTHING GATED")


def test_many_failures_end_in_how_many_more_there_are() -> None:
    lines = annotations(gates.many(300))
    assert len(lines) == MOST_ANNOTATIONS
    assert lines[-1] == f"::error title=benchbox compare::and {30 - MOST_ANNOTATIONS + 1} more: see the summary"


def test_no_name_begins_a_command_of_its_own() -> None:
    lines = annotations(gates.hostile())
    assert all("\n" not in line and "\r" not in line for line in lines)
    assert len(lines) == 1


@pytest.mark.parametrize("path", ["/usr/lib/resnet.py", "../other/resnet.py"])
def test_a_file_outside_of_the_repository_is_not_annotated(path: str) -> None:
    report = gates.make_gate([gates.time_verdict(state="FAIL")], code=1)
    source = Source(asked=".", imported={gates.RESNET: path})
    (line,) = annotations(gates.make_gate(report.verdicts, new=source, code=1))
    assert "file=" not in line


def test_only_the_files_that_github_named_are_written(tmp_path: Path) -> None:
    summary, output = tmp_path / "summary", tmp_path / "output"
    assert github(gates.failing(), summary=None, output=None) == annotations(gates.failing())
    assert list(tmp_path.iterdir()) == []
    github(gates.failing(), summary=summary, output=output)
    assert summary.exists()
    assert output.exists()


def test_a_file_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="cannot write"):
        github(gates.passing(), summary=tmp_path, output=None)
