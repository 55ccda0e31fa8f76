"""The MLflow UI on a store: how it is started, and addresses that open it on grouped learning curves.

The views that they show are kept in the store, see `furnish`.
"""

from __future__ import annotations

import os
import re
import sys
from dataclasses import dataclass

from bench.errors import BenchError
from bench.tracking import paths
from bench.tracking.address import SERVERS
from bench.tracking.charts import homes
from bench.tracking.environment import UI_STORE
from bench.tracking.furnish import furnish
from bench.tracking.store import Store
from bench.waiting import LOG


def ui_command(store: Store, host: str = "127.0.0.1", port: int = 5000) -> list[str]:
    """The command that serves the UI, run with `ui_environment`; empty where the store is a server itself.

    It ends when its standard input does.
    """
    if _is_server(store):
        return []
    return [sys.executable, "-P", "-m", "bench.tracking.ui_server", host, str(port)]


def ui_environment(store: Store) -> dict[str, str]:
    """The environment of `ui_command`; the store's address goes here, where no list of processes shows it.

    Other settings of MLflow in the environment are for other servers: they might open this one to the world.
    """
    own = {name: value for name, value in os.environ.items() if not name.startswith(("MLFLOW_", "_MLFLOW_"))}
    return own | {UI_STORE: store.uri}


def ui_addresses(store: Store, host: str = "127.0.0.1", port: int = 5000) -> dict[str, str]:
    """An address for each task, lag and arm ('adding lag 50', 'copy lag 5 exploding'): measured members by technique.

    Charts show their mean and spread. Furnishes the store. Where nothing can be shown there is one address, of the list
    of experiments; unreadable results are only a warning, because the interface can be used to mend them.
    """
    base = _base(store, host, port)
    try:
        found = {chart.name: f"{base}/{chart.path}" for chart in furnish(store)}
    except BenchError as error:
        LOG.warning("%s", error)
        found = {}
    return found or {"experiments": f"{base}/{paths.EXPERIMENTS}"}


def _is_server(store: Store) -> bool:
    return store.uri.startswith(tuple(f"{scheme}://" for scheme in SERVERS))


def _base(store: Store, host: str, port: int) -> str:
    """Return the server's address without what may be secret: users, passwords, queries."""
    if not _is_server(store):
        return f"http://{host}:{port}"
    return re.sub(r"[?#].*", "", re.sub(r"//\S*@", "//", store.uri)).rstrip("/")


@dataclass(frozen=True)
class RunAddresses:
    """The addresses at which MLflow's interface shows runs of a store."""

    base: str
    """Address of the server: the store itself if it is one, else where `ui_command` serves it by default."""
    experiments: dict[str, str]
    """The experiment's id by task."""

    def run(self, task: str, run: str) -> str:
        """One run; empty if the task has no experiment."""
        return f"{self.base}/{paths.of_run(self.experiments[task], run)}" if task in self.experiments else ""

    def setting(self, task: str, setting_hash: str, role: str) -> str:
        """The list of a setting's runs in one role; empty if the task has no experiment."""
        if task not in self.experiments:
            return ""
        wanted = f"tags.setting_hash = '{setting_hash}' and params.role = '{role}'"
        return f"{self.base}/{paths.of_runs(self.experiments[task], searchFilter=wanted)}"


def run_addresses(store: Store, host: str = "127.0.0.1", port: int = 5000) -> RunAddresses:
    """The addresses of all runs of a store. Raises BenchError if it cannot be read."""
    experiments = {task: experiment.experiment_id for task, experiment in homes(store).items()}
    return RunAddresses(_base(store, host, port), experiments)
