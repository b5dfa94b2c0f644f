"""What was learned of a machine, as Rich tables, sentences and one JSON document. Measuring is done elsewhere."""

import math
from collections.abc import Iterator

import msgspec
from rich import box
from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from benchbox.plan.facts import Ceiling
from benchbox.plan.spec import TimingSpec
from benchbox.records.fingerprint import Fingerprint, short_hash
from benchbox.records.inspection import Caution, CautionKind, Inspection, Series
from benchbox.records.noise import centre, smallest_change, spread
from benchbox.report import text

# What is seen, and what to do about it.
ADVICE: dict[CautionKind, tuple[str, str]] = {
    "load": ("the load is {number}, over half of the cores", "end other programs, then measure"),
    "foreign": ("{name} computes on the GPU", "end it, or choose another GPU with --device"),
    "throttled": ("the GPU's clocks are held down ({name})", "let it cool; look after its fans and its power"),
    "governor": (
        "cores choose their clocks by the policy {name}",
        "sudo cpupower frequency-set -g performance",
    ),
    "turbo": (
        "clocks rise for as long as heat allows (turbo)",
        "for comparisons write 1 to /sys/devices/system/cpu/intel_pstate/no_turbo (Intel) or 0 to "
        "/sys/devices/system/cpu/cpufreq/boost, as root",
    ),
    "quota": (
        "a control group allows {number} cores' worth of time, fewer than the threads",
        "--threads {floor}, or a higher limit of the container",
    ),
    "swap": ("{share} of the swap is in use", "end what fills the memory, then measure"),
    "memory": ("only {share} of the memory is free", "end what fills it, then measure"),
    "stolen": (
        "the host took {share} of the cores' time since this virtual machine was started",
        "compare in turns (`benchbox ablate`), or measure on a machine of one's own",
    ),
}
# Of a long list of processor features, those that decide the speed of networks.
TELLING = ("avx2", "avx512_f", "avx512_vnni", "avx512_bf16", "avx512_fp16", "amx_bf16", "amx_int8", "bf16", "sve")


def print_machine(inspection: Inspection, console: Console) -> None:
    """Everything, whole at 80 columns: fingerprint, ceilings, clock and noise, cautions."""
    console.print(fingerprint_table(inspection.fingerprint))
    console.print(ceiling_table(inspection.ceilings))
    # Sentences wrap at words and are never cut.
    console.print(Text("Clock and noise", style="bold"))
    console.print(Text("\n".join(noise_lines(inspection))))
    console.print(Group(*_cautions(inspection)))


def fingerprint_table(fingerprint: Fingerprint) -> Table:
    """The fingerprint with its hash; empty parts are left out."""
    table = Table(
        title=f"This machine: {short_hash(fingerprint)}",
        box=box.SIMPLE_HEAD,
        show_header=False,
        pad_edge=False,
        title_justify="left",
    )
    table.add_column(no_wrap=True, style="bold")
    table.add_column(overflow="fold")
    for name, said in _parts(fingerprint):
        if said:
            table.add_row(name, Text(said))
    return table


def _parts(seen: Fingerprint) -> Iterator[tuple[str, str]]:
    telling = ", ".join(name for name in TELLING if name in seen.instructions)
    quota = "" if seen.quota is None else f", limited to {text.number(seen.quota)} by a control group"
    yield "processor", seen.cpu
    yield "vector units", f"{seen.vector}{f' ({telling})' if telling else ''}"
    yield "cores", f"{seen.cores}{quota}; {text.plural(seen.threads, 'thread')} in use"
    yield "memory", text.size(seen.memory)
    if seen.gpu:
        yield "GPU", f"{seen.gpu}, {text.size(seen.gpu_memory)}{f', one of {seen.gpus}' if seen.gpus > 1 else ''}"
        yield "driver", f"{seen.driver or text.ABSENT}, CUDA {seen.cuda or text.ABSENT}, cuDNN {seen.cudnn}"
    yield "system", f"{seen.system}, Python {seen.python}"
    yield "software", f"benchbox {seen.benchbox}, torch {seen.torch}, torchvision {seen.torchvision}"
    yield "variables", ", ".join(f"{name}={value}" for name, value in seen.variables.items())
    # cuDNN's say nothing of a CPU.
    flags = {name: value for name, value in seen.flags.items() if seen.gpu or not name.startswith("cudnn")}
    yield "flags", ", ".join(f"{name}={value}" for name, value in flags.items())


def ceiling_table(ceilings: tuple[Ceiling, ...]) -> Table:
    """The most that the device was seen to do, by precision."""
    table = Table(title="Ceilings, measured", box=box.SIMPLE_HEAD, pad_edge=False, title_justify="left")
    for title in ("device", "precision"):
        table.add_column(title, no_wrap=True)
    for title in ("matrix product, GFLOP/s", "copy, read + written, GB/s"):
        table.add_column(title, justify="right")
    for ceiling in ceilings:
        table.add_row(
            ceiling.device,
            ceiling.precision,
            text.number(ceiling.flops_per_second / 1e9),
            text.copy_rate(ceiling.copy_bytes_per_second),
        )
    return table


def noise_lines(inspection: Inspection) -> list[str]:
    """The clock, what change can be seen inside one process, and how much fresh processes differ."""
    clock = inspection.clock
    return [
        f"Clock: steps of {_short(clock.step_seconds)}; a reading costs {_short(clock.reading_seconds)}.",
        *_series_lines(inspection.series),
        *(_process_lines(inspection.processes) if len(inspection.processes) > 1 else []),
        *(f"Doubtful: {doubt}." for doubt in inspection.doubts),
    ]


def _short(seconds: float) -> str:
    """A time far below a millisecond."""
    return f"{text.number(seconds * 1e9)} ns"


def _series_lines(series: Series) -> Iterator[str]:
    change, offset = smallest_change(series.blocks), centre(series.blocks)
    lasted = text.duration(series.seconds)
    yield (
        f"Inside one process this machine can see a change of {_percent(change)} in {lasted}: two identical "
        f"networks of {text.duration(series.call_seconds)} a call took turns in {len(series.blocks)} blocks "
        "(one-sided 99 %, seen in 90 % of all cases)."
    )
    if abs(offset) > change:
        yield (
            f"Yet the two copies differ by {_percent(abs(offset))} for good, as their places in memory do: "
            "only fresh processes tell such a change from a real one."
        )


def _process_lines(processes: tuple[float, ...]) -> Iterator[str]:
    differ, extremes = spread(processes), max(processes) / min(processes) - 1
    yield (
        f"Between {len(processes)} fresh processes of the same work, times differ by {_percent(differ)} (standard "
        f"deviation), {_percent(extremes)} from the fastest to the slowest."
    )
    goal = TimingSpec().goal
    if differ > goal:
        yield (
            f"That is more than the ±{_percent(goal)} to which bench times one process: give it --processes 5 "
            "before you believe small differences between networks."
        )
    else:
        yield f"That is within the ±{_percent(goal)} to which bench times one process: one process tells."


def _percent(ratio: float) -> str:
    return f"{text.number(100 * ratio)} %"


def _cautions(inspection: Inspection) -> Iterator[RenderableType]:
    if not inspection.cautions:
        yield Text("\nNothing was found amiss.")
        return
    yield Text("\nWhat makes times doubtful here", style="bold")
    for caution in inspection.cautions:
        said, advice = caution_words(caution)
        yield Text(f"{said}:", style="yellow")
        yield Padding(Text(advice), (0, 0, 0, 2))


def caution_words(caution: Caution) -> tuple[str, str]:
    """What is seen and what to do about it."""
    value = caution.value or 0.0
    words = {
        "name": caution.name,
        "number": text.number(value),
        "share": text.share(value),
        "floor": max(1, math.floor(value)),
    }
    said, advice = ADVICE[caution.kind]
    return said.format(**words), advice.format(**words)


def machine_document(inspection: Inspection) -> bytes:
    """One JSON document: the inspection, the fingerprint's hash, and what follows from the raw numbers."""
    said = [caution_words(caution) for caution in inspection.cautions]
    enough = len(inspection.processes) > 1
    document = {
        "hash": short_hash(inspection.fingerprint),
        **msgspec.to_builtins(inspection),
        "smallest_change": smallest_change(inspection.series.blocks),
        "copies_differ": centre(inspection.series.blocks),
        "processes_differ": spread(inspection.processes) if enough else None,
        "advice": [{"seen": seen, "do": do} for seen, do in said],
    }
    return msgspec.json.format(msgspec.json.encode(document)) + b"\n"
