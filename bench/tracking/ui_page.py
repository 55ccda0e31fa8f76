"""The page that MLflow's interface starts from, prepared for a person who opens it at its bare address.

By itself the interface opens on what it has for language models, with a panel beside it and reports of use switched on,
and shows of an experiment all runs and none of their parameters. What a browser has been told once it keeps, and MLflow
keeps such choices there: the page sets them where the browser knows none of its own.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import suppress
from typing import Any

from mlflow.exceptions import MlflowException

from bench.tracking import paths, views

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]

CHOICES = {
    "mlflow.workflowType_v1": "machine_learning",
    "mlflow.assistant.panelOpen_v1": False,
    "mlflow.assistant.fab.autoOpenedOnFirstLoad_v1": True,
    "mlflow.settings.telemetry.enabled_v1": False,
    "mlflow.telemetry.info.alert.dismissed_v1": True,
}
"""A person's choices by the names under which MLflow keeps them in the browser. Unknown ones do nothing."""
EXPERIMENT = 'MLflowLocalStorage-1.1-ExperimentPage-["{}"]-ReactComponentState'
"""Its name for the filter and the columns of an experiment."""
_UNTOUCHED: dict[str, Any] = {
    "datasetsFilter": [],
    "modelVersionFilter": "All Runs",
    "columnOrder": [],
    "columnWidths": {},
    "runsExpanded": {},
    "runsPinned": [],
    "runsHidden": [],
    "runsVisibilityMap": {},
    "viewMaximized": False,
    "runListHidden": False,
    "useGroupedValuesInCharts": True,
    "hideEmptyCharts": True,
    "isAccordionReordered": False,
    "groupBy": None,
    "groupsExpanded": {},
    "autoRefreshEnabled": False,
    "globalLineChartConfig": {"xAxisKey": "step", "lineSmoothness": 0, "selectedXAxisMetricKey": ""},
}
"""The rest of what MLflow keeps of an experiment, as it is at first, but for looking for new runs all the time."""
_SCRIPT = """<script>
(function (choices, store) {
  try {
    var other = localStorage.getItem("bptt-bench.store") !== store;
    for (var name in choices) {
      var own = name.indexOf("-ExperimentPage-") > 0 && other;
      if (own || localStorage.getItem(name) === null) localStorage.setItem(name, JSON.stringify(choices[name]));
    }
    localStorage.setItem("bptt-bench.store", store);
  } catch (error) {}
  if (!location.hash || location.hash === "#/") location.replace(%s);
})(%s, %s);
</script>"""
_BROWSERS_COPY = (b"if-none-match", b"if-modified-since", b"range", b"accept-encoding")
_OF_THE_FILE = (b"content-length", b"etag", b"last-modified", b"accept-ranges", b"cache-control")


def prepared(page: bytes, experiments: list[str], store: str) -> bytes:
    """MLflow's page with a script at its head, which runs before MLflow's own.

    experiments: ids of those that have the view `views.trained`. store: names what is served; a browser knows another
    one's experiments by the same ids.
    """
    listed = views.trained().state | _UNTOUCHED
    choices = CHOICES | {EXPERIMENT.format(identity): listed for identity in experiments}
    values = (_in_script(value) for value in (paths.EXPERIMENTS, choices, store))
    return page.replace(b"<head>", b"<head>" + (_SCRIPT % tuple(values)).encode(), 1)


def _in_script(value: Any) -> str:
    return json.dumps(value).replace("<", "\\u003c")


class Page:
    """Passes requests on to MLflow, and prepares the page that it answers at the bare address."""

    def __init__(self, app: App, experiments: Callable[[], list[str]], store: str) -> None:
        self.app, self.experiments, self.store = app, experiments, store

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Have MLflow answer a request."""
        if scope["type"] != "http" or scope["path"] != "/" or scope["method"] != "GET":
            await self.app(scope, receive, send)
            return
        start: Message = {}
        body = b""

        async def collect(message: Message) -> None:
            nonlocal body
            if message["type"] == "http.response.start":
                start.update(message)
            else:
                body += message.get("body", b"")

        asked = [(name, value) for name, value in scope["headers"] if name not in _BROWSERS_COPY]
        await self.app({**scope, "headers": asked}, receive, collect)
        experiments = list[str]()
        with suppress(MlflowException):  # without them the page is as good as MLflow's own
            experiments = self.experiments()
        body = prepared(body, experiments, self.store)
        headers = [(name, value) for name, value in start["headers"] if name not in _OF_THE_FILE]
        headers += [(b"content-length", str(len(body)).encode()), (b"cache-control", b"no-store")]
        await send({**start, "headers": headers})
        await send({"type": "http.response.body", "body": body})
