"""Commands for runs without a babysitter: a night's work, and what is kept of many nights."""

import shutil
from collections.abc import Callable, Container, Iterator
from contextlib import nullcontext
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bench import history_commands
from bench.console import columns, echo, say, to_json
from bench.errors import FAILED, UNFINISHED, BenchError
from bench.nightly_log import LOG, logged, tell_mistake, told
from bench.options import (
    AddressOption,
    BudgetOption,
    ExecutorOption,
    GpusOption,
    JobsOption,
    JsonOption,
    PluginOption,
    RetryOption,
    StoreOption,
    TimeoutOption,
    duration,
    load_plugins,
    with_studies,
)

if TYPE_CHECKING:
    from bench.evidence.retention import Unneeded
    from bench.execution import RunSummary
    from bench.protocol.study import Study
    from bench.tracking import Store

app = typer.Typer()

ReportsOption = Annotated[Path, typer.Option("--reports", metavar="DIR", help="Where reports and the log go.")]
AgeOption = Annotated[
    float,
    typer.Option("--older-than", metavar="TIME", parser=duration, help="Age of results that may go, as 30d."),
]
KeepOption = Annotated[int, typer.Option("--keep-reports", metavar="N", min=1, help="How many reports stay.")]
UnreadableOption = Annotated[
    bool,
    typer.Option(
        "--unreadable", help="Remove only what has lost a file, or has a damaged one, so that it can be run again."
    ),
]
QuietOption = Annotated[bool, typer.Option("--quiet", help="Print warnings and errors alone; the log has all.")]


@app.command()
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
    """Run, report and prune, with a log: one command for cron, systemd and CI."""
    from bench.execution import Budget, hiring, run_studies
    from bench.tracking import Store

    files, limit = [str(file) for file in plugin or ()], Budget(budget) if budget else None
    with logged(reports, quiet) as log, told() as ending:
        LOG.info("begins: preset %s, arms %s", studies[0].preset, ", ".join(study.arm for study in studies))
        opened = Store.open(store)
        with opened.lock():

            def train() -> "RunSummary":
                with hiring(executor, address, gpus_per_cohort) as hire:
                    return run_studies(
                        studies, opened, jobs, files,
                        budget=limit, timeout=timeout, retry_failed=retry_failed, hire=hire,
                    )  # fmt: skip

            summary = _trained(train)
            steps: list[Callable[[], None]] = [lambda: _tidy(opened, reports, older_than, keep_reports)]
            if summary is None or summary.trained or summary.cached:
                steps = [lambda: _remember(studies, opened, files, timeout), lambda: _report(opened, reports), *steps]
            done = [_succeeds(step) for step in steps]
        ending.status = UNFINISHED if summary and summary.left else 0
        if summary is None or summary.failures or summary.trouble or not all(done) or log.broken:
            ending.status = FAILED
    if log.broken:
        ending.status = ending.status or FAILED
    if ending.status:
        raise typer.Exit(ending.status)


@app.command()
def prune(
    store: StoreOption = None,
    reports: ReportsOption = Path("reports"),
    older_than: AgeOption = "30d",  # type: ignore[assignment]  # parsed
    keep_reports: KeepOption = 30,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would go.")] = False,
    unreadable: UnreadableOption = False,
    plugin: PluginOption = None,
    as_json: JsonOption = False,
) -> None:
    """Remove old results that no report shows, and old reports."""
    load_plugins(plugin)
    from bench.tracking import Store

    opened = Store.open(store, create=False)
    if unreadable:
        _prune_unreadable(opened, dry_run, as_json)
        return
    stuck: dict[Path, str] = {}
    if dry_run:
        outdated = _outdated(opened, reports, older_than, keep_reports)
    else:
        with opened.lock():
            outdated = _outdated(opened, reports, older_than, keep_reports)
            stuck = _remove_folders(outdated.folders)
            freed = _remove_results(opened, outdated)
    _print(outdated.without(stuck).rows(), as_json)
    for stays in outdated.staying():
        say(f"Kept: {stays}.")
    say("Nothing was removed." if dry_run else f"Bytes freed in the store's database: {freed}.")
    if stuck:
        say(_not_removed(stuck))
        raise typer.Exit(FAILED)


def _prune_unreadable(store: "Store", dry_run: bool, as_json: bool) -> None:
    """Remove the records of which a file is lost or damaged, and nothing else."""
    from bench.tracking.pruning import purge

    with nullcontext() if dry_run else store.lock():
        found = store.unreadable()
        if not dry_run:
            store.retire(record for records in found.values() for record in records)
            purge(store)
    rows = [(f"unreadable {kind}", [record.info.run_id for record in records]) for kind, records in found.items()]
    _print([{"what": what, "count": len(which), "which": which} for what, which in rows], as_json)
    say("Nothing was removed." if dry_run else "A run makes anew what it needs of these.")


def _print(rows: list[dict[str, Any]], as_json: bool) -> None:
    """What goes, or would go: a row a kind, and in JSON which."""
    echo(to_json(rows) if as_json else columns([{k: v for k, v in r.items() if k != "which"} for r in rows]))


# The steps of a night


def _trained(train: "Callable[[], RunSummary]") -> "RunSummary | None":
    """What came of the training, which the log is told; None if it broke off, for then the other steps follow.

    Raises BenchError where it could not begin, and KeyboardInterrupt if it was stopped.
    """
    try:
        summary = train()
    except BenchError:
        raise
    except Exception as error:
        tell_mistake(error)
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
    snapshot = history_commands.record(studies, store, plugins, timeout)
    LOG.info("wrote snapshot %s for the history", snapshot or "of nothing")


def _report(store: "Store", reports: Path) -> None:
    from joblib import cpu_count

    from bench.reporting import write_report
    from bench.reporting.archive import new_folder
    from bench.tracking import run_addresses

    for file in write_report(store, new_folder(reports), addresses=run_addresses(store), jobs=cpu_count()):
        LOG.info("wrote %s", file)


def _tidy(store: "Store", reports: Path, age: float, keep: int) -> None:
    outdated = _outdated(store, reports, age, keep)
    stuck = _remove_folders(outdated.folders)
    freed = _remove_results(store, outdated)
    counts = ", ".join(f"{row['what']} {row['count']}" for row in outdated.without(stuck).rows() if row["count"])
    LOG.info("pruned: %s; bytes freed in the database: %d", counts or "nothing", freed)
    for stays in outdated.staying():
        LOG.info("kept: %s", stays)
    if stuck:
        raise BenchError(_not_removed(stuck))


def _succeeds(step: Callable[[], None]) -> bool:
    """Whether a step goes well; if not the log says why, and the next one follows."""
    try:
        step()
    except BenchError as error:
        LOG.error("%s", error)
        return False
    except Exception as error:  # a mistake of ours costs this step and no other
        tell_mistake(error)
        return False
    return True


# What goes


@dataclass(frozen=True)
class Outdated:
    """What `prune` removes."""

    results: "Unneeded"
    dead: list[str]
    """Runs that count for nothing already: deleted in MLflow's interface, or left by a program that was killed."""
    folders: list[Path]
    """Of reports."""
    links: list[Path]
    """Named as reports are: they stay."""

    def rows(self) -> list[dict[str, Any]]:
        """One row a kind: what, how many, which."""
        cohorts = self.results.cohorts
        kinds = {
            "superseded cohorts": cohorts.loc[cohorts["why"] == "superseded", "cohort"].tolist(),
            "stale cohorts": cohorts.loc[cohorts["why"] != "superseded", "cohort"].tolist(),
            "studies": self.results.studies,
            "dead runs": self.dead,
            "report folders": [str(folder) for folder in self.folders],
        }
        return [{"what": what, "count": len(which), "which": which} for what, which in kinds.items()]

    def staying(self) -> Iterator[str]:
        """What a user may have expected to go, and why it does not."""
        if self.results.unknown:
            yield f"{self.results.unknown} members of techniques or tasks unknown here; name them with --plugin"
        for link in self.links:
            yield f"{link}, which is a link and no report of ours"

    def without(self, folders: Container[Path]) -> "Outdated":
        """The same but for some folders."""
        return replace(self, folders=[folder for folder in self.folders if folder not in folders])


def _outdated(store: "Store", reports: Path, age: float, keep: int) -> Outdated:
    from bench.evidence.retention import unneeded
    from bench.reporting.archive import links, old_folders

    before = datetime.now(UTC) - timedelta(seconds=age)
    return Outdated(unneeded(store, before), store.dead(), old_folders(reports, keep), links(reports))


def _remove_folders(folders: list[Path]) -> dict[Path, str]:
    """Remove them; returns those that cannot be removed, and why."""
    stuck = {}
    for folder in folders:
        try:
            shutil.rmtree(folder)
        except OSError as error:
            stuck[folder] = error.strerror or str(error)
    return stuck


def _not_removed(stuck: dict[Path, str]) -> str:
    reasons = "; ".join(f"{folder} ({why})" for folder, why in stuck.items())
    return f"Old reports that could not be removed, so remove or rename them yourself: {reasons}."


def _remove_results(store: "Store", outdated: Outdated) -> int:
    """Remove results, and give back the disk; returns the bytes freed in the database."""
    from bench.tracking.pruning import purge

    store.delete("cohorts", outdated.results.cohorts["cohort"].tolist())
    store.delete("studies", outdated.results.studies)
    store.repair()
    return purge(store)
