"""`bptt-bench prune`: remove what no report shows any more."""

from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bench.cli.console import echo, say, show_table, to_json
from bench.cli.options import JsonOption, PluginOption, StoreOption, load_plugins
from bench.cli.outdated import (
    AgeOption,
    KeepOption,
    ReportsOption,
    not_removed,
    outdated,
    remove_folders,
    remove_results,
)
from bench.cli.verb import verb
from bench.errors import FAILED

if TYPE_CHECKING:
    from bench.tracking import Store


@verb("Maintain", 420)
def prune(
    store: StoreOption = None,
    reports: ReportsOption = Path("reports"),
    older_than: AgeOption = "30d",  # type: ignore[assignment]  # parsed
    keep_reports: KeepOption = 30,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would be removed.")] = False,
    unreadable: Annotated[
        bool,
        typer.Option(
            "--unreadable",
            help="Remove only results with a missing or damaged file, so that they can be trained again.",
        ),
    ] = False,
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
        gone = outdated(opened, reports, older_than, keep_reports)
    else:
        with opened.lock():
            gone = outdated(opened, reports, older_than, keep_reports)
            stuck = remove_folders(gone.folders)
            freed = remove_results(opened, gone)
    _print(gone.without(stuck).rows(), as_json)
    for stays in gone.staying():
        say(f"Kept: {stays}.")
    say("Nothing was removed." if dry_run else f"Freed {freed} bytes in the store's database.")
    if stuck:
        say(not_removed(stuck))
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
    say("Nothing was removed." if dry_run else "The next run trains again whatever it needs of these.")


def _print(rows: list[dict[str, Any]], as_json: bool) -> None:
    """Print what goes, or would go: a row for each kind, and in JSON which."""
    if as_json:
        echo(to_json(rows))
    else:
        show_table([{key: value for key, value in row.items() if key != "which"} for row in rows])
