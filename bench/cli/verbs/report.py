"""`bptt-bench report`: the report in HTML and PDF."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from bench.cli.options import PluginOption, StoreOption, load_plugins, warn_of_cut_off
from bench.cli.verb import verb

PNG_DPI = 200
"""Resolution of a PNG: enough for a slide as wide as the figure's page."""


@verb("See the results", 220)
def report(
    store: StoreOption = None,
    language: Annotated[Literal["en", "zh", "both"], typer.Option(help="Language of the report.")] = "both",
    output: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Folder to write to; by default reports/<date and time>.")
    ] = None,
    png: Annotated[bool, typer.Option("--png", help="Write the figures as PNG too, beside SVG.")] = False,
    plugin: PluginOption = None,
) -> None:
    """Write the report in HTML and PDF, and print its files' paths."""
    load_plugins(plugin)
    from joblib import cpu_count

    from bench.report import write_report
    from bench.report.archive import new_folder
    from bench.tracking import Store, run_addresses

    languages = ("en", "zh") if language == "both" else (language,)
    opened = Store.open(store, create=False)
    folder = output or new_folder(Path("reports"))
    warn_of_cut_off(opened)
    addresses, dpi = run_addresses(opened), PNG_DPI if png else 0
    for file in write_report(opened, folder, languages, addresses, jobs=cpu_count(), png_dpi=dpi):
        typer.echo(file)
