"""Several machines at one store, each interleaving forced: at a chosen call to MLflow the other machine goes on."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace

import pytest
from made_up.cohorts import cohort, result
from mlflow import MlflowClient

from bench.errors import BenchError
from bench.tracking import Store, records
from bench.tracking.layout import BEGUN, COMPLETE, KEY

PATIENCE = 60
WHAT = result(cohort(seeds=1), evaluations=1)


class Machine(Store):
    """A store as one of several machines has it: with a client and a writer's name of its own."""

    def __init__(self, store: Store, name: str) -> None:
        uri = f"sqlite:///{store.location.database.parent}/{'./' * len(name)}mlflow.db"  # tells the state folders apart
        super().__init__(replace(store.location, database=None, uri=uri), MlflowClient(store.uri))
        self.calls = 0
        self.before: Callable[[int, str], None] = lambda *_: None
        for call in ("create_run", "log_batch", "set_terminated", "log_artifacts", "set_tag", "delete_run", "get_run"):
            self._watch(call)
        for call in ("search_runs", "search_experiments", "restore_run"):
            self._watch(call)

    def _watch(self, name: str) -> None:
        inner = getattr(self.client, name)

        def call(*args, **kwargs):
            self.calls += 1
            self.before(self.calls, " ".join([name, *map(str, args[1:3])]))
            return inner(*args, **kwargs)

        setattr(self.client, name, call)


class Paused:
    """A machine that has written a cohort but for its mark, and waits."""

    def __init__(self, machine: Machine) -> None:
        self.error: BenchError | None = None
        self._here, self._on = threading.Event(), threading.Event()
        machine.before = self._wait
        self._thread = threading.Thread(target=self._write, args=(machine,))
        self._thread.start()
        assert self._here.wait(PATIENCE)

    def _wait(self, _: int, call: str) -> None:
        if call == f"set_tag {COMPLETE} yes":
            self._here.set()
            assert self._on.wait(PATIENCE)

    def _write(self, machine: Machine) -> None:
        try:
            machine.write_cohort(WHAT)
        except BenchError as error:
            self.error = error

    def finish(self) -> None:
        """Let it go on to its end."""
        self._on.set()
        self._thread.join(PATIENCE)


@contextmanager
def finishing(paused: Paused, machine: Machine, at: int) -> Iterator[list[str]]:
    """Have a paused machine go on to its end before the other's call of this number; the calls up to then."""
    calls: list[str] = []
    first = machine.calls

    def before(number: int, call: str) -> None:
        calls.append(call)
        if number == first + at:
            paused.finish()

    machine.before = before
    try:
        yield calls
    finally:
        machine.before = lambda *_: None
        paused.finish()


@pytest.fixture
def machines(store) -> tuple[Machine, Machine]:
    return Machine(store, "a"), Machine(store, "bb")


def points(store: Store, work: Callable[[Paused, int], list[str]], since: str, only: tuple[str, ...] = ("",)) -> None:
    """Do some work again and again, the cohort gone in between: once for each call to MLflow from a certain one on."""
    calls = work(Paused(Machine(store, "a")), 0)
    first = next(number for number, call in enumerate(calls) if call.startswith(since))
    for at in [number + 1 for number in range(first, len(calls)) if calls[number].startswith(only)]:
        store.delete("cohorts", {WHAT.cohort.key})
        work(Paused(Machine(store, "a")), at)


def test_what_two_write_at_once_is_kept_whichever_is_first(store):
    def write(paused: Paused, at: int) -> list[str]:
        other = Machine(store, "bb")
        with finishing(paused, other, at) as calls:
            other.write_cohort(WHAT)
        assert paused.error is None, at
        found = store.members()
        assert sorted(found["seed"]) == [1], f"lost or doubled when the other ended before call {at}: {calls}"
        running = store.client.search_runs(store.records.tasks())
        assert sorted(found["mlflow_run_id"]) == sorted(run.info.run_id for run in running), at
        return calls

    points(store, write, f"set_tag {COMPLETE}")


def test_who_reads_meanwhile_sees_what_was_whole(store):
    """The first, complete at last, has its twin removed, while that is being read."""

    def read(paused: Paused, at: int) -> list[str]:
        Machine(store, "bb").write_cohort(WHAT)
        reader = Machine(store, "ccc")
        with finishing(paused, reader, at) as calls:
            found = reader.members()
        assert sorted(found["seed"]) == [1], f"when the other ended before call {at} of {calls}"
        return calls

    points(store, read, "search_runs")


def test_a_file_that_went_with_a_twin_is_read_from_the_other(store, monkeypatch):
    paused = Paused(Machine(store, "a"))
    reader = Machine(store, "ccc")
    Machine(store, "bb").write_cohort(WHAT)
    fetch = reader._fetch

    def late(*args):
        paused.finish()
        return fetch(*args)

    monkeypatch.setattr(reader, "_fetch", late)
    assert sorted(reader.members()["seed"]) == [1]


def test_repair_never_takes_what_has_just_been_completed(store, monkeypatch):
    """Not even of a writer that is taken for dead; or else that one hears of it, and what it has waits."""
    monkeypatch.setattr(records, "GRACE", -1)

    def repair(paused: Paused, at: int) -> list[str]:
        other = Machine(store, "bb")
        with finishing(paused, other, at) as calls:
            other.repair()
        kept = sorted(store.members()["seed"])
        assert kept == ([] if paused.error else [1]), f"when it was completed before call {at} of {calls}"
        return calls

    points(store, repair, "search_runs", ("search_runs", "delete_run", "get_run", "restore_run", "set_tag"))


def test_two_that_repair_at_once_do_not_stumble(store, monkeypatch):
    monkeypatch.setattr(records, "GRACE", -1)

    def repair(paused: Paused, at: int) -> list[str]:
        one, other = Machine(store, "bb"), Machine(store, "ccc")
        calls: list[str] = []

        def before(number: int, call: str) -> None:
            calls.append(call)
            if number == at:
                other.repair()

        one.before = before
        one.repair()
        paused.finish()
        assert paused.error is not None
        return calls

    points(store, repair, "delete_run", ("delete_run", "get_run", "restore_run", "set_tag"))


@pytest.mark.parametrize(("begun", "left"), [(0, 1), (None, 0)], ids=["long ago", "just now"])
def test_age_is_told_by_the_servers_clock(store, machines, begun, left):
    """The writer's own clock is years ahead, or behind."""
    writer, other = machines
    for start in (1, 4_000_000_000_000):
        with monkeypatched_start(writer, start), suppress(BenchError):
            writer.write_cohort(WHAT)
        (record,) = store.client.search_runs(store.records.of("cohorts"))
        assert (record.info.start_time, record.data.tags[KEY]) == (start, WHAT.cohort.key)
        if begun is not None:
            store.client.set_tag(record.info.run_id, BEGUN, str(begun))
        store.client.delete_tag(record.info.run_id, COMPLETE)
        assert other.repair() == left
        with store.lock():
            store.repair()


@contextmanager
def monkeypatched_start(machine: Machine, start: int) -> Iterator[None]:
    create = machine.client.create_run
    machine.client.create_run = lambda experiment, start_time=None, *args, **kwargs: create(
        experiment, start_time or start, *args, **kwargs
    )
    try:
        yield
    finally:
        machine.client.create_run = create
