"""What runs in a process of its own: one cohort, or one measurement of costs."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Sequence
from multiprocessing.connection import Connection
from typing import Any

from pytorch_lightning.utilities.exceptions import SIGTERMException

from bench.protocol.result import COST_COLUMNS, typed
from bench.protocol.settings import Cohort, Setting
from bench.registry import load_plugin
from bench.streams import settle_worker
from bench.tasks import tasks
from bench.techniques import techniques
from bench.training.cohort import failed_cohort, prepare_process, train_cohort
from bench.training.cost import BASELINE, measure_cost, one_member
from bench.training.speed import sample_speed

TIMED_MEMBERS = 4


def train(connection: Connection, plugins: Sequence[str], cohort: Cohort) -> None:
    """Train a cohort; send ('progress', updates, active) as it goes and ('result', CohortResult) at its end.

    An error is a result too: every member failed, and why.
    """
    _prepare(plugins)
    try:
        result = train_cohort(cohort, lambda done, active: connection.send(("progress", done, active)))
    except BrokenPipeError:  # nobody is left to hear
        raise
    except SIGTERMException:  # Lightning stops neatly and would end with 0: end as what we are, terminated
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGTERM)
        raise
    except Exception as error:  # whatever a technique or task may raise
        result = failed_cohort(cohort, f"{type(error).__name__}: {error}".rstrip(": "))
    connection.send(("result", result))


def measure(connection: Connection, plugins: Sequence[str], settings: Sequence[Setting]) -> None:
    """Measure the cost of each setting against the baseline's; send ('result', table)."""
    _prepare(plugins)
    rows: list[dict[str, Any]] = []
    for setting in settings:
        baseline = setting.model_copy(update={"technique": BASELINE, "dials": {}})
        try:
            rows.append(measure_cost(setting, baseline))
        except Exception:  # one that cannot run has failed in training, where it is told
            continue
        connection.send(("progress", len(rows), 0))
    connection.send(("result", typed(rows, COST_COLUMNS)))


def sample(connection: Connection, plugins: Sequence[str], settings: Sequence[Setting]) -> None:
    """Sample the speed of each setting that runs at all; send ('result', rows)."""
    _prepare(plugins)
    rows: list[dict[str, Any]] = []
    for setting in settings:
        try:
            rows.append(sample_speed(setting))
        except Exception:  # it has failed in training, where it is told
            continue
    connection.send(("result", rows))


def time_updates(connection: Connection, plugins: Sequence[str], settings: Sequence[Setting]) -> None:
    """Send ('progress', index, seconds a member, update and time step) for each setting that runs at all."""
    _prepare(plugins)
    for index, setting in enumerate(settings):
        try:
            _, update = one_member(setting, members=TIMED_MEMBERS)
            update()
            begin = time.perf_counter()
            update()
        except Exception:
            continue
        steps = tasks.get(setting.task)().steps(setting.lag)
        connection.send(("progress", index, (time.perf_counter() - begin) / (TIMED_MEMBERS * steps)))
    connection.send(("result", None))


def _prepare(plugins: Sequence[str]) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle
    settle_worker()
    prepare_process()
    for path in plugins:
        load_plugin(path, [tasks, techniques])
