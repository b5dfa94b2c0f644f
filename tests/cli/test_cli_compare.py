"""`benchbox compare` as a user types it: codes, files, what is refused, and two commits that are measured here."""

import json
import re
import subprocess
from pathlib import Path

import pytest
from commandline import CommandLine, Outcome
from journals import stored, write

from benchbox.gate.verdict import decode_report
from benchbox.records.journal import read_journal

TODAY = ("--today", "2026-11-24")


@pytest.fixture
def type_(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> CommandLine:
    for name in ("GITHUB_STEP_SUMMARY", "GITHUB_OUTPUT", "GITHUB_ACTIONS"):
        monkeypatch.delenv(name, raising=False)
    write(tmp_path / "base.jsonl", stored())
    write(tmp_path / "same.jsonl", stored(seed=1))
    write(tmp_path / "slower.jsonl", stored(seed=1, slower=1.10))
    return CommandLine(tmp_path, monkeypatch, capfd)


def compare(type_: CommandLine, *words: str | Path) -> Outcome:
    return type_("compare", *words, *TODAY)


def latest(type_: CommandLine) -> Path:
    return (type_.folder / "reports" / "latest-compare").resolve()


def test_a_run_and_itself_pass(type_: CommandLine) -> None:
    outcome = compare(type_, "base.jsonl", "base.jsonl")
    assert outcome.code == 0, outcome
    assert "self-comparison" in outcome.out
    assert "exit code 0" in outcome.out


def test_two_runs_of_the_same_code_pass(type_: CommandLine) -> None:
    assert compare(type_, "base.jsonl", "same.jsonl").code == 0


def test_what_is_slower_fails_and_is_named(type_: CommandLine) -> None:
    outcome = compare(type_, "base.jsonl", "slower.jsonl")
    assert outcome.code == 1
    assert "lenet infer b8@128" in outcome.out
    assert "FAIL" in outcome.out


def test_a_parameter_more_fails(type_: CommandLine) -> None:
    write(type_.folder / "more.jsonl", stored(more={"parameters": 73_451}))
    outcome = compare(type_, "base.jsonl", "more.jsonl", "--metrics", "exact", "--rows", "lenet*")
    assert outcome.code == 1
    assert "parameters" in outcome.out


def test_another_machine_is_incomparable_but_for_what_is_exact(type_: CommandLine) -> None:
    write(type_.folder / "other.jsonl", stored(seed=1, fingerprint={"cpu": "Another CPU"}))
    outcome = compare(type_, "base.jsonl", "other.jsonl")
    assert outcome.code == 3
    assert "cpu" in outcome.out
    assert "--metrics exact" in outcome.out
    assert compare(type_, "base.jsonl", "other.jsonl", "--metrics", "exact").code == 0


def test_a_row_that_is_gone_fails_unless_it_was_removed(type_: CommandLine) -> None:
    write(type_.folder / "fewer.jsonl", stored(["lenet"], seed=1))
    assert compare(type_, "base.jsonl", "fewer.jsonl").code == 1
    (type_.folder / "benchbox.toml").write_text('[gate]\nremoved = ["alexnet *"]\n')
    assert compare(type_, "base.jsonl", "fewer.jsonl").code == 0


@pytest.mark.parametrize("name", ["empty.jsonl", "nowhere.jsonl"])
def test_no_records_are_no_pass(type_: CommandLine, name: str) -> None:
    (type_.folder / "empty.jsonl").write_bytes(b"")
    for words in (("base.jsonl", name), (name, "base.jsonl"), (name, name)):
        outcome = compare(type_, *words)
        assert outcome.code == 3, words
        assert name in outcome.out


def test_a_nan_fails(type_: CommandLine) -> None:
    content = (type_.folder / "same.jsonl").read_text()
    (type_.folder / "nan.jsonl").write_text(
        re.sub(r'("sample_seconds","values":\[)[0-9.]+', r"\1NaN", content, count=1)
    )
    assert compare(type_, "base.jsonl", "nan.jsonl").code == 1


def test_the_report_holds_every_form_and_does_not_stand_where_a_plan_is_looked_for(type_: CommandLine) -> None:
    compare(type_, "base.jsonl", "slower.jsonl")
    assert sorted(path.name for path in latest(type_).iterdir()) == [
        "gate.html",
        "gate.json",
        "gate.md",
        "gate.xml",
    ]
    assert not (type_.folder / "reports" / "latest").exists()
    report = decode_report((latest(type_) / "gate.json").read_bytes())
    assert (report.code, report.today, report.mode) == (1, "2026-11-24", "stored")
    assert report.reproduce == "benchbox compare base.jsonl slower.jsonl --today 2026-11-24"


def test_copies_are_written_where_they_are_asked_for(type_: CommandLine) -> None:
    copies = {"--junit": "deep/gate.xml", "--markdown": "gate.md", "--html": "gate.html"}
    compare(type_, "base.jsonl", "slower.jsonl", *(word for pair in copies.items() for word in pair))
    for copy in copies.values():
        kept = latest(type_) / Path(copy).name
        assert (type_.folder / copy).read_bytes() == kept.read_bytes() != b""


def test_json_is_the_kept_report_alone_and_the_same_again(type_: CommandLine) -> None:
    first = compare(type_, "base.jsonl", "slower.jsonl", "--json", "--quiet")
    kept = (latest(type_) / "gate.json").read_text()
    assert (first.code, first.err, first.out) == (1, "", kept)
    assert compare(type_, "base.jsonl", "slower.jsonl", "--json", "--quiet").out == kept


def test_report_only_exits_0_and_tells_and_keeps_the_code(type_: CommandLine) -> None:
    outcome = compare(type_, "base.jsonl", "slower.jsonl", "--report-only")
    assert outcome.code == 0
    assert "exit code 0 in place of 1" in outcome.err
    assert json.loads((latest(type_) / "gate.json").read_text())["code"] == 1


def test_github_is_told_where_it_asks(type_: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    summary, outputs = type_.folder / "summary.md", type_.folder / "outputs"
    for name, value in (("STEP_SUMMARY", summary), ("OUTPUT", outputs), ("ACTIONS", "true")):
        monkeypatch.setenv(f"GITHUB_{name}", str(value))
    outcome = compare(type_, "base.jsonl", "slower.jsonl", "--json")
    assert "lenet infer b8@128" in summary.read_text()
    assert re.search(r"exit_code<<\w+\n1\n", outputs.read_text())
    assert outcome.err.startswith("::error ")
    assert json.loads(outcome.out)["code"] == 1


def test_without_github_nothing_is_annotated(type_: CommandLine) -> None:
    assert "::" not in compare(type_, "base.jsonl", "slower.jsonl").err


def test_only_rows_that_match_are_gated_and_the_others_are_listed(type_: CommandLine) -> None:
    outcome = compare(type_, "base.jsonl", "same.jsonl", "--rows", "lenet*", "--json")
    states = {(seen["row"].split()[0], seen["state"]) for seen in json.loads(outcome.out)["verdicts"]}
    assert ("alexnet", "SKIPPED") in states
    assert ("alexnet", "PASS") not in states
    assert ("lenet", "PASS") in states


def test_no_row_that_matches_is_no_pass(type_: CommandLine) -> None:
    assert compare(type_, "base.jsonl", "same.jsonl", "--rows", "resnet*").code == 3


def test_options_win_over_the_file(type_: CommandLine) -> None:
    (type_.folder / "benchbox.toml").write_text('[gate]\npreset = "strict"\nmargin = 0.3\n')
    assert compare(type_, "base.jsonl", "slower.jsonl").code == 0
    assert compare(type_, "base.jsonl", "slower.jsonl", "--margin", "2%").code == 1
    assert compare(type_, "base.jsonl", "slower.jsonl", "--preset", "shared").code == 1, (
        "its own margin, not the file's"
    )
    dumped = type_("compare", "--dump-config", "--preset", "shared", "--pairs", "8-10", "--metrics", "exact,time")
    assert dumped.code == 0
    for line in ('preset = "shared"', "pairs = [", "seconds = 3.0", "time-limit = 15.0"):
        assert line in dumped.out
    assert "margin = " not in dumped.out.split("accuracy-margin")[0]
    assert not (type_.folder / "reports" / "nothing").exists()


def test_another_file_may_be_named(type_: CommandLine) -> None:
    (type_.folder / "loose.toml").write_text("[gate.margins]\n'*' = 0.3\n")
    assert compare(type_, "base.jsonl", "slower.jsonl", "--config", "loose.toml").code == 0


def test_declared_rows_must_be_there(type_: CommandLine) -> None:
    rows = '[[gate.row]]\nmodel = "lenet"\nname = "ours"\n'
    (type_.folder / "benchbox.toml").write_text(rows)
    outcome = compare(type_, "base.jsonl", "same.jsonl", "--json")
    assert outcome.code == 0
    verdicts = json.loads(outcome.out)["verdicts"]
    assert {seen["row"] for seen in verdicts if seen["state"] == "PASS"} == {"ours"}
    (type_.folder / "benchbox.toml").write_text(f'{rows}[[gate.row]]\nmodel = "vgg16"\n')
    outcome = compare(type_, "base.jsonl", "same.jsonl")
    assert outcome.code == 1
    assert "vgg16 infer b8@128" in outcome.out


def test_a_declared_row_that_ran_nowhere_is_missed_though_another_has_its_name(type_: CommandLine) -> None:
    for seed, name in enumerate(("base", "same")):
        write(type_.folder / f"{name}.jsonl", stored(["lenet"], seed=seed, precision="fp32"))
    row = '[[gate.row]]\nmodel = "lenet"\n'
    (type_.folder / "benchbox.toml").write_text(f"{row}{row}compile = true\n{row}compile = true\nthreads = 1\n")
    outcome = compare(type_, "base.jsonl", "same.jsonl", "--json")
    assert outcome.code == 1
    verdicts = json.loads(outcome.out)["verdicts"]
    assert "PASS" in {seen["state"] for seen in verdicts}
    missing = [(seen["row"], seen["reason"]) for seen in verdicts if seen["state"] == "MISSING"]
    assert missing == [("lenet infer b8@128", "declared, and in neither arm")] * 2


def test_a_declared_row_with_damaged_records_in_both_is_no_missing_one(type_: CommandLine) -> None:
    for name in ("base", "same"):
        content = write(type_.folder / f"{name}.jsonl", stored(["lenet"])).read_text()
        damaged = re.sub(r'("sample_seconds","values":\[)[0-9.]+', r"\1NaN", content)
        (type_.folder / f"{name}.jsonl").write_text(damaged)
    (type_.folder / "benchbox.toml").write_text('[[gate.row]]\nmodel = "lenet"\n')
    outcome = compare(type_, "base.jsonl", "same.jsonl", "--json")
    assert outcome.code == 3
    [verdict] = json.loads(outcome.out)["verdicts"]
    assert verdict["reason"].startswith("broken in both")


CHECKPOINT = '[[gate.row]]\nmodel = "lenet"\ncheckpoint = "a.pt"\n'


@pytest.mark.parametrize(
    ("metrics", "rows", "code", "left_out"),
    [
        ("exact", f'[[gate.row]]\nmodel = "lenet"\n{CHECKPOINT}', 0, "lenet evaluate b64@128"),
        ("exact,time", f'[[gate.row]]\nmodel = "lenet"\n{CHECKPOINT}', 0, "lenet evaluate b64@128"),
        ("accuracy", '[[gate.row]]\nmodel = "lenet"\n', 3, "lenet infer b8@128"),
        ("exact", CHECKPOINT, 3, "lenet evaluate b64@128"),
    ],
)
def test_declared_rows_of_which_the_metrics_say_nothing_are_left_out_in_sight(
    type_: CommandLine, metrics: str, rows: str, code: int, left_out: str
) -> None:
    (type_.folder / "benchbox.toml").write_text(rows)
    outcome = compare(type_, "base.jsonl", "same.jsonl", "--metrics", metrics, "--json")
    assert outcome.code == code, outcome
    report = json.loads(outcome.out)
    assert left_out in [
        seen["row"].removesuffix(" bf16") for seen in report["verdicts"] if seen["state"] == "SKIPPED"
    ]
    assert any(note.startswith("left out, since only") and left_out in note for note in report["notes"])


def test_a_checkpoint_s_row_is_missed_where_accuracy_is_gated(type_: CommandLine) -> None:
    (type_.folder / "benchbox.toml").write_text(f'[[gate.row]]\nmodel = "lenet"\n{CHECKPOINT}')
    for words in ((), ("--metrics", "exact,accuracy")):
        assert compare(type_, "base.jsonl", "same.jsonl", *words).code == 1


def test_what_was_accepted_passes_until_it_expires(type_: CommandLine) -> None:
    accepted = '[[gate.accepted]]\nrow = "*"\nmetric = "time"\nbound = 0.2\nreason = "a new head"\nexpires = {}\n'
    (type_.folder / "benchbox.toml").write_text(accepted.format("2026-12-31"))
    assert compare(type_, "base.jsonl", "slower.jsonl").code == 0
    (type_.folder / "benchbox.toml").write_text(accepted.format("2026-11-01"))
    outcome = compare(type_, "base.jsonl", "slower.jsonl")
    assert outcome.code == 2
    assert "2026-11-01" in outcome.err


def test_what_has_expired_is_told_before_anything_is_measured(type_: CommandLine) -> None:
    (type_.folder / "benchbox.toml").write_text(
        '[[gate.accepted]]\nrow = "*"\nmetric = "time"\nbound = 0.2\nreason = "a new head"\nexpires = 2026-11-01\n'
    )
    outcome = compare(type_, "--base", ".", "--new", ".", "lenet")
    assert outcome.code == 2
    assert "expired on 2026-11-01" in outcome.err
    assert not (type_.folder / "reports").exists()


@pytest.mark.parametrize(
    ("words", "parts"),
    [
        ([], ["BASE NEW: got 'none'", "or --base COMMIT"]),
        (["base.jsonl"], ["BASE NEW: got 'base.jsonl'", "two reports"]),
        (["base.jsonl", "same.jsonl", "slower.jsonl"], ["BASE NEW"]),
        (["base.jsonl", "same.jsonl", "--base", "HEAD"], ["BASE NEW with --base: got 'base.jsonl'", "one of them"]),
        (["base.jsonl", "same.jsonl", "--new", "."], ["--new without --base"]),
        (["base.jsonl", "same.jsonl", "--all"], ["--all without --base"]),
        (["base.jsonl", "same.jsonl", "--task", "infer"], ["--task without --base"]),
        (["base.jsonl", "same.jsonl", "--seconds", "3"], ["--seconds without --base"]),
        (["base.jsonl", "same.jsonl", "--metrics", "speed"], ["--metrics: got 'speed'", "exact"]),
        (["base.jsonl", "same.jsonl", "--metrics", ","], ["--metrics: got ','"]),
        (["base.jsonl", "same.jsonl", "--margin", "0"], ["--margin: got '0'", "3% or 0.03"]),
        (["base.jsonl", "same.jsonl", "--margin", "120%"], ["--margin: got '120%'"]),
        (["base.jsonl", "same.jsonl", "--config", "gone.toml"], ["gone.toml cannot be read"]),
        (["--base", ".", "--pairs", "9-6", "lenet"], ["--pairs: got '9-6'"]),
        (["--base", ".", "--pairs", "many", "lenet"], ["--pairs: got 'many'", "7-20"]),
        (["--base", ".", "--seconds", "0", "lenet"], ["--seconds: got 0"]),
        (["--base", ".", "--time-limit", "nan", "lenet"], ["--time-limit: got nan"]),
        (["--base", "."], ["rows: got 'none'", "--all", "benchbox.toml"]),
        (["--base", ".", "lenet", "--all"], ["names or --all"]),
        (["--base", ".", "lenet", "--task", "fit"], ["--task: got 'fit'", "infer, train_step"]),
        (["--base", ".", "lenot"], ["unknown architecture 'lenot'", "did you mean lenet?"]),
        (["--base", ".", "lenet", "--batch-size", "0"], ["--batch-size: got 0"]),
        (["--base", "nowhere", "lenet"], ["no repository", "a folder, or a commit"]),
    ],
)
def test_what_cannot_be_done_is_refused(type_: CommandLine, words: list[str], parts: list[str]) -> None:
    outcome = type_("compare", *words)
    assert outcome.code == 2, outcome
    [line] = [line for line in outcome.err.splitlines() if line.startswith("benchbox: ")]
    for part in parts:
        assert part in line
    assert outcome.out == ""
    assert not (type_.folder / "reports").exists()


def test_a_day_that_is_none_is_refused(type_: CommandLine) -> None:
    outcome = type_("compare", "base.jsonl", "same.jsonl", "--today", "tomorrow")
    assert outcome.code == 2
    assert "--today: got 'tomorrow'. allowed: a date such as 2026-11-24" in outcome.err


def test_options_of_rows_are_refused_beside_declared_ones(type_: CommandLine) -> None:
    (type_.folder / "benchbox.toml").write_text('[[gate.row]]\nmodel = "lenet"\n')
    outcome = type_("compare", "--base", ".", "--batch-size", "4", "--task", "infer")
    assert outcome.code == 2
    assert "--task, --batch-size with the rows of benchbox.toml" in outcome.err


NETWORK = """
from torch import nn

TIMES = {times}


class Tiny(nn.Module):
    def __init__(self, classes, channels):
        super().__init__()
        self.pool = nn.AdaptiveAvgPool2d(8)
        self.head = nn.Linear(64 * channels, classes)

    def forward(self, x):
        for _ in range(TIMES):
            answer = self.head(self.pool(x).flatten(1))
        return answer


def tiny(classes, channels):
    return Tiny(classes, channels)
"""


def git(folder: Path, *words: str) -> str:
    author = ("-c", "user.name=a", "-c", "user.email=a@localhost")
    done = subprocess.run(["git", *author, *words], cwd=folder, check=True, capture_output=True, text=True)
    return done.stdout.strip()


@pytest.fixture
def commits(type_: CommandLine) -> tuple[str, str]:
    """Two commits in the folder: in the second one the network does its work twice."""
    git(type_.folder, "init", "--quiet")
    found = []
    for times in (1, 2):
        (type_.folder / "nets.py").write_text(NETWORK.format(times=times))
        git(type_.folder, "add", "nets.py")
        git(type_.folder, "commit", "--quiet", "-m", f"{times}")
        found.append(git(type_.folder, "rev-parse", "HEAD"))
    return found[0], found[1]


FAST = ("--image-size", "64", "--device", "cpu", "--precision", "fp32", "--threads", "1", "--seconds", "0.05")


def test_two_commits_are_measured_here_each_with_its_own_network(
    type_: CommandLine, commits: tuple[str, str], pictures: Path
) -> None:
    words = ("nets.py:tiny", "--data", pictures, *FAST, "--pairs", "2-2")
    outcome = compare(type_, "--base", "HEAD~1", "--new", "HEAD", *words)
    assert outcome.code == 1, outcome
    assert "1 row, 2 pairs of fresh processes, 0.05 s a row and side; at most about 15 min" in outcome.err
    assert "pair 2 of 2 to 2" in outcome.err
    report = decode_report((latest(type_) / "gate.json").read_bytes())
    assert (report.mode, report.schedule, report.is_self) == ("A/B", "slices", False)
    assert (report.base.commit, report.new.commit) == commits
    assert set(report.base.imported.values()) == set(report.new.imported.values()) == {"nets.py"}
    assert [seen.metric for seen in report.of_state("FAIL") if seen.group == "exact"] == ["flops"]
    assert "tiny infer b8@64, FLOP" in outcome.out
    for option, commit in zip(("--base", "--new"), commits, strict=True):
        assert f"{option} {commit}" in report.reproduce
    base, new = (len(read_journal(latest(type_) / f"{name}.jsonl").records) for name in ("base", "new"))
    assert base == new
    assert base in (2, 4)  # On a busy machine two pairs can look slower: a second series confirms or clears that.
    assert git(type_.folder, "worktree", "list").count("\n") == 0


def test_an_arm_whose_benchbox_knows_no_gate_is_3_with_the_reason(
    type_: CommandLine, tmp_path: Path, pictures: Path
) -> None:
    old = tmp_path / "old" / "benchbox"
    old.mkdir(parents=True)
    (old / "__init__.py").write_text("")
    (old / "version.py").write_text('__version__ = "0.0.1"\n')
    outcome = compare(type_, "--base", tmp_path / "old", "--new", tmp_path, "lenet", "--data", pictures, *FAST)
    assert outcome.code == 3, outcome
    assert "benchbox: " in outcome.err
    assert "0.0.1 is from before such comparisons" in outcome.err
    assert outcome.out == ""


def test_weights_are_evaluated_by_both_sides_picture_by_picture(type_: CommandLine, pictures: Path) -> None:
    train = ("--epochs", "1", "--image-size", "64", "--device", "cpu", "--precision", "fp32", "--threads", "1")
    assert type_("train", "lenet", "--data", pictures, "--out", "kept", *train).code == 0
    row = 'model = "lenet"\ncheckpoint = "kept/latest/checkpoints/lenet-best.pt"\n'
    (type_.folder / "benchbox.toml").write_text(f'[gate]\nmetrics = ["accuracy"]\n[[gate.row]]\n{row}')
    outcome = compare(type_, "--base", ".", "--new", ".", "--json")
    report = json.loads(outcome.out)
    [verdict] = report["verdicts"]
    assert report["is_self"], "both arms told what they imported"
    assert (verdict["group"], verdict["base"]) == ("accuracy", verdict["new"])
    assert "test set too small" in verdict["reason"]
    assert verdict["series"]["differences"] == [0.0] * 6
    assert len(list((latest(type_) / "predictions").iterdir())) == 2
    wrong = row.replace('"lenet"', '"alexnet"')
    (type_.folder / "benchbox.toml").write_text(f"[[gate.row]]\n{wrong}")
    refused = compare(type_, "--base", ".", "--new", ".")
    assert refused.code == 2
    assert "holds lenet, not alexnet" in refused.err
