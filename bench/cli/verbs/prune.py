"""`bptt-bench prune`: remove what no report shows any more."""

from pathlib import Path
from typing import Annotated

import typer

from bench.cli.console import say, show_table, to_json
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


@verb("Maintain", 420)
def prune(
    store: StoreOption = None,
    reports: ReportsOption = Path("reports"),
    older_than: AgeOption = "30d",  # type: ignore[assignment]  # parsed
    keep_reports: KeepOption = 30,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be removed.")] = False,
    plugin: PluginOption = None,
    as_json: JsonOption = False,
) -> None:
    """Remove old results that no report shows, and old reports."""
    load_plugins(plugin)
    from bench.tracking import Store

    opened = Store.open(store, create=False)
    stuck: dict[Path, str] = {}
    if dry_run:
        gone = outdated(opened, reports, older_than, keep_reports)
    else:
        with opened.lock():
            gone = outdated(opened, reports, older_than, keep_reports)
            stuck = remove_folders(gone.folders)
            freed = remove_results(opened, gone)
    rows = gone.without(stuck).rows()
    if as_json:
        typer.echo(to_json(rows))
    else:
        show_table([{k: v for k, v in row.items() if k != "which"} for row in rows])
    if gone.results.unknown:
        say(f"Kept: {gone.results.unknown} runs of techniques or tasks unknown here; name them with --plugin.")
    say("Nothing was removed." if dry_run else f"Bytes freed in the store's database: {freed}.")
    if stuck:
        say(not_removed(stuck))
        raise typer.Exit(FAILED)
