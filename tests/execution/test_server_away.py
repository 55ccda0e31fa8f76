"""A run whose MLflow server goes away, on a real server behind a door that can be shut in several ways."""

import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import requests
from alike import assert_alike
from ports import free_port
from served import PATIENCE, mlflow_server

from bench.execution import run_studies
from bench.protocol.preset import Selectors, load_preset, resolve
from bench.tracking import Outbox, Store, opening, outbox

WANTED = resolve(
    load_preset("smoke"),
    Selectors(techniques=("tanh",), tasks=("adding",), updates=4, learning_rates=(0.03, 0.01), seeds=2),
)
"""Two cohorts: tuning, and what it chooses."""
MEMBERS_FIRST = 2
"""The batch that logs the first member; before it there is the study's."""
OF_A_CLIENT = ("Content-Type", "Content-Length", "Accept", "X-Mlflow-Client")


class Door(ThreadingHTTPServer):
    """Passes requests on to a server, unless `fault(how many so far)` says otherwise.

    'refuse': the connection is cut. '503': answered so. 'hang': answered after a while. 'lose': passed on, but the
    answer is cut off.
    """

    daemon_threads = True
    fault: Callable[[int], str | None] = staticmethod(lambda _: None)

    def __init__(self, behind: str) -> None:
        super().__init__(("127.0.0.1", 0), _Visitor)
        self.behind, self.count = behind, 0
        self.address = f"http://127.0.0.1:{self.server_address[1]}"

    def shut(self, fault: Callable[[int], str | None]) -> None:
        """From now on, fail as `fault` says of the requests' numbers, from 1."""
        self.count, self.fault = 0, fault

    def handle_error(self, *_: object) -> None:
        """A client that has gone away is what we play at."""


class _Visitor(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        door = self.server
        door.count += 1
        fault = door.fault(door.count)
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if fault == "hang":
            time.sleep(3)
        if fault == "503":
            self.send_error(503)
            return
        if fault != "refuse":
            headers = {name: value for name, value in self.headers.items() if name in OF_A_CLIENT}
            answer = requests.request(self.command, door.behind + self.path, data=body, headers=headers, timeout=60)
        if fault:
            self.close_connection = True
            self.connection.close()
            return
        self.send_response(answer.status_code)
        self.send_header("Content-Type", answer.headers.get("Content-Type", ""))
        self.send_header("Content-Length", str(len(answer.content)))
        self.end_headers()
        self.wfile.write(answer.content)

    do_POST = do_PUT = do_PATCH = do_DELETE = do_GET  # noqa: N815

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a real server on an empty store."""
    folder = tmp_path_factory.mktemp("served")
    store = Store.open(str(folder))
    with free_port() as port, mlflow_server(store, port, folder) as address:
        yield address


@pytest.fixture
def door(server: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Door]:
    """A door before a server that has no results; what waits to be tried again is tried soon."""
    monkeypatch.setattr(outbox, "PAUSE", 0.0)
    _expect_answers_within(PATIENCE, monkeypatch)
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR", "0")
    behind = Store.open(server)
    behind.delete("cohorts", set(behind.members()["cohort"]))
    with Door(server) as door:
        threading.Thread(target=door.serve_forever, daemon=True).start()
        yield door
        door.shutdown()


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """A store of a run to which nothing happened."""
    store = Store.open(str(tmp_path_factory.mktemp("undisturbed")))
    run_studies([WANTED], store, jobs=1)
    return store


def _expect_answers_within(seconds: float, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "PATIENCE", seconds)
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", str(seconds))


@pytest.mark.parametrize("how", ["503", "hang"])
def test_what_is_finished_while_it_is_away_waits_for_the_next_run(door, server, undisturbed, how, monkeypatch):
    """It goes when half of the first cohort has been written."""

    def away() -> None:
        door.shut(lambda _: how)
        _expect_answers_within(1, monkeypatch)

    store = Store.open(door.address)
    _after_writes(store, MEMBERS_FIRST, away, monkeypatch)
    summary = run_studies([WANTED], store, jobs=1)
    assert summary.trained == len(undisturbed.members())
    box = Outbox(store)
    assert len(box) == 2
    assert f"2 files of finished runs are waiting in {box.folder}" in summary.trouble
    assert Store.open(server).members().empty

    door.shut(lambda _: None)
    _expect_answers_within(PATIENCE, monkeypatch)
    again = run_studies([WANTED], store, jobs=1)
    assert (again.trained, again.cached, again.trouble) == (0, summary.trained, "")
    assert len(box) == 0
    assert_alike(Store.open(server), undisturbed)


def _after_writes(store: Store, number: int, then: Callable[[], None], monkeypatch: pytest.MonkeyPatch) -> None:
    write, count = store.client.log_batch, 0

    def log_batch(*args: object, **kwargs: object) -> None:
        nonlocal count
        count += 1
        write(*args, **kwargs)
        if count == number:
            then()

    monkeypatch.setattr(store.client, "log_batch", log_batch)


def test_what_waits_is_sent_when_it_is_back(door, server, undisturbed, monkeypatch):
    store = Store.open(door.address)
    _after_writes(store, MEMBERS_FIRST, lambda: door.shut(lambda n: "refuse" if n < 4 else None), monkeypatch)
    summary = run_studies([WANTED], store, jobs=1)
    assert (summary.trouble, len(Outbox(store))) == ("", 0)
    assert_alike(Store.open(server), undisturbed)


def test_answers_that_are_lost_make_nothing_twice(door, server, undisturbed):
    """Every seventh request or so is carried out, and looks as if it were not: it is asked again."""
    store = Store.open(door.address)
    door.shut(lambda n: "lose" if n * 2654435761 % 7 == 0 else None)
    run_studies([WANTED], store, jobs=1)
    door.shut(lambda _: None)
    run_studies([WANTED], store, jobs=1)
    assert_alike(Store.open(server), undisturbed)
