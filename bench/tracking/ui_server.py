"""The process that serves MLflow's interface: to its own pages alone, and for as long as the program that started it.

MLflow's own command lets pages of any server on this machine read and change the store, writes uploaded files, calls
addresses that it is given and outlives whoever started it.
"""

from __future__ import annotations

import os
import re
import sys
import threading
import warnings
from typing import Any

from bench.records.settings import digest
from bench.tracking import views
from bench.tracking.environment import UI_STORE
from bench.tracking.ui_page import App, Message, Page, Receive, Send

SECONDS_TO_END = 3
"""Seconds for answers that are on their way when the program ends."""

_API = r"/(?:ajax-)?api/[0-9.]+/?mlflow/"
_CHANGES = re.compile(
    rf"/graphql|{_API}(?:"
    "experiments/(?:search|search-datasets|update|delete|restore|set-experiment-tag|delete-experiment-tag)|"
    "runs/(?:search|update|delete|restore|set-tag|delete-tag)|"
    "(?:datasets|issues|logged-models|traces)/search|"
    "traces/(?:metrics|batchGetInfos|calculate-filter-correlation))"
)
"""Paths that accept other methods than GET: searches, and what a person does with existing runs.

New experiments and runs would lead to any folder, and so to its files.
"""
_CLOSED = re.compile(r".*/(?:mlflow-artifacts|gateway|gateway-proxy|assistant|webhooks|jobs)(?:/.*)?")
"""Paths that may not even be read: files elsewhere, other addresses by way of this machine, programs."""


class Door:
    """Lets the interface's own pages, and programs of this machine, through to what they need of MLflow."""

    def __init__(self, app: App, host: str, port: int) -> None:
        self.app = app
        self.origins = {f"http://{name}:{port}".encode() for name in ("localhost", host)}

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer a request, or have MLflow answer it."""
        refused = self._refused(scope) if scope["type"] == "http" else ""
        if not refused:
            await self.app(scope, receive, send)
            return
        plain = [(b"content-type", b"text/plain"), (b"x-content-type-options", b"nosniff")]
        await send({"type": "http.response.start", "status": 403, "headers": plain})
        await send({"type": "http.response.body", "body": refused.encode()})

    def _refused(self, scope: Message) -> str:
        """Say why a request is refused; empty if it is not."""
        headers: list[tuple[bytes, bytes]] = scope["headers"]
        if any(name == b"origin" and value not in self.origins for name, value in headers):
            return "This request does not come from the interface."
        about = dict(headers)
        elsewhere = about.get(b"sec-fetch-site") in (b"cross-site", b"same-site")
        if elsewhere and about.get(b"sec-fetch-mode") != b"navigate":  # a link may lead here, and no more
            return "This request does not come from the interface."
        looks = scope["method"] in ("GET", "HEAD", "OPTIONS")
        if _CLOSED.fullmatch(scope["path"]) or not (looks or _CHANGES.fullmatch(scope["path"])):
            return "bptt-bench ui only shows runs: this part of MLflow is disabled."
        return ""


def serve(host: str, port: int) -> None:
    """Serve the store that UI_STORE names until standard input ends, which it does with the parent."""
    store = os.environ.pop(UI_STORE)
    os.environ["_MLFLOW_SERVER_FILE_STORE"] = store  # as MLflow's own command does
    os.environ["MLFLOW_SERVER_ENABLE_JOB_EXECUTION"] = "false"  # else nine more processes
    os.environ["MLFLOW_SERVER_ALLOWED_HOSTS"] = f"localhost:{port},{host}:{port}"  # its own list lets 10.evil.com in
    import uvicorn
    from mlflow import MlflowClient

    warnings.filterwarnings("ignore", message="starlette.middleware.wsgi")
    from mlflow.server.fastapi_app import app

    client = MlflowClient(store)

    def furnished() -> list[str]:
        """Return the experiments that open on their trained runs."""
        found = client.search_experiments(filter_string=f"tags.`{views.TAG}{views.TRAINED}` LIKE '%'")
        return [experiment.experiment_id for experiment in found]

    class Server(uvicorn.Server):
        async def startup(self, sockets: list[Any] | None = None) -> None:
            await super().startup(sockets)
            if self.started:
                print(f"Ready at http://{host}:{port}; press Ctrl-C to stop.", file=sys.stderr, flush=True)

    server = Server(
        uvicorn.Config(
            Door(Page(app, furnished, digest(store)), host, port),
            host=host,
            port=port,
            lifespan="off",
            log_level="warning",
            access_log=False,
            timeout_graceful_shutdown=SECONDS_TO_END,
        )
    )
    threading.Thread(target=_end_with_parent, args=[server], daemon=True).start()
    server.run()


def _end_with_parent(server: Any) -> None:
    sys.stdin.buffer.read()
    server.should_exit = True


if __name__ == "__main__":
    serve(sys.argv[1], int(sys.argv[2]))
