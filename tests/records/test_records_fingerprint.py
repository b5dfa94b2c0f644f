"""Equal machines have equal hashes, and whatever decides speed changes it."""

from typing import Any

import msgspec
import pytest
from factories_machine import sample_fingerprint

from benchbox.records.fingerprint import Fingerprint, short_hash

CHANGES: dict[str, Any] = {
    "cpu": "Other CPU",
    "quota": 1.5,
    "memory": 1,
    "threads": 1,
    "gpu": "Other GPU",
    "gpus": 2,
    "driver": "580",
    "torch": "2.15.0",
    "python": "3.12",
    "system": "Linux 7 x86_64",
    "variables": {"OMP_NUM_THREADS": "1"},
    "flags": {"cudnn.allow_tf32": "True"},
    "instructions": ("avx2",),
    "benchbox": "9.9.9",
}


def test_the_order_of_names_does_not_matter() -> None:
    one, other = {"OMP_NUM_THREADS": "2", "MKL_DYNAMIC": "0"}, {"MKL_DYNAMIC": "0", "OMP_NUM_THREADS": "2"}
    seen = sample_fingerprint()
    hashes = {short_hash(msgspec.structs.replace(seen, variables=variables)) for variables in (one, other)}
    assert len(hashes) == 1


@pytest.mark.parametrize("name", CHANGES)
def test_whatever_decides_speed_changes_the_hash(name: str) -> None:
    seen = sample_fingerprint()
    assert short_hash(msgspec.structs.replace(seen, **{name: CHANGES[name]})) != short_hash(seen)


def test_it_survives_json_with_its_hash() -> None:
    seen = sample_fingerprint()
    again = msgspec.json.decode(msgspec.json.encode(seen), type=Fingerprint)
    assert again == seen
    assert short_hash(again) == short_hash(seen)
