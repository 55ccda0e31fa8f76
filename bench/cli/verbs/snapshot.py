"""`bptt-bench snapshot`: one snapshot as a file."""

from pathlib import Path
from typing import Annotated

import typer

from bench.cli.console import echo, say
from bench.cli.options import StoreOption
from bench.cli.snapshots import SNAPSHOT, opener
from bench.cli.verb import verb
from bench.files import write_named


@verb("Look back", 330)
def snapshot(
    which: Annotated[str, typer.Argument(metavar="SNAPSHOT", help=SNAPSHOT)] = "latest",
    store: StoreOption = None,
    output: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="File to write, compressed if its name ends in .gz; by default JSON on standard output.",
        ),
    ] = None,
) -> None:
    """Print a snapshot, for 'compare' on another machine."""
    from bench.history.references import find

    found = find(which, opener(store))
    text = f"{found.model_dump_json(indent=1)}\n"
    if output is None:
        echo(text.encode(), nl=False)  # JSON is UTF-8, whatever the terminal's encoding
    else:
        write_named(output, found.packed() if output.suffix == ".gz" else text.encode())
        say(f"Wrote snapshot {found.id} to {output}.")
