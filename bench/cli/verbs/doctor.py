"""`bptt-bench doctor`: whether this machine has what the benchmark needs."""

from dataclasses import asdict
from typing import Annotated

import typer

from bench.cli.console import echo, show_table, to_json
from bench.cli.options import JsonOption, StoreOption
from bench.cli.verb import verb
from bench.errors import FAILED

COLOURS = {"state": {"ok": "green", "note": "yellow", "problem": "red"}}


@verb("Maintain", 410)
def doctor(
    store: StoreOption = None,
    install: Annotated[bool, typer.Option("--install", help="Install missing system packages if permitted.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Check the installation and explain how to repair it."""
    from bench.doctor import examine, install_missing

    findings = examine(store)
    if install and any(finding.packages for finding in findings):
        install_missing(findings)
        findings = examine(store)
    records = [asdict(finding) for finding in findings]
    if as_json:
        echo(to_json(records))
    else:
        show_table([{k: v for k, v in r.items() if k != "packages"} for r in records], COLOURS)
    if any(finding.state == "problem" for finding in findings):
        raise typer.Exit(FAILED)
