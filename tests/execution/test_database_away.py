"""A run whose MLflow server loses its PostgreSQL, which is restarted or stays away, at one write or another."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import postgresql
import pytest
from alike import assert_alike
from cutting import WRITES
from mlflow import MlflowClient
from postgresql import Database

from bench.cli import main
from bench.execution import run_studies
from bench.protocol.preset import load_preset, resolve
from bench.tracking import Outbox, Store, outbox

pytest.importorskip("psycopg", reason="no driver: python -m pip install 'bptt-bench[postgresql]'")
if postgresql.programs() is None:
    pytest.skip("PostgreSQL is not installed: apt-get install postgresql", allow_module_level=True)

PRESET = """
title: {en: Away, zh: 离线}
description: {en: Away., zh: 离线。}
techniques: [tanh]
tasks: {adding: {lags: [2]}}
measured_seeds: 2
protocol:
  {hidden_size: 4, batch_size: 4, updates: 8, evaluate_every: 4, held_out_size: 8,
   learning_rates: [0.03, 0.01], tuning_seeds: 1}
"""
"""Two cohorts of two members: tuning, and what it chooses."""
WITHIN_THE_FIRST = 9
"""A write in the middle of the first cohort, with or without the study's five before it."""
AFTER_THE_FIRST = 19
"""One in the middle of the second, with or without them."""


@pytest.fixture(scope="module")
def database() -> Iterator[Database]:
    """A database of the module's own, for it is stopped."""
    with postgresql.running() as found:
        yield found


@pytest.fixture(scope="module")
def server(database: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server on it, with the settings that compose.yaml has."""
    with postgresql.served(database.address, tmp_path_factory.mktemp("served"), in_one=True) as address:
        yield address


@pytest.fixture
def empty(server: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """The address of the server, which has no results; what waits to be tried again is tried soon."""
    monkeypatch.setattr(outbox, "PAUSE", 0.0)
    store = Store.open(server)
    with store.lock():
        store.delete("cohorts", set(store.members()["cohort"]))
    return server


@pytest.fixture(scope="module")
def preset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("preset") / "preset.yaml"
    file.write_text(PRESET, encoding="utf-8")
    return file


@pytest.fixture(scope="module")
def undisturbed(preset: Path, tmp_path_factory: pytest.TempPathFactory) -> Store:
    """A store of a run to which nothing happened."""
    store = Store.open(str(tmp_path_factory.mktemp("undisturbed")))
    run_studies([resolve(load_preset(str(preset)))], store, jobs=1)
    return store


def before_write(number: int, act: Callable[[], None], monkeypatch: pytest.MonkeyPatch) -> None:
    """Have `act` called before the so-manieth write to MLflow."""
    count = 0

    def before(write: Callable) -> Callable:
        def call(*args: object, **kwargs: object) -> object:
            nonlocal count
            count += 1
            if count == number:
                act()
            return write(*args, **kwargs)

        return call

    for name in WRITES:
        monkeypatch.setattr(MlflowClient, name, before(getattr(MlflowClient, name)))


def run(preset: Path, address: str) -> int:
    return main(["run", "--preset", str(preset), "--store", address, "--jobs", "1", "--no-history"])


@pytest.mark.parametrize("mode", ["fast", "immediate"])
def test_a_restart_changes_nothing(mode, database, empty, preset, undisturbed, monkeypatch, capfd):
    def restart() -> None:
        database.stop(mode)
        database.start()

    before_write(WITHIN_THE_FIRST, restart, monkeypatch)
    assert run(preset, empty) == 0
    assert "Runs trained: 4; failed: 0; already stored: 0." in capfd.readouterr().err
    assert_alike(Store.open(empty), undisturbed)


@pytest.mark.parametrize(("write", "waiting"), [(WITHIN_THE_FIRST, 2), (AFTER_THE_FIRST, 1)])
def test_what_finishes_while_it_is_away_waits_for_the_next_run(
    write, waiting, database, empty, preset, undisturbed, monkeypatch, capfd
):
    with monkeypatch.context() as patch:
        before_write(write, database.stop, patch)
        try:
            assert run(preset, empty) == 1
        finally:
            database.start()
    said = capfd.readouterr().err
    assert "Runs trained: 4; failed: 0; already stored: 0." in said, "it trains on without a database"
    sentence = "2 files of finished runs are" if waiting == 2 else "1 file of finished runs is"
    box = Outbox(Store.open(empty))
    assert len(box) == waiting
    assert re.search(
        rf"^{sentence} waiting in {box.folder} and will be sent by the next run: The server at {empty} answers 503 ",
        said,
        re.M,
    )
    assert "Traceback" not in said

    assert run(preset, empty) == 0
    assert "Runs trained: 0; failed: 0; already stored: 4." in capfd.readouterr().err
    assert len(box) == 0
    assert_alike(Store.open(empty), undisturbed)
