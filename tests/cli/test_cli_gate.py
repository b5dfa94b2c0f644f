"""`benchbox gate verify`: what is run, what is on file after each gate, and slowdowns that are made and audited."""

import dataclasses
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
import typer
from commandline import CommandLine
from factories import measured, sample_spec
from factories_machine import sample_fingerprint
from journals import CONTROL_SECONDS, FakePairs
from msgspec.structs import replace

from benchbox.cli.gate_audit import LONG, SHORT, Audit, AuditRefused, fingerprint_here
from benchbox.cli.gate_live import leaving, make_gate
from benchbox.cli.gate_rows import GateRow
from benchbox.cli.gate_trials import Experiment, Prover, beside_burner, experiments, standing, write_page
from benchbox.cli.output import Output
from benchbox.errors import EXIT_UNASSERTED, Interrupted, RecordError, UsageError
from benchbox.gate.injections import read_injections
from benchbox.gate.ledger import LEDGER, read_ledger
from benchbox.gate.naming import row_name
from benchbox.gate.settings import Settings
from benchbox.plan.gate import GateSeries
from benchbox.records.events import ignore
from benchbox.records.fingerprint import short_hash
from benchbox.runner.injection import CLASSES
from benchbox.runner.pairs import Pair
from benchbox.runner.places import ArmPlace

ROOT = Path(__file__).parent.parent.parent
PLACES = (
    ArmPlace(asked="HEAD", root=Path("/a"), commit="abc"),
    ArmPlace(asked="HEAD", root=Path("/b"), commit="abc"),
)


@pytest.fixture
def type_(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> CommandLine:
    return CommandLine(tmp_path, monkeypatch, capfd)


def row(model: str) -> GateRow:
    spec = sample_spec(model, "infer", batch_size=4, image_size=64)
    return GateRow(spec=spec, name=row_name(spec))


ROWS = (row("lenet"), row("resnet50"))


def prover(folder: Path, pairs: FakePairs, **options: Any) -> Prover:
    gate = make_gate(ROWS, Settings(metrics=("time",), pairs=(7, 8), preset="shared"), today="")
    options = {"observer": ignore, "tell": lambda line: None, **options}
    return Prover(gate=gate, ledger=folder / LEDGER, pairs=pairs, **options)


def test_every_gate_is_on_file_before_the_next_begins_and_each_has_an_order_of_its_own(tmp_path: Path) -> None:
    on_file = list[int]()
    pairs = FakePairs(before=lambda number: on_file.append(len(read_ledger(tmp_path / LEDGER))))
    said = list[str]()
    proof = prover(tmp_path, pairs, tell=said.append)
    proof.run(Experiment(kind="same", gates=3), PLACES)
    assert sorted(set(on_file)) == [0, 1, 2]
    trials = read_ledger(tmp_path / LEDGER)
    assert [(trial.kind, trial.preset, trial.code, trial.commit) for trial in trials] == [
        ("same", "shared", 0, "abc")
    ] * 3
    assert len({series.seed for series in pairs.series}) == 3
    assert [line.split(",")[0] for line in said] == ["gate 1 of 3", "gate 2 of 3", "gate 3 of 3"]
    assert "2 PASS, exit code 0" in said[2]
    assert "so far 0 of 6 rows failed that nobody slowed (at most 39.3 %, 95 %)" in said[2]


def test_a_ledger_is_added_to(tmp_path: Path) -> None:
    for _ in range(2):
        prover(tmp_path, FakePairs()).run(Experiment(kind="same", gates=1), PLACES)
    assert len(read_ledger(tmp_path / LEDGER)) == 2


def test_after_a_signal_the_gates_that_ended_are_on_file(tmp_path: Path) -> None:
    seen = list[int]()

    def interrupt(number: int) -> None:
        seen.append(number)
        if len(seen) == 9:
            raise Interrupted

    with pytest.raises(Interrupted):
        prover(tmp_path, FakePairs(before=interrupt)).run(Experiment(kind="same", gates=3), PLACES)
    assert len(read_ledger(tmp_path / LEDGER)) == 1


def test_slowed_rows_are_told_from_the_others(tmp_path: Path) -> None:
    said = list[str]()
    truth = {ROWS[1].case: 1.12}
    proof = prover(tmp_path, FakePairs(slower={"resnet50": 1.12}), tell=said.append)
    proof.run(Experiment(kind="slower", gates=2, injected=0.10, audited=truth), PLACES)
    trial = read_ledger(tmp_path / LEDGER)[-1]
    assert (trial.injected, trial.code) == (0.10, 1)
    assert {seen.case: (seen.is_altered, seen.audited, seen.state) for seen in trial.rows} == {
        ROWS[0].case: (False, None, "PASS"),
        ROWS[1].case: (True, 1.12, "FAIL"),
    }
    assert "slower by 10 % (shared): 1 PASS, 1 FAIL, exit code 1" in said[1]
    assert "so far 2 of 2 slowed rows failed (at least 22.4 %, 95 %)" in said[1]
    assert "0 of 2 rows failed that nobody slowed" in said[1]


def test_what_stands_counts_gates_of_the_same_kind_alone(tmp_path: Path) -> None:
    prover(tmp_path, FakePairs()).run(Experiment(kind="same", gates=2), PLACES)
    prover(tmp_path, FakePairs()).run(Experiment(kind="burner", gates=1), PLACES)
    trials = read_ledger(tmp_path / LEDGER)
    assert "0 of 2 rows" in standing(trials[-1], trials)
    assert "0 of 4 rows" in standing(trials[0], trials)


def test_some_pairs_are_measured_beside_a_burner(tmp_path: Path) -> None:
    import psutil

    # Other tests may have left a process that starts others.
    others = set(psutil.Process().children())

    def burners() -> bool:
        return bool(set(psutil.Process().children()) - others)

    burned = list[bool]()
    pairs = FakePairs(before=lambda number: burned.append(burners()))
    series = GateSeries(specs=(ROWS[0].spec,), labels=(ROWS[0].name,), seconds=1.0, least=20, most=20)
    made = list(beside_burner(pairs, seed=1)(series, PLACES))
    assert len(made) == 20
    assert 1 <= sum(burned) <= 12
    assert not burners(), "no burner is left behind"
    again, second = list[bool](), list[bool]()
    pairs = FakePairs(before=lambda number: again.append(burners()))
    list(beside_burner(pairs, seed=1)(series, PLACES))
    assert again == burned, "which pairs, the seed draws"
    pairs = FakePairs(before=lambda number: second.append(burners()))
    list(beside_burner(pairs, seed=1)(replace(series, first=20), PLACES))
    assert second != burned, "a second series has another draw"


def test_the_page_is_written_of_what_is_on_file(tmp_path: Path) -> None:
    prover(tmp_path, FakePairs()).run(Experiment(kind="same", gates=1), PLACES)
    page = write_page(tmp_path)
    assert page == tmp_path / "README.md"
    assert "1 gate" in page.read_text()


def test_the_page_shows_what_was_audited(repository: Path) -> None:
    audit(repository, FakePairs(slower={"resnet50": 1.052})).inject(0.05)
    page = write_page(repository / "reports")
    assert "## The slowdowns" in page.read_text()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository with the files of two architectures of the zoo, in one commit."""
    for file in (CLASSES["lenet"][0], CLASSES["resnet50"][0]):
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).write_bytes((ROOT / file).read_bytes())
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "add", ".")
    git(tmp_path, "-c", "user.name=a", "-c", "user.email=a@localhost", "commit", "--quiet", "-m", "first")
    return tmp_path


def git(folder: Path, *words: str) -> str:
    return subprocess.run(["git", *words], cwd=folder, check=True, capture_output=True, text=True).stdout.strip()


def audit(repository: Path, pairs: FakePairs, *, rows: tuple[GateRow, ...] = (ROWS[1],), **options: Any) -> Audit:
    given: dict[str, Any] = {"read_machine": lambda placement: sample_fingerprint(), "seconds": 1.0} | options
    return Audit(
        **given,
        repository=repository,
        commit=git(repository, "rev-parse", "HEAD"),
        architecture="resnet50",
        rows=rows,
        file=repository / "reports" / "injections.jsonl",
        observer=ignore,
        tell=lambda line: None,
        pairs=pairs,
    )


def repeated(repository: Path, commit: str) -> int:
    """How many layers a commit repeats."""
    added = git(repository, "show", f"{commit}:{CLASSES['resnet50'][0]}").rsplit("_repeating(", 1)[1]
    return added.count("'") // 2


def test_a_slowdown_is_made_in_a_commit_audited_in_a_longer_series_and_kept(repository: Path) -> None:
    pairs = FakePairs(slower={"resnet50": 1.052})
    made = audit(repository, pairs).inject(0.05)
    assert [series.most for series in pairs.series] == [SHORT, LONG]
    assert all(series.seconds == 2.0 for series in pairs.series)
    assert made.truths[ROWS[1].case] == pytest.approx(1.052, abs=0.002)
    assert made.slower == git(repository, "rev-parse", made.slower)
    assert repeated(repository, made.slower) == len(made.repeats) > 1
    assert read_injections(repository / "reports" / "injections.jsonl") == (made,)
    again = FakePairs()
    assert audit(repository, again).inject(0.05) == made
    assert again.series == [], "what was audited once is not audited again"
    assert audit(repository, FakePairs(slower={"resnet50": 1.1})).inject(0.10).slowdown == 0.10


def test_the_share_of_the_work_is_corrected_until_it_costs_what_was_meant(repository: Path) -> None:
    """Each layer costs half of what its FLOPs promise."""
    tried = list[float]()

    def slower(series: GateSeries) -> dict[str, float]:
        tried.append(1.05 if len(tried) else 1.02)
        return {"resnet50": tried[-1]}

    made = audit(repository, FakePairs(slower=slower)).inject(0.05)
    assert tried == [1.02, 1.05, 1.05]
    assert made.truths[ROWS[1].case] == pytest.approx(1.05, abs=0.002)


def test_a_row_that_cannot_be_audited_is_told(repository: Path) -> None:
    class Broken(FakePairs):
        def pair(self, series, number, *, arms):  # type: ignore[no-untyped-def]
            self.failing = {"resnet50": number}
            return super().pair(series, number, arms=arms)

    with pytest.raises(RecordError, match="could not be audited: it fell over"):
        audit(repository, Broken()).inject(0.05)


@pytest.mark.parametrize(
    "options", [{"read_machine": lambda placement: sample_fingerprint(cores=3)}, {"seconds": 2.0}]
)
def test_a_slowdown_of_another_machine_or_of_other_rows_is_audited_anew(
    repository: Path, options: dict[str, Any]
) -> None:
    pairs = FakePairs(slower={"resnet50": 1.052})
    audit(repository, pairs).inject(0.05)
    again = FakePairs(slower={"resnet50": 1.052})
    audit(repository, again, **options).inject(0.05)
    assert [series.most for series in again.series] == [SHORT, LONG]
    assert len(read_injections(repository / "reports" / "injections.jsonl")) == 2


def test_a_slowdown_is_audited_among_the_rows_that_are_gated(repository: Path) -> None:
    pairs = FakePairs(slower={"resnet50": 1.052})
    alone = audit(repository, pairs).inject(0.05)
    again = FakePairs(slower={"resnet50": 1.052})
    made = audit(repository, again, rows=ROWS).inject(0.05)
    assert {series.labels for series in again.series} == {tuple(row.name for row in ROWS)}
    assert made.beside == tuple(row.case for row in ROWS if row is not ROWS[1])
    assert made.audited.keys() == alone.audited.keys() == {ROWS[1].case}
    assert audit(repository, FakePairs(), rows=ROWS).inject(0.05) == made, "that of other company is not taken"
    assert audit(repository, FakePairs()).inject(0.05) == alone


def test_each_slowdown_is_audited_by_the_rows_and_pairs_of_its_gates(repository: Path) -> None:
    pairs = FakePairs(slower={"resnet50": 1.052})
    proof = prover(repository, pairs)
    ((experiment, base, new),) = experiments("slower", proof, repository, 3, "resnet50", [0.05])
    assert {series.labels for series in pairs.series} == {tuple(row.name for row in ROWS)}
    assert experiment.gates == 3
    ((case, audited),) = (experiment.audited or {}).items()
    assert case == ROWS[1].case
    assert audited == pytest.approx(1.052, abs=0.005)
    assert base == git(repository, "rev-parse", "HEAD") != new


def test_the_fingerprint_of_this_machine_is_told_for_a_row_s_place() -> None:
    placement = replace(ROWS[0].spec.placement, threads=1)
    seen = fingerprint_here(placement)
    assert (seen.device, seen.threads) == ("cpu", 1)
    assert short_hash(fingerprint_here(placement)) == short_hash(seen)


class OfOneCode(FakePairs):
    """Both arms import the same."""

    def pair(self, series: GateSeries, number: int, *, arms: int) -> Pair:
        made = super().pair(series, number, arms=arms)
        return dataclasses.replace(made, identities=made.identities[:1] * 2)


class Disturbed(FakePairs):
    """The control of new is slower by a fifth."""

    def pair(self, series: GateSeries, number: int, *, arms: int) -> Pair:
        made = super().pair(series, number, arms=arms)
        base, new = made.records
        control = [1.2 * CONTROL_SECONDS] * len(new[0].values("sample_seconds"))
        slowed = tuple(
            replace(
                each,
                measurements=(
                    *(seen for seen in each.measurements if seen.metric != "control_seconds"),
                    *measured(control_seconds=control),
                ),
            )
            for each in new
        )
        return dataclasses.replace(made, records=(base, slowed))


@pytest.mark.parametrize(
    ("pairs", "reason"),
    [
        (OfOneCode(slower={"resnet50": 1.05}), "both arms of the audit imported the same code"),
        (Disturbed(slower={"resnet50": 1.05}), "the audit was disturbed: the control network itself differs"),
        (FakePairs(), r"times as long .* not about the 5\.0% that was meant"),
        (FakePairs(slower={"resnet50": 1.15}), r"times as long .* not about the 5\.0% that was meant"),
    ],
)
def test_an_audit_that_says_something_else_is_refused_and_not_kept(
    repository: Path, pairs: FakePairs, reason: str
) -> None:
    with pytest.raises(AuditRefused, match=reason):
        audit(repository, pairs).inject(0.05)
    assert not (repository / "reports").exists()
    output = Output(out=repository, quiet=True, json=False)
    with pytest.raises(typer.Exit) as caught, leaving(repository, output):
        audit(repository, pairs).inject(0.05)
    assert caught.value.exit_code == EXIT_UNASSERTED


def test_an_architecture_that_is_not_as_it_was_committed_is_not_slowed(repository: Path) -> None:
    """Whose layers are told is what runs here."""
    file = repository / CLASSES["resnet50"][0]
    file.write_text(file.read_text() + "\n# otherwise\n")
    git(repository, "-c", "user.name=a", "-c", "user.email=a@localhost", "commit", "--quiet", "-am", "second")
    pairs = FakePairs()
    with pytest.raises(UsageError, match=r"resnet\.py is not as in .*commit its changes"):
        audit(repository, pairs).inject(0.05)
    assert pairs.series == []


def test_damaged_injections_are_refused(tmp_path: Path) -> None:
    (tmp_path / "injections.jsonl").write_text("{}\n")
    with pytest.raises(RecordError, match="is damaged"):
        read_injections(tmp_path / "injections.jsonl")


def test_a_summary_runs_nothing(type_: CommandLine) -> None:
    prover(type_.folder / "kept", FakePairs()).run(Experiment(kind="same", gates=2), PLACES)
    outcome = type_("gate", "verify", "--summary", "--out", "kept")
    assert outcome.code == 0, outcome
    assert outcome.out == "kept/README.md\n"
    assert "2 gates" in (type_.folder / "kept" / "README.md").read_text()
    assert len((type_.folder / "kept" / LEDGER).read_text().splitlines()) == 2


@pytest.mark.parametrize(
    ("words", "parts"),
    [
        (["--experiment", "slower", "--slow", "vgg16", "lenet"], ["--slow: got 'vgg16'", "lenet"]),
        (["--experiment", "slower", "--slowdown", "much"], ["--slowdown: got 'much'", "0.03,0.05,0.10"]),
        (["--experiment", "slower", "--slowdown", "5%,5%"], ["--slowdown: got '5%,5%'", "each once"]),
        (["--slow", "lenot"], ["unknown architecture 'lenot'"]),
        (["--pairs", "9-6"], ["--pairs: got '9-6'"]),
        (
            ["--experiment", "slower", "--slow", "efficientnet_b0", "efficientnet_b0", "efficientnet_b3"],
            ["ARCHITECTURE…: got 'efficientnet_b3'", "none beside efficientnet_b0"],
        ),
        (["--experiment", "slower", "lenet", "--slow", "lenet"], ["no repository of git|git show|has no benchbox"]),
    ],
)
def test_what_cannot_be_verified_is_refused(type_: CommandLine, words: list[str], parts: list[str]) -> None:
    outcome = type_("gate", "verify", *words)
    assert outcome.code == 2, outcome
    assert all(any(way in outcome.err for way in part.split("|")) for part in parts)
    assert not (type_.folder / "reports").exists()


def test_the_page_of_another_repository_is_still_written_for_equal_arms(
    type_: CommandLine, monkeypatch: pytest.MonkeyPatch, pictures: Path
) -> None:
    """Outside a repository both sides are the folder itself."""
    fast = ("--image-size", "64", "--device", "cpu", "--precision", "fp32", "--threads", "1")
    monkeypatch.setattr("benchbox.cli.gate_trials.resolve_rows", lambda wanted, output: (ROWS[0],))
    seen = list[tuple[str, str]]()

    def run(self: Prover, experiment: Experiment, places: tuple[ArmPlace, ArmPlace]) -> None:
        seen.append((places[0].asked, places[1].asked))

    monkeypatch.setattr(Prover, "run", run)
    outcome = type_("gate", "verify", "lenet", "--gates", "1", *fast)
    assert outcome.code == 0, outcome
    assert seen == [(".", ".")]
    assert "1 gate of same: 1 row, 7 to 20 pairs of fresh processes" in outcome.err
    assert (type_.folder / "reports" / "gate" / "README.md").exists()


def test_slowing_needs_benchboxs_own_repository(repository: Path) -> None:
    with pytest.raises(UsageError, match="benchbox's own repository"):
        Audit(
            repository=repository,
            commit="HEAD",
            architecture="vgg16",
            rows=(row("vgg16"),),
            seconds=1.0,
            file=repository / "injections.jsonl",
            observer=ignore,
            tell=lambda line: None,
            pairs=FakePairs(),
        ).inject(0.1)


def test_trials_hold_raw_numbers(tmp_path: Path) -> None:
    prover(tmp_path, FakePairs()).run(Experiment(kind="same", gates=1), PLACES)
    [line] = (tmp_path / LEDGER).read_text().splitlines()
    assert all(len(seen["differences"]) == 7 for seen in json.loads(line)["rows"])
