"""What all tests share: few threads, small pictures made here, and the real ones where a variable names them."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings
from PIL import Image

VARIABLE = "BENCHBOX_COIL20"

# One thread is fastest for small pictures, and leaves the other cores alone. Set before torch is imported, so that
# processes which tests start have as many as this one: a report of theirs is resumed here, and the other way round.
os.environ["OMP_NUM_THREADS"] = "1"

# What a shell starts in the background ignores Ctrl-C, and so do all whom that starts.
signal.signal(signal.SIGINT, signal.default_int_handler)

# A busy machine makes no law false: Hypothesis shall not watch the clock.
settings.register_profile("benchbox", deadline=None)
settings.load_profile("benchbox")


@pytest.fixture(scope="session")
def coil20_zip() -> Path:
    """The official archive of COIL-20; skips, saying why, where the variable does not name it."""
    named = os.environ.get(VARIABLE)
    if not named:
        pytest.skip(f"{VARIABLE} does not name the COIL-20 archive")
    return Path(named)


@pytest.fixture(scope="session")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of 3 classes × 20 grey pictures of 64×64 that a network tells apart after a few steps."""
    root = tmp_path_factory.mktemp("pictures")
    noise = np.random.default_rng(0)
    ramp = np.linspace(0, 160, 64)
    patterns = {
        "across": np.tile(ramp, (64, 1)),
        "down": np.tile(ramp[:, None], (1, 64)),
        "dark": np.full((64, 64), 20.0),
    }
    for label, pattern in patterns.items():
        (root / label).mkdir()
        for number in range(20):
            grey = pattern + noise.normal(40, 12, (64, 64))
            Image.fromarray(grey.clip(0, 255).astype(np.uint8)).save(root / label / f"{number:02d}.png")
    return root


OWN_NETWORKS = '''
import torch
from torch import nn


class Small(nn.Module):
    """Pools a picture to 8×8 and takes a linear layer: quick to train."""

    def __init__(self, classes, channels):
        super().__init__()
        self.pool = nn.AdaptiveAvgPool2d(8)
        self.head = nn.Linear(64 * channels, classes)
        self.calls = 0

    def forward(self, x):
        return self.head(self.pool(x).flatten(1))


def small(classes, channels):
    return Small(classes, channels)


class Breaking(Small):
    """Does what `fault` says once it has learned for `after` steps."""

    def __init__(self, classes, channels, fault, after=3):
        super().__init__(classes, channels)
        self.fault, self.after = fault, after

    def forward(self, x):
        if self.training and not x.is_meta:
            self.calls += 1
            if self.calls > self.after:
                return self.fault(self, x)
        return super().forward(x)


def out_of_memory(classes, channels):
    def fault(network, x):
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB")
    return Breaking(classes, channels, fault)


def crashing(classes, channels):
    def fault(network, x):
        raise RuntimeError("the shapes do not fit")
    return Breaking(classes, channels, fault)


def not_a_number(classes, channels):
    def fault(network, x):
        return network.head(network.pool(x).flatten(1)) * float("nan")
    return Breaking(classes, channels, fault)


def interrupted(classes, channels):
    def fault(network, x):
        raise KeyboardInterrupt
    return Breaking(classes, channels, fault)


def killed(classes, channels):
    def fault(network, x):
        import os, signal
        os.kill(os.getpid(), signal.SIGKILL)
    return Breaking(classes, channels, fault)


def sleeping(classes, channels):
    def fault(network, x):
        import time
        time.sleep(60)
    return Breaking(classes, channels, fault)
'''


@pytest.fixture(scope="session")
def own_networks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A user's file with a small network and some that break off in every way."""
    path = tmp_path_factory.mktemp("own") / "networks.py"
    path.write_text(OWN_NETWORKS)
    return path


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A dataset folder whose cache of decoded pictures all tests share."""
    return tmp_path_factory.mktemp("dataset")


@pytest.fixture(autouse=True)
def _threads_as_before() -> Iterator[None]:
    """A run that sets the count of threads in this process sets it for no other test."""
    import torch

    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)
