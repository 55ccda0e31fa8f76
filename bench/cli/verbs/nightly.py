"""`bptt-bench nightly`: a night's work without a babysitter."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bench.cli.night_log import LOG, ending_logged, log_mistake, logged
from bench.cli.options import (
    AddressOption,
    BudgetOption,
    ExecutorOption,
    GpusOption,
    JobsOption,
    PluginOption,
    RetryOption,
    StoreOption,
    TimeoutOption,
    with_studies,
)
from bench.cli.outdated import (
    AgeOption,
    KeepOption,
    ReportsOption,
    not_removed,
    outdated,
    remove_folders,
    remove_results,
)
from bench.cli.shown import show_in_mlflow
from bench.cli.verb import verb
from bench.errors import FAILED, UNFINISHED, BenchError

if TYPE_CHECKING:
    from bench.execution import RunSummary
    from bench.records.study import Study
    from bench.tracking import Store

QuietOption = Annotated[bool, typer.Option("--quiet", help="Print only warnings and errors; the log has everything.")]


@verb("Train", 120)
@with_studies
def nightly(
    studies: "list[Study]",
    budget: BudgetOption = None,
    jobs: JobsOption = None,
    timeout: TimeoutOption = None,
    retry_failed: RetryOption = False,
    store: StoreOption = None,
    reports: ReportsOption = Path("reports"),
    older_than: AgeOption = "30d",  # type: ignore[assignment]  # parsed
    keep_reports: KeepOption = 30,
    quiet: QuietOption = False,
    plugin: PluginOption = None,
    executor: ExecutorOption = "local",
    address: AddressOption = None,
    gpus_per_cohort: GpusOption = None,
) -> None:
    """Train, report and prune, with a log: for cron, systemd and CI."""
    from bench.execution import Budget, hiring, run_studies
    from bench.tracking import Store

    files, limit = [str(file) for file in plugin or ()], Budget(budget) if budget else None
    place = hiring(executor, address, gpus_per_cohort)
    with logged(reports, quiet) as log, ending_logged() as ending:
        LOG.info("begins: preset %s, arms %s", studies[0].preset, ", ".join(study.arm for study in studies))
        opened = Store.open(store)
        with opened.lock():

            def train() -> "RunSummary":
                with place as hire:
                    return run_studies(
                        studies, opened, jobs, files,
                        budget=limit, timeout=timeout, retry_failed=retry_failed, hire=hire,
                    )  # fmt: skip

            summary = _trained(train)
            steps: list[Callable[[], None]] = [lambda: _tidy(opened, reports, older_than, keep_reports)]
            if summary is None or summary.trained or summary.failed or summary.cached:
                steps = [lambda: _remember(studies, opened, files, timeout), lambda: _report(opened, reports), *steps]
            done = [_succeeds(step) for step in steps]
        ending.status = UNFINISHED if summary and summary.left else 0
        if summary is None or summary.failures or summary.trouble or not all(done) or log.broken:
            ending.status = FAILED
    if log.broken:
        ending.status = ending.status or FAILED
    if ending.status:
        raise typer.Exit(ending.status)


def _trained(train: "Callable[[], RunSummary]") -> "RunSummary | None":
    """Train, and log what came of it; None if it broke off, for the other steps follow all the same.

    Raises BenchError where it could not begin, and KeyboardInterrupt if it was stopped.
    """
    try:
        summary = train()
    except BenchError:
        raise
    except Exception as error:
        log_mistake(error)
        return None
    _tell(summary)
    return summary


def _tell(summary: "RunSummary") -> None:
    """Have the log say what came of the training; raises KeyboardInterrupt if it was stopped."""
    from bench.execution import account

    LOG.info(account(summary))
    for failure in summary.failures:
        LOG.error("failed: %(technique)s %(task)s lag %(lag)s, %(role)s: %(reason)s", failure)
    if summary.trouble:
        LOG.error("%s", summary.trouble)
    if summary.interrupted:
        raise KeyboardInterrupt


def _remember(studies: "list[Study]", store: "Store", plugins: list[str], timeout: float | None) -> None:
    from bench.execution import sample_speeds
    from bench.history.record import record

    snapshot = record(store, lambda: sample_speeds(studies, store, plugins, timeout))
    LOG.info("wrote snapshot %s for the history", snapshot or "of nothing")


def _report(store: "Store", reports: Path) -> None:
    from joblib import cpu_count

    from bench.report import write_report
    from bench.report.archive import new_folder
    from bench.tracking import run_addresses

    folder, then = new_folder(reports), partial(show_in_mlflow, store, LOG.warning)
    for file in write_report(store, folder, addresses=run_addresses(store), jobs=cpu_count(), then=then):
        LOG.info("wrote %s", file)


def _tidy(store: "Store", reports: Path, age: float, keep: int) -> None:
    gone = outdated(store, reports, age, keep)
    stuck = remove_folders(gone.folders)
    freed = remove_results(store, gone)
    counts = ", ".join(f"{row['what']} {row['count']}" for row in gone.without(stuck).rows() if row["count"])
    LOG.info("pruned: %s; bytes freed in the database: %d", counts or "nothing", freed)
    for stays in gone.staying():
        LOG.info("kept: %s", stays)
    if stuck:
        raise BenchError(not_removed(stuck))


def _succeeds(step: Callable[[], None]) -> bool:
    """Return whether a step goes well; if not, the log says why, and the next one follows."""
    try:
        step()
    except BenchError as error:
        LOG.error("%s", error)
        return False
    except Exception as error:  # a mistake of ours costs this step and no other
        log_mistake(error)
        return False
    return True
