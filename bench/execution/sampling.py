"""Samples every technique's speed at the end of a run, in a few fresh processes one after the other."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from bench.execution.crew import Crew
from bench.execution.messages import Measured
from bench.execution.needs import by_need
from bench.execution.worker import sample
from bench.records.result import typed
from bench.records.settings import Setting, digest
from bench.records.snapshot import TIMINGS
from bench.records.study import Study
from bench.tracking import Store

PROCESSES = 5
"""Processes to sample in: differences between them, as in where memory lies, are noise that an interval has to see."""


def sample_speeds(
    studies: Sequence[Study], store: Store, plugins: Sequence[str] = (), timeout: float | None = None
) -> int:
    """Store a sample of the speed of every technique; returns of how many. Call it under the store's lock.

    Of the first study that trains anything: its first task at the shortest lag. A process runs the plugins that its
    techniques come from, and no others.

    timeout: seconds that a process may take for each of its techniques; what it has sampled by then counts.
    """
    groups = by_need(_sampled(studies), plugins)
    rows: list[dict[str, Any]] = []
    with Crew(1, timeout) as crew:
        for process in range(PROCESSES):
            for files, settings in groups.items():
                crew.start("speeds", sample, settings, files, parts=len(settings))
                while crew.busy:
                    measured = [message for _, message in crew.messages() if isinstance(message, Measured)]
                    rows += [one.row | {"process": process} for one in measured]
    if not rows:
        return 0
    name = digest([datetime.now(UTC).isoformat(), rows[0]["started"]])
    table = typed([row | {"sample": name} for row in rows], TIMINGS)
    store.write_timings(table)
    return table["technique"].nunique()


def _sampled(studies: Sequence[Study]) -> list[Setting]:
    for study in studies:
        plan = study.tasks[0]
        if plan.protocol.updates:
            return [s for s in study.settings if (s.task, s.lag) == (plan.task, plan.lags[0])]
    return []
