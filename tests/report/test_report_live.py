from io import StringIO

import msgspec
import pytest
from factories import failed_record, fit_record, sample_spec, timed_record
from rich.console import Console

from benchbox.records.events import EpochEnded, Noted, PhaseBegan, Progress, StepSeen
from benchbox.report.lines import bar, ended_line, event_line, progress_line, started_line
from benchbox.report.live import Display, make_display

STEP = StepSeen(
    epoch=2, epochs=4, step=10, steps=41, loss=1.234, accuracy=0.5, pictures_per_second=648.2, seconds_left=75
)
EPOCH = EpochEnded(
    epoch=2,
    epochs=4,
    train_loss=1.2,
    train_accuracy=0.6,
    test_loss=0.9,
    test_accuracy=0.75,
    pictures_per_second=648,
    seconds_left=0,
    is_best=True,
)


class FakeClock:
    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def _display(*, terminal: bool = False, quiet: bool = False) -> tuple[Display, StringIO, FakeClock]:
    out, clock = StringIO(), FakeClock()
    environment = {"TERM": "xterm"}
    console = Console(file=out, width=120, force_terminal=terminal, color_system=None, _environ=environment)
    return make_display(console, quiet=quiet, total=2, clock=clock), out, clock


def _run(display: Display) -> None:
    with display:
        display.run_started(0, sample_spec(), "lenet")
        for event in (PhaseBegan(name="build"), STEP, EPOCH, Noted(text="slow disk")):
            display(event)
        display.run_ended(fit_record())


def test_an_epoch_tells_of_the_pictures_set_aside() -> None:
    aside = msgspec.structs.replace(EPOCH, val_loss=0.8, val_accuracy=0.5)
    assert "accuracy 75.0 % (set aside 50.0 %) · 648 /s" in progress_line(aside)


def test_the_lines_of_a_run() -> None:
    display, out, _ = _display()
    _run(display)
    assert out.getvalue().splitlines() == [
        "[1/2] lenet · training",
        "lenet: epoch 2/4 · loss 1.200 → held-out 0.900 · accuracy 75.0 % · 648 /s · done · best so far",
        "lenet: note: slow disk",
        "lenet · training: 100.0 % right (144 of 144), 4 epochs, 8.80 s",
    ]


def test_quiet_is_silent() -> None:
    display, out, _ = _display(quiet=True)
    _run(display)
    assert out.getvalue() == ""


def test_plain_progress_comes_every_few_seconds_only() -> None:
    display, out, clock = _display()
    with display:
        for second in range(20):
            clock.seconds = float(second)
            display(Progress(done=second, total=20))
    assert [line.split()[-1] for line in out.getvalue().splitlines()] == ["0/20", "5/20", "10/20", "15/20"]


def test_a_long_line_is_not_broken_without_a_terminal() -> None:
    display, out, _ = _display()
    with display:
        display(Noted(text="word " * 100))
    assert len(out.getvalue().splitlines()) == 1


def test_on_a_terminal_what_is_done_stays_and_the_status_goes() -> None:
    display, out, _ = _display(terminal=True)
    _run(display)
    said = out.getvalue()
    assert "lenet · training: 100.0 % right" in said
    assert "[1/2] lenet · training · build" in said
    assert said.endswith("\x1b[?25h") or "\x1b[?25h" in said.split("100.0 % right")[1]


def test_a_terminal_is_drawn_only_when_an_event_arrives_and_not_too_often() -> None:
    display, out, clock = _display(terminal=True)
    with display:
        display.run_started(0, sample_spec(), "lenet")
        before = out.tell()
        display(STEP)
        assert out.tell() == before
        clock.seconds = 1.0
        assert out.tell() == before
        display(STEP)
        assert "epoch 2/4 · loss 1.234 · accuracy 50.0 % · 648 /s · 0:01:15 left" in out.getvalue()[before:]


def test_the_terminal_is_given_back_after_an_error() -> None:
    display, out, _ = _display(terminal=True)
    with pytest.raises(KeyboardInterrupt), display:
        raise KeyboardInterrupt
    assert "\x1b[?25h" in out.getvalue()


def test_square_brackets_in_a_note_are_text() -> None:
    display, out, _ = _display()
    with display:
        display(Noted(text="[red]x[/red]"))
    assert out.getvalue() == "note: [red]x[/red]\n"


@pytest.mark.parametrize(("done", "full"), [(0, 0), (99, 7), (100, 8), (150, 8)])
def test_a_bar_is_full_only_when_all_is_done(done: int, full: int) -> None:
    assert bar(done, 100).count("━") == full
    assert len(bar(done, 100)) == 8


def test_a_fit_in_its_hundreds_still_has_one_line_of_eighty_columns() -> None:
    seen = msgspec.structs.replace(STEP, epoch=100, epochs=100, pictures_per_second=12_345, seconds_left=3599)
    assert len(progress_line(seen)) <= 80


def test_a_label_that_names_the_task_is_not_said_twice() -> None:
    assert started_line(4, 18, sample_spec(task="train_step"), "lenet train step") == "[5/18] lenet train step"


def test_how_a_run_ended() -> None:
    assert ended_line(timed_record(), "lenet") == "lenet · timing inference: 320 /s, 2.50 s"
    assert ended_line(failed_record(status="oom", reason="needed 3 GiB"), "vgg16") == (
        "vgg16 · training: oom: needed 3 GiB"
    )


def test_an_event_before_the_first_run_has_no_name_in_front() -> None:
    assert event_line(PhaseBegan(name="decoding"), "") == "decoding"
