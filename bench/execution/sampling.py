"""Samples every technique's speed at the end of a run, in a few fresh processes one after the other."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from bench.execution.crew import Crew
from bench.execution.worker import sample
from bench.protocol.result import typed
from bench.protocol.settings import Setting, digest
from bench.protocol.snapshot import TIMING_COLUMNS
from bench.protocol.study import Study
from bench.tracking import Store

PROCESSES = 5
"""What differs from process to process, as where memory lies, is noise too: an interval needs to see it."""


def sample_speeds(studies: Sequence[Study], store: Store, plugins: Sequence[str] = ()) -> int:
    """Store a sample of the speed of every technique; returns of how many. Call it under the store's lock.

    Of the first study that trains anything: its first task at the shortest lag.
    """
    settings = _sampled(studies)
    rows: list[dict[str, Any]] = []
    for process in range(PROCESSES if settings else 0):
        with Crew(1, plugins) as crew:
            crew.start("speeds", sample, settings)
            while crew.busy:
                for _, kind, content in crew.messages():
                    if kind == "result" and isinstance(content, list):
                        rows += [row | {"process": process} for row in content]
    if not rows:
        return 0
    name = digest([datetime.now(UTC).isoformat(), rows[0]["started"]])
    table = typed([row | {"sample": name} for row in rows], TIMING_COLUMNS)
    store.write_timings(table)
    return table["technique"].nunique()


def _sampled(studies: Sequence[Study]) -> list[Setting]:
    for study in studies:
        plan = study.tasks[0]
        if plan.protocol.updates:
            return [s for s in study.settings if (s.task, s.lag) == (plan.task, plan.lags[0])]
    return []
