"""`bptt-bench report`: the report in HTML and PDF."""

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from bench.cli.console import echo, say
from bench.cli.options import PluginOption, StoreOption, load_plugins, split, warn_of_cut_off
from bench.cli.shown import show_in_mlflow
from bench.cli.verb import verb

PNG_DPI = 200
"""Resolution of a PNG: enough for a slide as wide as the figure's page."""


@verb("See the results", 220)
def report(
    store: StoreOption = None,
    language: Annotated[
        list[str] | None,
        typer.Option(
            metavar="CODES", help="Languages, such as en,zh, or the path of a folder with a language; all by default."
        ),
    ] = None,
    form: Annotated[
        list[str] | None,
        typer.Option("--format", metavar="FORMATS", help="Formats: html, pdf, md (Markdown); html,pdf by default."),
    ] = None,
    output: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Folder to write to; by default reports/<date and time>.")
    ] = None,
    brief: Annotated[
        bool, typer.Option("--brief", help="The answer, the advice and the source's table alone, on at most 8 pages.")
    ] = False,
    png: Annotated[bool, typer.Option("--png", help="Also write the figures as PNG, next to SVG.")] = False,
    plugin: PluginOption = None,
) -> None:
    """Write the report, and print its files' paths."""
    load_plugins(plugin)
    codes = _codes(language)
    from joblib import cpu_count

    from bench.report import USUAL, write_report
    from bench.report.archive import new_folder
    from bench.tracking import Store, run_addresses

    opened = Store.open(store, create=False)
    folder = output or new_folder(Path("reports"))
    warn_of_cut_off(opened)
    addresses, dpi = run_addresses(opened), PNG_DPI if png else 0
    formats, then = split(form) or USUAL, None if brief else partial(show_in_mlflow, opened, say)
    for file in write_report(
        opened, folder, codes, addresses, jobs=cpu_count(), png_dpi=dpi, only=formats, brief=brief, then=then
    ):
        echo(file)


def _codes(languages: list[str] | None) -> list[str] | None:
    """The languages that are asked for; 'both' stands for English and Chinese. Raises BenchError for unknown ones."""
    from bench.languages import language

    codes = [code for name in split(languages) or () for code in (("en", "zh") if name == "both" else (name,))]
    for code in codes:
        language(code)
    return codes or None
