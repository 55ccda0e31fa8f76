"""The interface's server: whom it lets in, to what, and until when."""

import asyncio
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
import requests
from made_up.cohorts import cohort, result
from served import PATIENCE, answering

from bench.tracking import Store, ui_command, ui_environment
from bench.tracking.ui_server import Door

API = "/ajax-api/2.0/mlflow"
PORT = 5001


def status_of(path: str, method: str = "GET", **headers: str) -> int:
    """How a door in front of something that answers 200 to everything answers a request."""
    said: list[int] = []

    async def app(scope, receive, send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})

    async def send(message) -> None:
        said.extend([message["status"]] if "status" in message else [])

    pairs = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    scope = {"type": "http", "method": method, "path": path, "headers": pairs}
    asyncio.run(Door(app, "127.0.0.1", PORT)(scope, None, send))
    return said[0]


@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS"])
@pytest.mark.parametrize("path", ["/", f"{API}/experiments/search", "/get-artifact"])
@pytest.mark.parametrize(
    "origin",
    [
        "http://localhost:8000",
        "http://127.0.0.1:8000",
        "https://localhost",
        f"https://localhost:{PORT}",
        "http://localhost",
        "http://[::1]:5001",
        "http://evil.com",
        "http://localhost.evil.com:5001",
        "null",
        "",
    ],
)
def test_pages_of_other_origins_are_refused(origin, path, method):
    assert status_of(path, method, origin=origin) == 403


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_the_interfaces_own_pages_are_let_in(host):
    own = f"http://{host}:{PORT}"
    assert status_of(f"{API}/runs/search", "POST", origin=own, sec_fetch_site="same-origin") == 200
    assert status_of(f"{API}/experiments/search", sec_fetch_site="same-origin") == 200
    assert status_of("/", sec_fetch_site="none", sec_fetch_mode="navigate") == 200


def test_a_link_from_elsewhere_leads_here_but_nothing_here_is_part_of_another_page():
    assert status_of("/", sec_fetch_site="cross-site", sec_fetch_mode="navigate") == 200
    for site in ("cross-site", "same-site"):
        assert status_of("/get-artifact", sec_fetch_site=site, sec_fetch_mode="no-cors") == 403


@pytest.mark.parametrize("api", ["/api", "/ajax-api"])
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PUT", "/2.0/mlflow-artifacts/artifacts/planted.txt"),
        ("GET", "/2.0/mlflow-artifacts/artifacts/planted.txt"),
        ("POST", "/2.0/mlflow-artifacts/mpu/create/planted.txt"),
        ("POST", "/2.0/mlflow/upload-artifact"),
        ("POST", "/2.0/mlflow/experiments/create"),
        ("POST", "/2.0/mlflow/runs/create"),
        ("POST", "/2.0/mlflow/model-versions/create"),
        ("GET", "/2.0/mlflow/gateway-proxy"),
        ("POST", "/3.0/mlflow/gateway/secrets/create"),
        ("POST", "/2.0/mlflow/webhooks"),
        ("POST", "/3.0/mlflow/assistant/message"),
        ("GET", "/3.0/mlflow/assistant/stream"),
        ("POST", "/3.0/mlflow/scorer/invoke"),
        ("POST", "/3.0/jobs"),
        ("POST", "/3.0/mlflow/ui-telemetry"),
    ],
)
def test_what_writes_files_calls_others_or_runs_programs_is_closed(api, method, path):
    assert status_of(api + path, method) == 403


@pytest.mark.parametrize(
    "path",
    [f"{API}/runs/{verb}" for verb in ("search", "update", "delete", "restore", "set-tag", "delete-tag")]
    + [f"{API}/experiments/{verb}" for verb in ("search", "delete", "restore", "set-experiment-tag")]
    + ["/graphql", "/ajax-api/3.0/mlflow/traces/search"],
)
def test_runs_can_be_looked_for_tagged_deleted_and_restored(path):
    assert status_of(path, "POST") == 200


@contextmanager
def serving(store: Store, port: int, folder: Path) -> Iterator[subprocess.Popen]:
    """The server's process on a store, up and answering; its log is server.log."""
    with (folder / "server.log").open("w") as log:
        server = subprocess.Popen(
            ui_command(store, port=port),
            env=ui_environment(store),
            cwd=folder,
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
        )
        try:
            answering(f"http://127.0.0.1:{port}", server)
            yield server
        finally:
            server.kill()
            server.communicate()


def test_the_real_server(make_store, free_port, tmp_path, monkeypatch):
    """On a store in a folder of an odd name; the environment would open it to all, the working folder run its own."""
    monkeypatch.setenv("MLFLOW_SERVER_DISABLE_SECURITY_MIDDLEWARE", "true")
    monkeypatch.setenv("MLFLOW_SERVER_CORS_ALLOWED_ORIGINS", "*")
    monkeypatch.setenv("_MLFLOW_SERVER_SERVE_ARTIFACTS", "true")
    monkeypatch.setenv("_MLFLOW_SERVER_ARTIFACT_DESTINATION", "./mlartifacts")
    (tmp_path / "mlflow.py").write_text("raise SystemExit('a file of the working folder ran')")
    store = make_store("a%20b #1")
    store.write_cohort(result(cohort("lstm")))
    record = next(store.location.artifacts.iterdir()).name
    address = f"http://127.0.0.1:{free_port}"
    with serving(store, free_port, tmp_path) as server:
        found = requests.post(
            f"{address}{API}/runs/search",
            json={"experiment_ids": [store.client.get_run(record).info.experiment_id]},
            headers={"Origin": address},
            timeout=PATIENCE,
        )
        assert [run["info"]["run_id"] for run in found.json()["runs"]] == [record]
        file = requests.get(f"{address}/get-artifact?path=cohort.json&run_uuid={record}", timeout=PATIENCE)
        assert file.json()["setting"]["technique"] == "lstm"
        page = requests.get(address, timeout=PATIENCE)
        assert "MLflow" in page.text
        assert page.headers["X-Frame-Options"] == "SAMEORIGIN"
        for name in ("10.evil.com", f"evil.com:{free_port}", f"192.168.0.1:{free_port}"):
            assert requests.get(address, headers={"Host": name}, timeout=PATIENCE).status_code == 403
        other = requests.get(address, headers={"Origin": "http://localhost:8000"}, timeout=PATIENCE)
        assert other.status_code == 403
        assert not [name for name in other.headers if name.startswith("Access-Control")]
        planted = f"{address}/api/2.0/mlflow-artifacts/artifacts/planted.txt"
        assert requests.put(planted, b"planted", timeout=PATIENCE).status_code == 403
        assert listens_at(free_port) == {"127.0.0.1"}
        assert not [line for line in command_lines() if str(store.location.database) in line]
        server.stdin.close()  # as it is when the program that started it is killed
        assert server.wait(PATIENCE) == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a%20b #1", "mlflow.py", "server.log"]
    assert (tmp_path / "server.log").read_text().splitlines()[0] == f"Ready at {address}; press Ctrl-C to stop."


def listens_at(port: int) -> set[str]:
    """The addresses of this machine, all of them loopback, at which something listens on a port."""
    found = set()
    for file, width in (("/proc/net/tcp", 8), ("/proc/net/tcp6", 32)):
        for line in Path(file).read_text().splitlines()[1:] if Path(file).exists() else ():
            address, state = line.split()[1], line.split()[3]
            if state == "0A" and int(address[width + 1 :], 16) == port:
                found.add("127.0.0.1" if address[:width] == "0100007F" else address[:width])
    return found


def command_lines() -> list[str]:
    """What a list of all processes shows of them, this one left out."""
    own = Path(f"/proc/{os.getpid()}/cmdline")
    found = []
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):  # it has ended
            found += [] if file == own else [file.read_bytes().replace(b"\0", b" ").decode(errors="replace")]
    return found
