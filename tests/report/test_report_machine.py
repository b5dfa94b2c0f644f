"""What `benchbox env` prints: whole at 80 columns, every caution with its advice, honest sentences."""

import io
import json
from typing import get_args

import pytest
from factories_machine import sample_fingerprint, sample_inspection
from rich.console import Console

from benchbox.plan.facts import Ceiling
from benchbox.records.fingerprint import short_hash
from benchbox.records.inspection import Caution, CautionKind, Inspection, Series
from benchbox.records.noise import smallest_change
from benchbox.report.machine import ADVICE, caution_words, machine_document, noise_lines, print_machine

GOLDEN = """\
This machine: {hash}

 processor      Test CPU 9000
 vector units   AVX512 (avx2, avx512_bf16)
 cores          2; 2 threads in use
 memory         8.00 GiB
 system         Linux 6 x86_64, Python 3.11
 software       benchbox 0.1.0, torch 2.14.1, torchvision 0.29.0
 variables      OMP_NUM_THREADS=2
 flags          mkldnn.enabled=True

Ceilings, measured

 device   precision   matrix product, GFLOP/s   copy, read + written, GB/s
 ─────────────────────────────────────────────────────────────────────────
 cpu      fp32                            150                         20.0
 cpu      bf16                            420                         20.0

Clock and noise
Clock: steps of 40.0 ns; a reading costs 50.0 ns.
Inside one process this machine can see a change of 0.829 % in 20.1 s: two
identical networks of 10.3 ms a call took turns in 80 blocks (one-sided 99 %,
seen in 90 % of all cases).
Between 5 fresh processes of the same work, times differ by 4.51 % (standard
deviation), 12.2 % from the fastest to the slowest.
That is more than the ±1.00 % to which bench times one process: give it
--processes 5 before you believe small differences between networks.

Nothing was found amiss.
"""


def printed(inspection: Inspection) -> str:
    console = Console(file=io.StringIO(), width=80)
    print_machine(inspection, console)
    assert isinstance(console.file, io.StringIO)
    return "".join(f"{line.rstrip()}\n" for line in console.file.getvalue().splitlines())


def test_the_whole_at_80_columns() -> None:
    seen = sample_inspection()
    assert printed(seen) == GOLDEN.format(hash=short_hash(seen.fingerprint))


def test_a_gpu_and_what_is_amiss_fit_too() -> None:
    gpu = sample_fingerprint(
        gpu="NVIDIA GeForce RTX 4070 Laptop GPU",
        gpus=2,
        gpu_memory=8 * 2**30,
        driver="570",
        cuda="13.0",
        cudnn="91300",
        quota=1.5,
        device="cuda",
    )
    fast = Ceiling(
        device="cuda:0", precision="bf16", threads=0, flops_per_second=8.1e14, copy_bytes_per_second=2.9e12
    )
    cautions = tuple(Caution(kind=kind, value=0.15, name="python (process 7)") for kind in get_args(CautionKind))
    text = printed(sample_inspection(fingerprint=gpu, ceilings=(fast,), cautions=cautions, doubts=("a doubt",)))
    assert all(len(line) <= 80 for line in text.splitlines())
    flowing = " ".join(text.split())
    assert "NVIDIA GeForce RTX 4070 Laptop GPU, 8.00 GiB, one of 2" in flowing
    assert "570, CUDA 13.0, cuDNN 91300" in flowing
    assert "cudnn.allow_tf32=False" in flowing
    assert "2, limited to 1.50 by a control group" in flowing
    assert "810,000 2,900" in flowing
    assert "Doubtful: a doubt." in flowing
    for caution in cautions:
        assert all(words in flowing for words in caution_words(caution))


def test_every_caution_says_what_to_do() -> None:
    assert set(ADVICE) == set(get_args(CautionKind))


@pytest.mark.parametrize(
    ("caution", "seen", "do"),
    [
        (Caution(kind="load", value=2.5), "the load is 2.50", "end other programs"),
        (Caution(kind="quota", value=1.5), "allows 1.50 cores", "--threads 1"),
        (Caution(kind="quota", value=0.5), "allows 0.500 cores", "--threads 1"),
        (Caution(kind="governor", name="powersave"), "policy powersave", "cpupower"),
        (Caution(kind="stolen", value=0.05), "took 5.0 %", "in turns"),
    ],
)
def test_a_caution_has_its_number_and_its_advice(caution: Caution, seen: str, do: str) -> None:
    said, advice = caution_words(caution)
    assert seen in said
    assert do in advice


def test_steady_processes_need_no_more_of_them() -> None:
    said = " ".join(noise_lines(sample_inspection(processes=(0.0100, 0.0101, 0.0100))))
    assert "one process tells" in said
    assert "--processes" not in said


def test_copies_that_differ_for_good_are_told() -> None:
    apart = Series(blocks=(0.021, 0.019) * 10, seconds=5.0, call_seconds=0.01)
    assert "the two copies differ by 2.02 % for good" in " ".join(noise_lines(sample_inspection(series=apart)))


def test_the_document_holds_what_follows_from_the_raw_numbers() -> None:
    seen = sample_inspection(cautions=(Caution(kind="turbo"),))
    document = json.loads(machine_document(seen))
    assert document["hash"] == short_hash(seen.fingerprint)
    assert document["smallest_change"] == smallest_change(seen.series.blocks)
    assert document["processes_differ"] == pytest.approx(0.0451, abs=1e-4)
    assert document["advice"][0]["seen"] == caution_words(seen.cautions[0])[0]
    assert json.loads(machine_document(sample_inspection(processes=())))["processes_differ"] is None
