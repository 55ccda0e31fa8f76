"""A program that starts `bptt-bench run` again and again and cuts it off, until it has finished a few stores.

Arguments: a folder with an empty database, a preset file, how many cuts, a seed. It writes a line a start: the store,
how it was to be cut off, and how it ended. It is a program of its own because it forks: what takes seconds to import
is imported once, and a start then takes half a second.
"""

import json
import multiprocessing
import os
import random
import shutil
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import alembic.command  # noqa: F401  MLflow imports these late
import pyarrow.parquet  # noqa: F401
from mlflow import MlflowClient

from bench.cli import main
from bench.evidence import verdicts
from bench.evidence.claims import source_claims
from bench.execution import crew, preload, sampling  # noqa: F401
from bench.execution import run as runs
from bench.history import take
from bench.tracking import Store

WRITES = ("create_run", "log_batch", "set_terminated", "log_artifacts", "set_tag")
SIGNALS = (signal.SIGKILL, signal.SIGKILL, signal.SIGKILL, signal.SIGTERM, signal.SIGINT)
FURTHEST = 30
"""Writes, three cohorts' worth, after which a run is cut off at the latest."""
LONGEST = 1.2
"""Seconds, about those of a whole run on an idle machine."""


def time_little() -> None:
    """Have runs time techniques in two processes and sample speeds in one: others would add to rows of one table."""
    runs.PROCESSES, sampling.PROCESSES = 2, 1


def judge_little() -> None:
    """Have runs judge two claims, which take a fraction of the time of all."""
    few = source_claims()[:2]
    for module in (verdicts, take):
        module.source_claims = lambda: few


def judge_no_more(store: Path) -> None:
    """Have later runs put down the verdicts on this store: judging takes longer than all else and writes nothing."""
    known = verdicts.judge(Store.open(str(store)))
    take.judge_scopes = lambda found: known


def cut_at_write(number: int, kind: signal.Signals) -> None:
    """Have this process and its workers signalled just before its so-manieth write to MLflow."""
    count = 0

    def before(write: Callable) -> Callable:
        def call(*args: object, **kwargs: object) -> object:
            nonlocal count
            count += 1
            if count == number:
                os.killpg(0, kind)
            return write(*args, **kwargs)

        return call

    for name in WRITES:
        setattr(MlflowClient, name, before(getattr(MlflowClient, name)))


def run(store: Path, preset: str, at_write: int = 0, kind: signal.Signals = signal.SIGKILL) -> int:
    """In a new process group: one run; its process id."""
    child = os.fork()
    if child:
        os.setpgid(child, child)
        return child
    os.setpgid(0, 0)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    with (store / "log").open("a") as log:
        os.dup2(log.fileno(), sys.stderr.fileno())
    forking = multiprocessing.get_context("fork")  # workers that die with the group, and start at once
    crew.mp = SimpleNamespace(
        get_all_start_methods=lambda: (),
        get_context=lambda _: forking,
        parent_process=multiprocessing.parent_process,
    )
    if at_write:
        cut_at_write(at_write, kind)
    os._exit(main(["run", "--preset", preset, "--store", str(store), "--jobs", "2"]))


def ended(child: int) -> int:
    """Wait for a run: its exit code, or the negative number of the signal that ended it."""
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def cut(store: Path, preset: str, dice: random.Random) -> tuple[str, int]:
    """Start a run and cut it off at a random point: (how, its exit code)."""
    if dice.random() < 0.5:
        delay = dice.uniform(0, LONGEST)
        child = run(store, preset)
        time.sleep(delay)
        os.killpg(child, signal.SIGKILL)
        return f"SIGKILL after {delay:.2f} s", ended(child)
    number, kind = dice.randint(1, FURTHEST), dice.choice(SIGNALS)
    return f"{kind.name} before write {number}", ended(run(store, preset, number, kind))


def all_cuts(folder: Path, preset: str, cuts: int, seed: int) -> None:
    """One undisturbed run; then runs that are cut off, each on the store that the one before left."""
    dice = random.Random(seed)
    time_little()
    judge_little()
    done, stores = 0, 0
    while True:
        store = folder / f"store-{stores}"
        store.mkdir()
        shutil.copyfile(folder / "mlflow.db", store / "mlflow.db")
        status, stores = None, stores + 1
        while status != 0:
            how, status = cut(store, preset, dice) if stores > 1 and done < cuts else ("", ended(run(store, preset)))
            done += status != 0
            if stores == 1:
                judge_no_more(store)
            print(json.dumps([store.name, how, status]), flush=True)
        if done >= cuts:
            return


if __name__ == "__main__":
    all_cuts(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
