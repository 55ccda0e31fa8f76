"""`bptt-bench run`: train what is missing."""

import shlex
from collections.abc import Sequence
from typing import TYPE_CHECKING

import typer

from bench.cli.console import say
from bench.cli.options import (
    AddressOption,
    BudgetOption,
    ExecutorOption,
    GpusOption,
    HistoryOption,
    JobsOption,
    PluginOption,
    RetryOption,
    StoreOption,
    TimeoutOption,
    WaitOption,
    with_studies,
)
from bench.cli.outcomes import exit_code, tell
from bench.cli.shown import show_in_mlflow
from bench.cli.verb import verb
from bench.errors import BenchError, without_secrets

if TYPE_CHECKING:
    from bench.records.study import Study
    from bench.tracking import Store


@verb("Train", 110)
@with_studies
def run(
    studies: "list[Study]",
    jobs: JobsOption = None,
    budget: BudgetOption = None,
    timeout: TimeoutOption = None,
    retry_failed: RetryOption = False,
    wait: WaitOption = True,
    store: StoreOption = None,
    plugin: PluginOption = None,
    executor: ExecutorOption = "local",
    address: AddressOption = None,
    gpus_per_cohort: GpusOption = None,
    history: HistoryOption = True,
) -> None:
    """Train what is missing; resumes where it was stopped."""
    from bench.execution import Budget, hiring, run_studies
    from bench.tracking import Store

    place = hiring(executor, address, gpus_per_cohort)
    opened = Store.open(store)
    limit = Budget(budget) if budget else None
    files, told = [str(file) for file in plugin or ()], say if wait else None
    with place as hire:
        summary = run_studies(
            studies,
            opened,
            jobs,
            files,
            budget=limit,
            timeout=timeout,
            retry_failed=retry_failed,
            told=told,
            hire=hire,
        )
    tell(summary, bool(plugin), retries=True)
    if history:
        _remember(studies, opened, files, timeout)
    if not summary.trouble:  # else the store may be gone
        show_in_mlflow(opened, say)
        where = f" --store {shlex.quote(without_secrets(store))}" if store else ""
        say(f"The report: bptt-bench report{where}\nThe curves: bptt-bench ui{where}")
    if code := exit_code(summary):
        raise typer.Exit(code)


def _remember(studies: "Sequence[Study]", store: "Store", plugins: list[str], timeout: float | None) -> None:
    """End a run with a snapshot, and say so. A failure is no failure of the run: what was trained stands by itself."""
    from bench.execution import sample_speeds
    from bench.history.record import record

    try:
        name = record(store, lambda: sample_speeds(studies, store, plugins, timeout))
    except BenchError as error:
        say(f"Could not write a snapshot for the history: {error}")
    else:
        say(f"Snapshot {name}: bptt-bench history" if name else "There are no results yet, so no snapshot was written.")
