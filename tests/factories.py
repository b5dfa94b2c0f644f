"""Sample records for tests: every task, every way to end, with numbers that are easy to check by hand."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from benchbox.plan.facts import Ceiling, DataFacts, DeviceFacts, Facts, MachineFacts
from benchbox.plan.gate import Hello, Identity
from benchbox.plan.spec import FitSpec, ModelSpec, PlacementSpec, Plan, RunSpec, Task
from benchbox.records.record import Actual, Environment, Measurement, Record, Status, make_record

STARTED = "2026-11-24T10:00:00+00:00"
CLASSES = tuple(f"obj{number}" for number in range(1, 21))
SIZES = {
    "lenet": (73_450, 15_530_000.0),
    "alexnet": (58_366_836, 2_283_970_000.0),
    "googlenet": (6_003_140, 3_391_340_000.0),
    "vgg16": (139_810_044, 57_992_870_000.0),
    "resnet50": (25_854_076, 8_406_890_000.0),
    "efficientnet_b0": (4_032_592, 257_000_000.0),
}


def sample_environment(*, ceiling: Ceiling | None = None) -> Environment:
    return Environment(
        ceiling=ceiling,
        cpu="Test CPU 9000",
        cores=2,
        memory=8 * 2**30,
        system="Linux 6.1",
        python="3.11.9",
        torch="2.14.1",
        torchvision="0.29.0",
        benchbox="0.1.0",
        device="cpu",
        device_name="Test CPU 9000",
        threads=2,
        flags={"deterministic": "off"},
        commit="0123abc",
    )


def sample_facts() -> Facts:
    """A machine with two cores and no GPU, and COIL-20."""
    cpu = DeviceFacts(name="cpu", title="Test CPU 9000", precisions=("fp32", "bf16"), fastest="bf16")
    data = DataFacts(
        source="coil20",
        title="COIL-20 (dataset/coil20)",
        digest="c01l" * 16,
        classes=CLASSES,
        pictures=1440,
        train=1296,
        test=144,
    )
    return Facts(machine=MachineFacts(devices=(cpu,), cores=2, threads=2, torch="2.14.1"), data=data)


def sample_actual(**changes: Any) -> Actual:
    actual = Actual(
        data="COIL-20 (dataset/coil20)",
        data_digest="c01l" * 16,
        classes=CLASSES,
        train=1296,
        test=144,
        memory_format="channels_last",
        precision="bf16",
    )
    return msgspec.structs.replace(actual, **changes)


def sample_ceiling() -> Ceiling:
    """10 TFLOP/s in bf16 on two threads: more than any network of `full_records` does."""
    return Ceiling(device="cpu", precision="bf16", threads=2, flops_per_second=1e13, copy_bytes_per_second=10e9)


def sample_spec(
    model: str = "lenet",
    task: Task = "fit",
    *,
    seed: int = 0,
    repeat: int = 0,
    image_size: int = 128,
    **fields: Any,
) -> RunSpec:
    """A resolved spec; `fields` are those of ModelSpec, FitSpec or PlacementSpec."""
    given = {
        "activation": "sigmoid" if model == "lenet" else "relu",
        "dropout": 0.5,
        "init": "suited",
        "epochs": 20,
        "lr": 1e-3,
        "weight_decay": 0.01,
        "schedule": "one_cycle",
        "device": "cpu",
        "precision": "bf16",
        "threads": 2,
        **fields,
    }
    return RunSpec(
        task=task,
        seed=seed,
        repeat=repeat,
        model=ModelSpec(name=model, **_of(ModelSpec, given)),
        data=msgspec.structs.replace(RunSpec().data, source="coil20", image_size=image_size),
        fit=FitSpec(**_of(FitSpec, given)),
        placement=PlacementSpec(**_of(PlacementSpec, given)),
        checkpoint="reports/latest-train/lenet-best.pt" if task == "evaluate" else None,
    )


def sample_identity(**fields: Any) -> Identity:
    """What an arm says of itself."""
    hello = Hello(
        protocol=1,
        benchbox="/arm/benchbox",
        version="0.1.0",
        schema=4,
        control="c0ffee",
        python="3.11.9",
        process=7,
    )
    return Identity(**{"hello": hello, "imported": {}, "files": {"nets.py": "its hash"}, **fields})


def _of(kind: type[msgspec.Struct], fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if name in kind.__struct_fields__ and name != "name"}


def measured(**series: Sequence[float] | float) -> tuple[Measurement, ...]:
    """Measurements by metric; a single number is a series of one."""
    return tuple(
        Measurement(metric=name, values=(float(seen),) if isinstance(seen, int | float) else tuple(seen))
        for name, seen in series.items()
    )


def counted(model: str) -> dict[str, float]:
    parameters, flops = SIZES.get(model, (1_000_000, 1e9))
    return {"parameters": parameters, "buffers": 0, "weight_bytes": 4 * parameters, "flops": flops}


def timed_record(
    model: str = "lenet", task: Task = "infer", *, samples: Sequence[float] = (), **fields: Any
) -> Record:
    """A timed cell: by default six samples around 0.1 s of 32 pictures."""
    spec = sample_spec(model, task, **fields)
    seen = tuple(samples) or (0.100, 0.102, 0.098, 0.101, 0.099, 0.100)
    return make_record(
        spec,
        status="ok",
        started=STARTED,
        seconds=2.5,
        actual=sample_actual(stop_reason="±0.8 % after 2.1 s"),
        environment=sample_environment(),
        measurements=measured(
            **counted(model),
            build_seconds=0.2,
            first_batch_seconds=0.35,
            warmup_seconds=1.0,
            sample_seconds=seen,
            peak_memory=300 * 2**20,
        ),
    )


def with_actual(record: Record, **changes: Any) -> Record:
    """The record with other fields of its Actual: `void`, `doubts`, …"""
    return msgspec.structs.replace(record, actual=msgspec.structs.replace(record.actual, **changes))


def with_measured(record: Record, **series: Sequence[float] | float) -> Record:
    """The record with measurements added to its own."""
    return msgspec.structs.replace(record, measurements=(*record.measurements, *measured(**series)))


def process_records(
    model: str = "lenet", task: Task = "infer", *, medians: Sequence[float], **fields: Any
) -> list[Record]:
    """One and the same cell in as many fresh processes as there are medians, six samples each."""
    return [
        timed_record(model, task, samples=[median] * 6, repeat=repeat, **fields)
        for repeat, median in enumerate(medians)
    ]


def full_records(models: Sequence[str] = ("lenet", "alexnet", "vgg16")) -> list[Record]:
    """`bench_records` with all that a cell can tell: the split of a step, parity, ceilings, the largest batch."""
    place = sample_environment(ceiling=sample_ceiling())
    records = [msgspec.structs.replace(record, environment=place) for record in bench_records(models)]
    step = {f"{stage}_seconds": (value,) * 3 for stage, value in SPLIT.items()}
    parity = {"parity_error": 0.004, "parity_top1": 1.0}
    told: dict[str, Any] = {"infer": parity, "train_step": {**parity, **step, "activation_bytes": 5 * 2**20}}
    records = [with_measured(record, **told.get(record.spec.task, {})) for record in records]
    return records + [largest_record(model, fitted=(32, 64, 96)) for model in models]


SPLIT = {"data_wait": 0.01, "copy": 0.02, "forward": 0.07, "backward": 0.14, "optimizer": 0.06}


def largest_record(
    model: str = "lenet", *, fitted: Sequence[float] = (32, 64), reason: str = "", **fields: Any
) -> Record:
    """A search for the largest batch; `reason` says why it ended early."""
    return make_record(
        sample_spec(model, "largest_batch", **fields),
        status="ok",
        started=STARTED,
        seconds=4.0,
        actual=sample_actual(stop_reason=reason),
        environment=sample_environment(),
        measurements=measured(**counted(model), batch_fitted=fitted),
    )


def fit_record(
    model: str = "lenet", *, accuracies: Sequence[float] = (0.25, 0.55, 0.95, 1.0), **fields: Any
) -> Record:
    """A fit with these held-out accuracies, an epoch each of 2 s and 648 pictures a second."""
    epochs = len(accuracies)
    correct = round(accuracies[-1] * 144)
    series = {
        "epoch_seconds": (2.0,) * epochs,
        "train_loss": [3.0 * math.exp(-epoch) for epoch in range(epochs)],
        "train_accuracy": [0.9 * value for value in accuracies],
        "test_loss": [2.5 * math.exp(-epoch) for epoch in range(epochs)],
        "test_accuracy": accuracies,
        "learning_rate": (1e-3,) * epochs,
        "train_pictures_per_second": (648.0,) * epochs,
    }
    return make_record(
        sample_spec(model, "fit", **fields),
        status="ok",
        started=STARTED,
        seconds=2.2 * epochs,
        actual=sample_actual(),
        environment=sample_environment(),
        measurements=measured(**series, **counted(model), **_scores(correct), fit_seconds=2.1 * epochs),
        files={"best": f"checkpoints/{model}-best.pt", "last": f"checkpoints/{model}-last.pt"},
    )


def _scores(correct: int) -> dict[str, float]:
    return {
        "top1": correct / 144,
        "top5": 1.0,
        "macro_f1": correct / 144,
        "loss": 0.123,
        "correct": correct,
        "pictures": 144,
        "eval_pictures_per_second": 1500.0,
        "build_seconds": 0.2,
        "first_batch_seconds": 0.35,
        "peak_memory": 400 * 2**20,
    }


def eval_record(model: str = "lenet", *, correct: int = 141, predictions: str = "", **fields: Any) -> Record:
    spec = sample_spec(model, "evaluate", **fields)
    return make_record(
        spec,
        status="ok",
        started=STARTED,
        seconds=0.8,
        actual=sample_actual(),
        environment=sample_environment(),
        measurements=measured(**counted(model), **_scores(correct)),
        files={"checkpoint": str(spec.checkpoint)} | ({"predictions": predictions} if predictions else {}),
    )


def failed_record(
    model: str = "vgg16",
    task: Task = "fit",
    *,
    status: Status = "crashed",
    reason: str = "the process ended with SIGKILL",
    **fields: Any,
) -> Record:
    return make_record(
        sample_spec(model, task, **fields),
        status=status,
        started=STARTED,
        seconds=1.0,
        reason=reason,
        actual=Actual(data="COIL-20 (dataset/coil20)"),
        environment=sample_environment(),
    )


def bench_records(models: Sequence[str] = ("lenet", "alexnet", "vgg16")) -> list[Record]:
    """A bench of which the last architecture has no accuracy: its fit was skipped."""
    records = []
    for scale, model in enumerate(models, start=1):
        samples = [scale * seconds for seconds in (0.100, 0.102, 0.098, 0.101, 0.099, 0.100)]
        records += [timed_record(model, "infer", samples=samples)]
        records += [timed_record(model, "train_step", samples=[3 * seconds for seconds in samples])]
        records += [fit_record(model, seconds=30.0)] if model != models[-1] else []
    reason = f"one epoch takes about 13 min here: `benchbox train {models[-1]}`"
    return [*records, failed_record(models[-1], "fit", status="skipped", reason=reason, seconds=30.0)]


def ablation_records(
    values: Sequence[str] = ("sigmoid", "relu"),
    *,
    seeds: int = 3,
    models: Sequence[str] = ("lenet", "alexnet"),
) -> list[Record]:
    """Fits of every model × activation × seed; a later value learns faster, a later seed a little worse."""
    return [
        fit_record(
            model,
            activation=value,
            seed=seed,
            accuracies=[min(1.0, 0.3 * (epoch + place + 1)) - 0.01 * seed for epoch in range(4)],
        )
        for model in models
        for place, value in enumerate(values)
        for seed in range(seeds)
    ]


def sample_plan(command: str, records: Sequence[Record], **fields: Any) -> Plan:
    """The plan that these records fulfil."""
    words = (*command.split(), *dict.fromkeys(record.spec.model.name for record in records))
    return msgspec.structs.replace(
        Plan(
            command=command,
            specs=tuple(record.spec for record in records),
            created=STARTED,
            arguments=words,
        ),
        **fields,
    )
