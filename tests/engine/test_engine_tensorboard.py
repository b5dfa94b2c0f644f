"""A report in the real TensorBoard: its plug-ins find a fit's curves and its trace. One server for the module."""

import gzip
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import ProxyHandler, build_opener

import pytest
from runs import run_small, small_spec

from benchbox.engine.hotspots import LAYER

# Far more than it takes: a server that comes up late is waited for, one that never comes is a failure.
PATIENCE = 90.0
PAUSE = 0.1
RUN = "trace/run"
PROFILER = "pytorch_profiler"
Got = TypeVar("Got")


@pytest.fixture(scope="module")
def folder(pictures: Path, own_networks: Path, cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of a profiled fit."""
    folder = tmp_path_factory.mktemp("report")
    record = run_small(
        small_spec(pictures, f"{own_networks}:small", cache=cache), folder, cache=cache, profiles=True
    )
    assert "trace" in record.files, record.actual.notes
    return folder


@pytest.fixture(scope="module")
def server(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a TensorBoard on the report, reached through a link as `reports/latest` is one."""
    scratch = tmp_path_factory.mktemp("server")
    log = scratch / "log.txt"
    (scratch / "latest").symlink_to(folder, target_is_directory=True)
    command = [sys.executable, "-m", "tensorboard.main", "--host", "127.0.0.1", "--port", "0"]
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*command, "--logdir", str(scratch / "latest")],
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**os.environ, "TMPDIR": str(scratch), "OMP_NUM_THREADS": "1"},
        )
    try:
        yield _until(lambda: _address(process, log))
    finally:
        process.terminate()
        process.wait(timeout=PATIENCE)


def _address(process: "subprocess.Popen[bytes]", log: Path) -> str | None:
    said = log.read_text()
    if process.poll() is not None:
        pytest.fail(f"TensorBoard ended with {process.returncode}: {said}")
    found = re.search(r"http://127\.0\.0\.1:\d+/", said)
    return found[0] if found else None


def _until(look: Callable[[], Got | None]) -> Got:
    """What `look` returns once it is something. Fails after PATIENCE."""
    began = time.monotonic()
    while time.monotonic() - began < PATIENCE:
        seen = look()
        if seen:
            return seen
        time.sleep(PAUSE)
    pytest.fail(f"nothing came in {PATIENCE} s")


def ask(server: str, plugin: str, view: str, /, **query: str) -> Any:
    """The JSON answer of a plug-in's view. No proxy of the environment's stands between."""
    url = f"{server}data/plugin/{plugin}/{view}?{urlencode(query)}"
    with build_opener(ProxyHandler({})).open(url, timeout=PATIENCE) as answer:
        content = answer.read()
        packed = answer.headers.get("Content-Encoding") == "gzip"
    return json.loads(gzip.decompress(content) if packed else content)


@pytest.fixture(scope="module")
def loaded(server: str) -> str:
    """The server, once the plug-in has read the run."""
    runs = _until(lambda: ask(server, PROFILER, "runs")["runs"])
    assert runs == [RUN]
    return server


def test_the_plug_in_has_views_of_our_run(loaded: str) -> None:
    assert {"Overview", "Operator", "Trace"} <= set(ask(loaded, PROFILER, "views", run=RUN))
    assert ask(loaded, PROFILER, "workers", run=RUN, view="Overview") == ["cpu"]
    assert ask(loaded, PROFILER, "spans", run=RUN, worker="cpu") == ["1"]


def test_the_overview_splits_every_profiled_step(loaded: str) -> None:
    overview = ask(loaded, PROFILER, "overview", run=RUN, worker="cpu", span="1")
    assert {"title": "Device Type", "value": "CPU"} in overview["environments"]
    assert len(overview["steps"]["rows"]) == 5


def test_the_operators_are_those_of_the_network(loaded: str) -> None:
    table = ask(loaded, PROFILER, "operation/table", run=RUN, worker="cpu", span="1", group_by="Operation")
    assert "aten::addmm" in {line["name"] for line in table["data"]}


def test_the_trace_view_gets_our_layers(loaded: str) -> None:
    trace = ask(loaded, PROFILER, "trace", run=RUN, worker="cpu", span="1")
    names = {event.get("name") for event in trace["traceEvents"]}
    assert {f"{LAYER}pool", f"{LAYER}head"} <= names


def test_the_curves_of_the_fit_are_there_too(loaded: str) -> None:
    tags = _until(lambda: ask(loaded, "scalars", "tags"))
    assert "accuracy/test" in tags["tensorboard/run"]


def test_a_run_that_is_not_there_is_not_found(loaded: str) -> None:
    with pytest.raises(HTTPError, match="404") as raised:
        ask(loaded, PROFILER, "views", run="trace/other")
    raised.value.close()
