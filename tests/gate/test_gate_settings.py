"""benchbox.toml: what it may say, what it says where it is silent, and that it forgives no typing error."""

from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchbox.errors import ModelError, SpecError
from benchbox.gate.declared import Row, spec_of
from benchbox.gate.rules import Accepted
from benchbox.gate.settings import ALL, FILE, Settings, dump_settings, make_rules, parse_settings, read_settings

WHOLE = """
[gate]
preset = "shared"
metrics = ["exact", "time"]
seconds = 2.5
pairs = [6, 12]
time-limit = 10
seed = 7
removed = ["infer/old*"]

[gate.margins]
"resnet50*" = 0.04
"*train*" = 0.08

[gate.renamed]
"lenet infer b8@128" = "lenet infer b16@128"

[[gate.row]]
name = "ours"
model = "nets/tiny.py:make"
task = "train_step"
batch-size = 4
image-size = 64
channels = 3
precision = "fp32"
memory-format = "contiguous"
data = "pictures"
threads = 1

[[gate.row]]
model = "lenet"
checkpoint = "weights/lenet-best.pt"

[[gate.accepted]]
row = "resnet50*"
metric = "time"
bound = 0.08
reason = "a new head"
expires = 2026-12-31
"""


def parsed(text: str) -> Settings:
    return parse_settings(text.encode())


def refused(text: str) -> str:
    with pytest.raises(SpecError) as error:
        parsed(text)
    return str(error.value)


def test_a_whole_file_is_read() -> None:
    settings = parsed(WHOLE)
    assert (settings.preset, settings.margin_in_force) == ("shared", 0.05)
    assert settings.metrics == ("exact", "time")
    assert (settings.seconds, settings.pairs, settings.time_limit, settings.seed) == (2.5, (6, 12), 10, 7)
    assert settings.margins == {"resnet50*": 0.04, "*train*": 0.08}
    assert settings.renamed == {"lenet infer b8@128": "lenet infer b16@128"}
    assert settings.removed == ("infer/old*",)
    assert [row.title for row in settings.rows] == ["ours", "lenet evaluate b64@128"]


def test_a_date_may_be_one_of_toml_or_a_text() -> None:
    day = Accepted(row="resnet50*", metric="time", bound=0.08, reason="a new head", expires="2026-12-31")
    assert parsed(WHOLE).accepted == (day,)
    assert parsed(WHOLE.replace("2026-12-31", '"2026-12-31"')).accepted == (day,)


def test_an_empty_file_says_the_usual_things() -> None:
    assert parsed("") == Settings() == parsed("[gate]\n")
    assert Settings().margin_in_force == 0.025


def test_no_file_says_the_usual_things_and_one_in_the_folder_is_found(tmp_path: Path) -> None:
    assert read_settings(folder=tmp_path) == Settings()
    (tmp_path / FILE).write_text("[gate]\nseconds = 9.0\n")
    assert read_settings(folder=tmp_path).seconds == 9.0


def test_a_file_that_was_named_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match=r"other\.toml cannot be read: No such file"):
        read_settings(tmp_path / "other.toml")


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("[gaet]\n", ["benchbox.toml: unknown key 'gaet'", "gate"]),
        ("[gate]\nmargn = 0.1\n", ["[gate] unknown key 'margn'", "preset, margin,", "did you mean margin"]),
        ("[gate]\ntime_limit = 9\n", ["unknown key 'time_limit'", "did you mean time-limit?"]),
        ("[[gate.row]]\nmodel = 'lenet'\nbatch = 4\n", ["[[gate.row]] unknown key 'batch'", "batch-size"]),
        ("[[gate.accepted]]\nmetrc = 'time'\n", ["[[gate.accepted]] unknown key 'metrc'", "metric, bound, reason"]),
        ("[gate]\nseconds = 'long'\n", ["benchbox.toml: gate.seconds: Expected float, got str"]),
        ("[gate]\nrow = 3\n", ["gate.row: Expected array, got int"]),
        ("[[gate.row]]\ntask = 'infer'\n", ["model"]),
        ("[gate]\npreset = 'strong'\n", ["gate.preset", "strong"]),
        ("[gate]\nmetrics = ['speed']\n", ["gate.metrics", "speed"]),
        ("[gate]\nmetrics = []\n", ["metrics: got 'none'"]),
        ("[gate]\nmetrics = ['exact', 'exact']\n", ["metrics: got 'exact, exact'", "each once"]),
        ("[gate]\nseconds = 0\n", ["benchbox.toml: seconds: got 0"]),
        ("[gate]\nseconds = nan\n", ["seconds: got nan"]),
        ("[gate]\npairs = [9, 6]\n", ["pairs: got '9-6'"]),
        ("[gate]\npairs = [1, 6]\n", ["pairs: got '1-6'", "2 to 400"]),
        ("[gate]\ntime-limit = inf\n", ["time-limit: got inf"]),
        ("[gate]\nmargin = 2.5\n", ["margin: got 2.5", "a ratio between 0 and 1, such as 0.025"]),
        ("[gate.margins]\n'x*' = 0\n", ["margins of 'x*': got 0"]),
        ("[[gate.row]]\nmodel = 'lenet'\nchannels = 2\n", ["channels: got 2", "1, 3"]),
        ("[[gate.row]]\nmodel = 'lenet'\ntask = 'evaluate'\n", ["checkpoint: got None"]),
        ("[[gate.row]]\nmodel = 'lenet'\ntask = 'infer'\ncheckpoint = 'a.pt'\n", ["checkpoint: got 'a.pt'"]),
        ("[[gate.row]]\nmodel = 'lenet'\nname = 'a'\n" * 2, ["row.name: got 'a'", "each name once"]),
        ("[gate\n", ["benchbox.toml: "]),
    ],
)
def test_what_means_nothing_is_refused(text: str, parts: list[str]) -> None:
    message = refused(text)
    for part in parts:
        assert part in message


@pytest.mark.parametrize(
    ("was", "now", "parts"),
    [
        (
            'metric = "time"',
            'metric = "flop"',
            ["benchbox.toml: accepted.metric: got 'flop'", "flops", "implausible"],
        ),
        ("bound = 0.08", "bound = inf", ["accepted.bound: got inf", "finite"]),
        ("bound = 0.08", "bound = nan", ["accepted.bound: got nan"]),
        ("bound = 0.08", "bound = 0", ["accepted.bound: got 0", "more than 0"]),
        ('reason = "a new head"', 'reason = " "', ["accepted.reason: got ' '"]),
        ("expires = 2026-12-31", 'expires = "next year"', ["accepted.expires: got 'next year'", "2026-12-31"]),
    ],
)
def test_what_would_accept_nothing_or_all_or_for_no_reason_is_refused(was: str, now: str, parts: list[str]) -> None:
    assert was in WHOLE
    message = refused(WHOLE.replace(was, now))
    for part in parts:
        assert part in message


def test_more_than_twice_as_slow_may_be_accepted() -> None:
    assert parsed(WHOLE.replace("bound = 0.08", "bound = 1.5")).accepted[0].bound == 1.5


def test_bytes_that_are_no_text_are_refused() -> None:
    with pytest.raises(SpecError, match=r"benchbox\.toml: .*utf-8"):
        parse_settings(b"\xff\xfe")


def test_an_unknown_architecture_is_refused_with_the_nearest() -> None:
    with pytest.raises(ModelError, match="did you mean lenet"):
        parsed("[[gate.row]]\nmodel = 'lenot'\n")


@pytest.mark.parametrize("settings", [Settings(), parsed(WHOLE)])
def test_what_is_dumped_can_be_read_again(settings: Settings) -> None:
    assert parsed(dump_settings(settings)) == settings


@given(st.sampled_from(msgspec.structs.fields(Settings)), st.text("abcdefghijklmnopqrstuvwxyz-", min_size=1))
def test_one_letter_more_makes_any_key_unknown(field: msgspec.structs.FieldInfo, more: str) -> None:
    key = f"{field.encode_name}{more}"
    known = {each.encode_name for each in msgspec.structs.fields(Settings)}
    if key not in known:
        assert f"unknown key {key!r}" in refused(f'[gate]\n"{key}" = 1\n')


def test_a_row_becomes_a_run() -> None:
    [ours, scored] = [spec_of(row) for row in parsed(WHOLE).rows]
    assert (ours.task, ours.model.name, ours.fit.batch_size) == ("train_step", "nets/tiny.py:make", 4)
    assert (ours.data.source, ours.data.image_size, ours.data.channels) == ("pictures", 64, 3)
    assert (ours.placement.precision, ours.placement.memory_format, ours.placement.threads) == (
        "fp32",
        "contiguous",
        1,
    )
    assert (scored.task, scored.checkpoint, scored.fit.eval_batch_size) == ("evaluate", "weights/lenet-best.pt", 64)
    assert spec_of(Row(model="EfficientNet")).model.name == "efficientnet_b0"


ROWS = {"infer/lenet/x": "lenet infer b8@128", "infer/vgg16/x": "vgg16 infer b8@128"}


def test_rules_hold_what_the_settings_say() -> None:
    rules = make_rules(parsed(WHOLE), ROWS, declared={"infer/lenet/x": "ours"}, today="2026-11-24")
    assert (rules.preset, rules.margin, rules.groups) == ("shared", 0.05, ("exact", "time"))
    assert rules.margin_of("infer/resnet50/x", "resnet50 infer b8@128") == 0.04
    assert (rules.declared, rules.names) == (("infer/lenet/x",), ROWS | {"infer/lenet/x": "ours"})
    assert [each.reason for each in rules.accepted] == ["a new head"]
    assert rules.today == "2026-11-24"


def test_rules_gate_all_groups_of_the_rows_of_the_base_unless_told_otherwise() -> None:
    rules = make_rules(Settings(), ROWS)
    assert rules.groups == ("time", "memory", "exact", "accuracy")
    assert (rules.declared, rules.skipped, rules.asked) == ((), (), ())
    assert make_rules(Settings(), ROWS, groups=("exact",)).groups == ("exact",)


def test_only_groups_that_the_settings_name_are_chosen() -> None:
    assert make_rules(Settings(), ROWS, groups=("exact", "time")).chosen == ()
    named = make_rules(Settings(metrics=("exact", "time")), ROWS, groups=("accuracy",))
    assert (named.groups, named.chosen, named.promised) == (("exact", "time"),) * 3
    assert make_rules(Settings(metrics=ALL), ROWS).asked == ALL


@pytest.mark.parametrize("pattern", ["lenet*", "infer/lenet/*", "*l?net infer*"])
def test_rows_that_no_glob_matches_are_skipped(pattern: str) -> None:
    assert make_rules(Settings(), ROWS, globs=(pattern,)).skipped == ("infer/vgg16/x",)


def test_globs_match_the_names_that_the_user_gave_and_names_are_no_patterns() -> None:
    rows = {"infer/a[1].py:b/x": "a[1].py:b infer b8@128", "infer/c/x": "c"}
    named = dict.fromkeys(rows, "") | {"infer/c/x": "ours"}
    assert make_rules(Settings(), rows, declared=named, globs=("ours",)).skipped == ("infer/a[[]1].py:b/x",)
