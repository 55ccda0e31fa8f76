"""Many programs at once on one store."""

import os
import subprocess
import sys

import pytest

from bench.errors import BusyError
from bench.tracking import Store

PROCESSES = 8
ROUNDS = 2

PROGRAM = """
import os, sys
import alembic.command, pyarrow.parquet  # once, not in every child
from made_up.cohorts import cohort, result
from bench.tracking import Store

count, warm, *folders = sys.argv[1:]
Store.open(warm).write_cohort(result())  # what a program does the first time, once
for folder in folders:
    gate, opener = os.pipe()
    children = []
    for number in range(int(count)):
        children.append(os.fork())
        if not children[-1]:
            os.close(opener)
            os.read(gate, 1)  # all together
            heard = []
            store = Store.open(folder)
            with store.lock(heard.append):
                store.repair()
                store.write_cohort(result(cohort("tanh", lag=10 + number, seeds=1)))
            os._exit(100 if heard else 0)
    os.close(opener)
    print(*(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children))
    os.close(gate)
"""


def test_eight_that_start_at_once_make_one_store_and_take_turns(tmp_path, store):
    folders = [tmp_path / f"round-{n}" for n in range(ROUNDS)]
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(PROCESSES), store.uri, *map(str, folders)],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    ends = [[int(end) for end in line.split()] for line in done.stdout.splitlines()]
    assert [len(line) for line in ends] == [PROCESSES] * ROUNDS
    assert {end for line in ends for end in line} <= {0, 100}, done.stderr
    assert any(100 in line for line in ends), "nobody had to wait: the test shows nothing"
    for folder in folders:
        store = Store.open(str(folder), create=False)
        assert sorted(store.members()["lag"]) == [10 + n for n in range(PROCESSES)]
        assert len(store.client.search_experiments(filter_string="name LIKE 'bptt-bench%'")) == 2


def test_a_holder_that_has_not_signed_yet(store):
    with store.lock():
        store.location.database.with_name("mlflow.db.pid").write_text("")
        with pytest.raises(BusyError, match="by another process"), Store.open(store.uri).lock():
            pass
