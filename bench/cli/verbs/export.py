"""`bptt-bench export`: the results as a table."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from bench.cli.console import csv_table, echo, say, to_json
from bench.cli.options import StoreOption, warn_of_cut_off
from bench.cli.verb import verb
from bench.files import write_named


@verb("See the results", 230)
def export(
    format: Annotated[Literal["json", "csv", "parquet"], typer.Option(help="Format of the table.")],
    store: StoreOption = None,
    output: Annotated[
        Path | None, typer.Option(metavar="FILE", help="File to write; by default standard output.")
    ] = None,
) -> None:
    """Print the results as a table, one row per run."""
    from bench.tracking import Store

    opened = Store.open(store, create=False)
    warn_of_cut_off(opened)
    runs = opened.members()
    if runs.empty:
        say("The store holds no complete results.")
    if format == "parquet":
        data = runs.to_parquet()
    elif format == "csv":
        data = csv_table(runs).encode()
    else:
        data = f"{to_json(runs.to_dict('records'))}\n".encode()
    if output is None:
        echo(data, nl=False)
    else:
        write_named(output, data)
        say(f"Wrote {len(runs)} runs to {output}.")
