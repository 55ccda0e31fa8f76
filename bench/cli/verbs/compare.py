"""`bptt-bench compare`: one snapshot against another."""

from typing import Annotated

import typer

from bench.cli.console import echo, say, show, table, to_json
from bench.cli.options import JsonOption, StoreOption
from bench.cli.snapshots import SNAPSHOT, opener
from bench.cli.verb import verb
from bench.errors import FAILED, BenchError

KINDS = ("verdict", "quality", "speed")
"""Kinds of change that can be for the worse."""

ReferenceArgument = Annotated[str, typer.Argument(metavar="SNAPSHOT", help=SNAPSHOT)]


@verb("Look back", 320)
def compare(
    a: ReferenceArgument,
    b: ReferenceArgument,
    store: StoreOption = None,
    fail_on: Annotated[
        str, typer.Option(metavar="KINDS", help="What counts as worse: verdict, quality, speed.")
    ] = ",".join(KINDS),
    as_json: JsonOption = False,
) -> None:
    """Compare snapshot B with A. Exit code 0: nothing is worse; 1: something is; 2: they cannot be compared."""
    kinds = _kinds(fail_on)
    from bench.history.changes import compare as compared
    from bench.history.changes import worse
    from bench.history.references import find
    from bench.history.words import as_lines, changes_record, notes

    changes = compared(*(find(name, opener(store)) for name in (a, b)))
    if not changes.cells and set(kinds) - {"speed"}:
        raise BenchError(
            f"Snapshots {changes.old.id} and {changes.new.id} have no setting in common under the same protocol: "
            "name two snapshots of the same preset, or compare only speeds with --fail-on speed."
        )
    if kinds == ["speed"] and changes.unlike is not None:
        raise BenchError(f"{notes(changes)[-1]} Ask for quality or verdicts with --fail-on.")
    bad = worse(changes, kinds)
    if as_json:
        echo(to_json(changes_record(changes, bad)))
    else:
        show("\n".join([table(as_lines(changes)) or "Nothing changed.", *notes(changes)]))
    if bad:
        say(f"Worse: {', '.join(bad)}.")
        raise typer.Exit(FAILED)


def _kinds(text: str) -> list[str]:
    kinds = [kind.strip() for kind in text.split(",")]
    unknown = [kind for kind in kinds if kind not in KINDS]
    if unknown:
        raise BenchError(f"--fail-on takes {', '.join(KINDS)}, not '{unknown[0]}'.")
    return kinds
