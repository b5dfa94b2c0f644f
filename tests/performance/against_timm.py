"""The same networks measured by timm's method and by benchbox, in turn: do the two agree?

timm's benchmark script warms up with ten steps and divides the pictures of forty by the time of their loop.
Its steps are written out here, with its inputs (one batch of random pictures; in training, random labels drawn
in the step), since its package does not hold the script. Both sides have the same batch, size, precision, memory
format, threads and handling of freed memory, and both infer in inference mode: its script infers under `no_grad`,
which is no other method but other work, about a tenth slower here. Each measurement has a process of its own; the
two methods take turns, so that a noisy minute falls on both.
"""

import argparse
import importlib.util
import subprocess
import sys
import time
from collections.abc import Callable

import numpy as np
from scipy.stats import t

from performance.claim import Claim

MODELS = ("efficientnet_b0", "resnet50")
TASKS = ("infer", "train_step")
# Small enough that forty training steps of ResNet50 take half a minute on two cores.
BATCH, SIZE, CLASSES, CHANNELS = 8, 128, 20, 1
WARMUP, STEPS = 10, 40
SECONDS = 15.0
PAIRS = 4
CONFIDENCE = 0.95
# A wider interval holds 1 whatever is true.
WIDEST = 0.1


def claims(pairs: int = PAIRS) -> list[Claim]:
    """One claim a network and task; none, with a message, where timm is not installed."""
    if importlib.util.find_spec("timm") is None:
        print("timm is not installed: pip install 'benchbox[timm]'", file=sys.stderr)
        return []
    return [_compare(model, task, pairs) for model in MODELS for task in TASKS]


def _compare(model: str, task: str, pairs: int) -> Claim:
    theirs: list[float] = []
    ours: list[float] = []
    for pair in range(pairs):
        for method in ("timm", "benchbox")[:: 1 if pair % 2 == 0 else -1]:
            (theirs if method == "timm" else ours).append(_measured(method, model, task))
    ratios = np.log(np.array(ours) / np.array(theirs))
    centre, spread = float(ratios.mean()), float(ratios.std(ddof=1))
    half = float(t.ppf((1 + CONFIDENCE) / 2, pairs - 1)) * spread / pairs**0.5
    low, high = np.exp(centre - half), np.exp(centre + half)
    return Claim(
        what=f"{model} {task.replace('_', ' ')}: benchbox / timm, pictures a second",
        seen=f"{np.exp(centre):.3f} ({low:.3f}–{high:.3f}); {np.mean(ours):.1f} / {np.mean(theirs):.1f}",
        limit=f"interval holds 1 and is within ±{WIDEST:.0%}",
        holds=bool(low <= 1 <= high and high / low <= (1 + WIDEST) ** 2),
        raw={"benchbox": ours, "timm": theirs},
    )


def _measured(method: str, model: str, task: str) -> float:
    """Pictures a second by one method, in a process of its own."""
    command = [sys.executable, "-m", "performance.against_timm", method, model, task]
    ended = subprocess.run(command, check=True, capture_output=True, text=True)
    return float(ended.stdout.splitlines()[-1])


def by_benchbox(model: str, task: str) -> float:
    """What benchbox says: pictures a second from the median sample."""
    import tempfile

    import benchbox
    from benchbox import DataSpec, FitSpec, ModelSpec, PlacementSpec, RunSpec
    from benchbox.plan.spec import TimingSpec
    from benchbox.records.estimate import median

    spec = RunSpec(
        task=task,  # type: ignore[arg-type]
        model=ModelSpec(name=f"timm:{model}"),
        data=DataSpec(source="turntable", image_size=SIZE, channels=CHANNELS),
        fit=FitSpec(batch_size=BATCH, optimizer="sgd"),
        placement=PlacementSpec(),
        timing=TimingSpec(seconds=SECONDS),
    )
    with tempfile.TemporaryDirectory() as folder:
        record = benchbox.run(spec, out=folder)
    if record.status != "ok":
        raise RuntimeError(record.reason)
    return BATCH / median(record.values("sample_seconds")).value


def by_timm(model: str, task: str) -> float:
    """What timm's method says: pictures over the time of the loop of steps."""
    import timm
    import torch

    from benchbox.engine.devices import probe_machine
    from benchbox.engine.place import make_place
    from benchbox.plan.resolve import settle
    from benchbox.plan.spec import PlacementSpec

    place = make_place(settle(PlacementSpec(), probe_machine()))
    network = place.put(timm.create_model(model, in_chans=CHANNELS, num_classes=CLASSES))
    pictures = torch.randn(BATCH, CHANNELS, SIZE, SIZE, device=place.device)
    pictures = pictures.contiguous(memory_format=place.memory_format)
    step = _inference(network, pictures, place) if task == "infer" else _training(network, pictures, place)
    for _ in range(WARMUP):
        step()
    place.synchronise()
    began = time.perf_counter()
    for _ in range(STEPS):
        step()
        place.synchronise()
    return STEPS * BATCH / (time.perf_counter() - began)


def _inference(network, pictures, place) -> Callable[[], None]:  # type: ignore[no-untyped-def]
    import torch

    network.eval()

    def step() -> None:
        with torch.inference_mode(), place.autocast():
            network(pictures)

    return step


def _training(network, pictures, place) -> Callable[[], None]:  # type: ignore[no-untyped-def]
    import torch

    network.train()
    optimizer = torch.optim.SGD(network.parameters(), lr=1e-4, fused=True)
    loss_of = torch.nn.CrossEntropyLoss()

    def step() -> None:
        labels = torch.randint(CLASSES, (BATCH,), device=place.device)
        optimizer.zero_grad()
        with place.autocast():
            loss = loss_of(network(pictures), labels)
        loss.backward()
        optimizer.step()

    return step


def main() -> None:
    """One measurement, printed alone on the last line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("method", choices=("timm", "benchbox"))
    parser.add_argument("model")
    parser.add_argument("task")
    asked = parser.parse_args()
    method = by_timm if asked.method == "timm" else by_benchbox
    print(method(asked.model, asked.task))


if __name__ == "__main__":
    main()
