"""The amount of evidence behind a report."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from bench.report.rows import Estimate, Run


class Counts(NamedTuple):
    """The amount of evidence behind a report; a run that belongs to several arms counts once."""

    measured: int
    """Training runs that count; those that only tuned a learning rate are `tuning`."""
    tuning: int
    probed: int
    """Networks whose gradient was measured as they started, and that were not trained."""
    settings: int
    """Settings with training runs that count."""
    planned: int
    """Settings that were planned; `missing` of them were not measured, some of which are yet to be run."""
    missing: int
    pending: int
    diverged: int
    failed: int
    """Training runs that count, and diverged or failed."""
    arms: int
    """Matrices besides the main one."""
    stale: int


def counts(runs: Sequence[Run], settings: Sequence[Estimate], arms: int, stale: int) -> Counts:
    """Count the runs of all arms and the settings that were planned."""
    own = {(run.setting_hash, run.role, run.seed, run.learning_rate): run for run in runs}.values()
    trained = [run for run in own if run.measured and run.trained]
    planned = [setting for setting in settings if setting.state != "unplanned"]
    return Counts(
        measured=len(trained),
        tuning=sum(not run.measured for run in own),
        probed=sum(not run.trained for run in own),
        settings=len({run.setting_hash for run in trained}),
        planned=len(planned),
        missing=sum(not setting.measured for setting in planned),
        pending=sum(setting.state == "pending" for setting in planned),
        diverged=sum(run.outcome == "diverged" for run in trained),
        failed=sum(run.outcome == "failed" for run in trained),
        arms=arms,
        stale=stale,
    )
