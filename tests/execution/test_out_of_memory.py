"""A cohort that takes more memory than there is has failed, for a reason that says so, and the others go on."""

import os
import re
import shlex
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from bench.execution import run_studies
from bench.protocol.preset import Selectors, load_preset, resolve
from bench.registry import load_plugin
from bench.tasks import tasks
from bench.techniques import techniques
from bench.tracking import Store

PLUGIN = """
import resource
from pathlib import Path

import numpy
import torch

from bench.techniques.tanh import Tanh


class Hungry(Tanh):
    limit = True

    def accumulate(self, inputs, targets):
        if self.limit:
            own = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
            resource.setrlimit(resource.RLIMIT_AS, (own + 200_000_000, own + 200_000_000))
        hoard = []
        while True:
            hoard.append(self.piece(len(hoard)))


class Tensors(Hungry):
    name = "tensors"
    piece = lambda self, number: torch.ones(1_000_000)


class Blocks(Hungry):
    name = "blocks"
    piece = lambda self, number: bytearray(1_000_000)


class Arrays(Hungry):
    name = "arrays"
    piece = lambda self, number: numpy.ones(1000)


class Numbers(Hungry):
    name = "numbers"
    piece = lambda self, number: [number + 0.5]


class Endless(Tensors):
    name = "endless"
    limit = False


class Fine(Tanh):
    name = "fine"
"""
PATIENCE = 120
"""Seconds that a busy machine may take for what takes none."""
LITTLE = {"tasks": ("adding",), "lags": (2,), "updates": 20, "learning_rates": (0.01,), "seeds": 2}
ROOM = 2_000_000_000
"""Bytes for a whole run: the program and its server of processes take half of them."""


@pytest.fixture
def plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A file with techniques that take memory without end, registered."""
    file = tmp_path / "hungry.py"
    file.write_text(PLUGIN)
    monkeypatch.setattr(techniques, "_found", dict(techniques.all()))
    load_plugin(file, [tasks, techniques])
    return str(file)


def test_who_finds_no_more_memory_says_so_and_the_rest_goes_on(store: Store, plugin: str) -> None:
    """Also where none is left to say it with."""
    hungry = ("tensors", "blocks", "arrays", "numbers")
    wanted = resolve(load_preset("smoke"), Selectors(techniques=(*hungry, "fine"), **LITTLE))
    summary = run_studies([wanted], store, jobs=1, plugins=[plugin])
    reasons = {row["technique"]: row["reason"] for row in summary.failures}
    assert set(reasons) == set(hungry)
    short = re.escape("it ran out of memory; use fewer --jobs, smaller batches or smaller networks (")
    assert all(re.match(rf"{short}(\w*MemoryError|RuntimeError: .*can't allocate memory)", r) for r in reasons.values())
    failed = store.members().groupby("technique")["outcome"].agg(set)
    assert all(failed[name] == {"failed"} for name in hungry)
    assert "failed" not in failed["fine"]


@contextmanager
def control_group(limit: int) -> Iterator[Path]:
    """A control group whose processes have so many bytes of memory together; skips the test where none can be made."""
    own = dict(line.split(":", 2)[1:] for line in Path("/proc/self/cgroup").read_text().splitlines())
    parent, file = Path("/sys/fs/cgroup/memory" + own.get("memory", "")), "memory.limit_in_bytes"
    if "memory" not in own:  # version 2, whose groups with processes have no groups within
        parent, file = Path("/sys/fs/cgroup"), "memory.max"
    group = parent / f"bench-{os.getpid()}"
    try:
        group.mkdir()
        (group / file).write_text(str(limit))
        for swap in group.glob("memory.swap.max"):
            swap.write_text("0")
    except OSError:
        with suppress(OSError):
            group.rmdir()
        pytest.skip("no control group for memory can be made here")
    try:
        yield group
    finally:
        _leave(group)


def _leave(group: Path) -> None:
    """Remove a control group, once the processes that the program's end ends, too, are gone."""
    deadline = time.monotonic() + PATIENCE
    while (group / "cgroup.procs").read_text() and time.monotonic() < deadline:
        time.sleep(0.05)
    group.rmdir()


def test_who_is_killed_where_memory_ends_is_the_cohort_and_not_the_program(store: Store, plugin: str) -> None:
    enters = 'echo $$ > "$0" && exec "$@"'
    program = "import sys; from bench.cli import main; from bench.execution import run; run.PROCESSES = 2; "
    program += "sys.exit(main())"
    words = ["run", "--preset", "smoke", "--store", store.uri, "--plugin", plugin, "--technique", "endless,fine"]
    words += shlex.split("--task adding --lag 2 --updates 20 --learning-rate 0.01 --seeds 2 --no-history")
    with control_group(ROOM) as group:
        ran = subprocess.run(
            ["sh", "-c", enters, group / "cgroup.procs", sys.executable, "-W", "ignore", "-c", program, *words],
            env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
            capture_output=True,
            text=True,
            check=False,
        )
    assert ran.returncode == 1, ran.stderr
    assert re.search(
        "^endless .* the process was ended by SIGKILL, perhaps because memory ran out$", ran.stderr, re.MULTILINE
    )
    outcomes = store.members().groupby("technique")["outcome"].agg(set)
    assert outcomes["endless"] == {"failed"}
    assert "failed" not in outcomes["fine"]
