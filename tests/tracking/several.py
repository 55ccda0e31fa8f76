"""A program in which several machines write to one MLflow server at once, round after round, while others read.

    python tests/tracking/several.py --rounds 200 --writers 8

Each writer has its own state folder, as a machine has. In a round all write the same cohort and one of their own, each
after a repair; readers look on, and must see whole cohorts only and at least those whose writing had ended when they
began to look. It starts a PostgreSQL and an MLflow server of its own, and empties their tables after each round. With
--direct there is no server: all go to the database, and to one folder of files.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import sys
import tempfile
import time
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

sys.path += [str(Path(__file__).parents[1])]

import postgresql
import pyarrow.parquet  # noqa: F401  once, not in every child
from made_up.cohorts import cohort, result

from bench.records.settings import Cohort
from bench.tracking import Store

SHARED = "gru"
SEEDS = 2
PAUSE = 0.2
"""Seconds between two looks of a reader."""
PATIENCE = 300
"""Seconds after which a round is taken to hang."""

_fork: Any = multiprocessing.get_context("fork")


def own(number: int) -> Cohort:
    """What the writer of this number alone writes."""
    return cohort("tanh", lag=10 + number, seeds=SEEDS)


def cohorts(writers: int) -> list[Cohort]:
    """All that is written in a round: what all write, and then each one's own."""
    return [cohort(SHARED, seeds=SEEDS), *map(own, range(writers))]


def play(address: str, folder: Path, rounds: int, writers: int, readers: int, database: str = "") -> list[str]:
    """Play rounds against the server at an address; what went wrong, a line each. database: what is emptied between."""
    gate, done = _fork.Barrier(writers + readers + 1), _fork.Value("i", 0)
    written, wrong = _fork.Array("i", writers + 1), _fork.SimpleQueue()
    parts = [(_write, number) for number in range(writers)] + [(_read, writers + n) for n in range(readers)]
    crew = [
        _fork.Process(target=_part, args=(part, number, address, folder, rounds, (gate, done, written, wrong)))
        for part, number in parts
    ]
    for process in crew:
        process.start()
    store = _prepared(address, writers)  # after the fork: connections are not to be shared
    gate.wait(PATIENCE)
    found: list[str] = []
    started = time.monotonic()
    for number in range(1, rounds + 1):
        for place in range(writers + 1):
            written[place] = 0
        done.value = 0
        gate.wait(PATIENCE)  # all together
        gate.wait(PATIENCE)  # and all at their end
        faults = [wrong.get() for _ in iter(wrong.empty, True)] + list(_left(store, writers))
        for fault in faults:
            found.append(f"round {number}: {fault}")
            print(found[-1], flush=True)
        if database:
            _empty(database)
        if number % 10 == 0 or number == rounds:
            print(f"{number} rounds, {len(found)} faults, {time.monotonic() - started:.0f} s", flush=True)
    for process in crew:
        process.join(PATIENCE)
    return found


def _prepared(address: str, writers: int) -> Store:
    """The store, with all the experiments that are needed."""
    store = Store.open(address)
    for what in cohorts(writers)[:2]:
        store.write_cohort(result(what))
        store.delete("cohorts", {what.key})
    return store


def _part(part: Any, number: int, address: str, folder: Path, rounds: int, shared: Sequence[Any]) -> None:
    os.environ["XDG_STATE_HOME"] = str(folder / str(number))  # one a machine: with the same they would take turns
    gate, done, written, wrong = shared
    gate.wait(PATIENCE)
    store = Store.open(address)
    for _ in range(rounds):
        gate.wait(PATIENCE)
        try:
            part(store, number, done, written)
        except Exception:
            wrong.put(f"{part.__name__} {number}: {traceback.format_exc()}")
        gate.wait(PATIENCE)


def _write(store: Store, number: int, done: Any, written: Any) -> None:
    try:
        with store.lock():
            store.repair()
            store.write_cohort(result(cohort(SHARED, seeds=SEEDS)))
            written[0] = 1
            store.write_cohort(result(own(number)))
            written[1 + number] = 1
    finally:
        with done.get_lock():
            done.value += 1


def _read(store: Store, _: int, done: Any, written: Any) -> None:
    writers = len(written) - 1
    keys, seen = [what.key for what in cohorts(writers)], set[str]()
    while True:
        last = done.value == writers
        due = seen | {key for key, whole in zip(keys, written, strict=True) if whole}
        found = store.members().groupby("cohort").size()
        partial = found[found != SEEDS]
        assert partial.empty, f"partial: {partial.to_dict()}"
        assert due <= set(found.index), f"seen {sorted(found.index)}, but whole before were {sorted(due)}"
        seen = set(found.index)
        if last:
            return
        time.sleep(PAUSE)


def _left(store: Store, writers: int) -> Iterator[str]:
    """What is wrong with a store after a round."""
    due = cohorts(writers)
    rows = sorted(store.members()["cohort"])
    if rows != sorted(what.key for what in due for _ in range(SEEDS)):
        yield f"{len(rows)} rows, not {SEEDS * len(due)}"
    experiments = [e.experiment_id for e in store.client.search_experiments() if e.name != "Default"]
    runs = len(store.client.search_runs(experiments))
    if runs != (SEEDS + 1) * len(due):
        yield f"{runs} runs, not {(SEEDS + 1) * len(due)}"
    if cut := store.repair():
        yield f"{cut} cohorts cut off"


def _empty(database: str) -> None:
    import psycopg

    with psycopg.connect(database.replace("+psycopg", "")) as connection:
        connection.execute("TRUNCATE runs CASCADE")


@contextmanager
def _started(direct: bool) -> Iterator[tuple[str, str, Path]]:
    """The address to write to, the database's and a folder."""
    with tempfile.TemporaryDirectory() as folder, postgresql.running() as database:
        where = database.address
        os.chdir(folder)  # where direct writers keep their files
        with nullcontext(where) if direct else postgresql.served(where, Path(folder)) as address:
            yield address, where, Path(folder)


def main() -> int:
    """Play as the command line says; 1 if anything went wrong."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    for name, default in (("rounds", 200), ("writers", 3), ("readers", 1)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--direct", action="store_true")
    parser.add_argument("--address", help="of a server that runs, and keeps what is written")
    words = parser.parse_args()
    given = nullcontext((words.address, "", Path.cwd()))
    with given if words.address else _started(words.direct) as (address, database, folder):
        found = play(address, folder, words.rounds, words.writers, words.readers, database)
    print(f"{words.rounds} rounds, {words.writers} writers, {words.readers} readers: {len(found)} faults")
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())
