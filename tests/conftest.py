"""What all tests share: few threads, and the real pictures where a variable names them."""

import os
from pathlib import Path

import pytest

VARIABLE = "BENCHBOX_COIL20"


@pytest.fixture(scope="session")
def coil20_zip() -> Path:
    """The official archive of COIL-20; skips, saying why, where the variable does not name it."""
    named = os.environ.get(VARIABLE)
    if not named:
        pytest.skip(f"{VARIABLE} does not name the COIL-20 archive")
    return Path(named)
