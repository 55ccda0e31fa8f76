"""`bptt-bench history`: what changed from run to run."""

from typing import TYPE_CHECKING, Annotated

import typer

from bench.cli.console import show, table, to_json
from bench.cli.options import JsonOption, StoreOption
from bench.cli.verb import verb

if TYPE_CHECKING:
    from bench.history.timeline import History


@verb("Look back", 310)
def history(
    store: StoreOption = None,
    last: Annotated[int, typer.Option(min=1, metavar="RUNS", help="Calls of 'run' and 'nightly' to show.")] = 20,
    as_json: JsonOption = False,
) -> None:
    """Show what changed since the last run and over time, and why."""
    from bench.history.timeline import look_back
    from bench.history.words import history_record
    from bench.tracking import Store

    found = look_back(Store.open(store, create=False).snapshots())
    show(to_json(history_record(found)) if as_json else _text(found, last))


def _text(history: "History", last: int) -> str:
    from bench.history.words import as_lines, claims_line, flip_words, notes, said, snapshot_line, step_line

    parts = [table([snapshot_line(snapshot) for snapshot in history.snapshots[-last:]])]
    if history.latest is not None:
        changes = history.latest
        title = f"Since {changes.old.taken} ({changes.old.id}):"
        parts.append("\n".join([title, table(as_lines(changes)) or "Nothing changed.", *notes(changes)]))
    listed = {snapshot.id for snapshot in history.snapshots[-last:]}
    flips = [
        {"run": after.taken, "claim": flip.after.id, "verdict": flip_words(flip), "why": said(flip.causes)}
        for _, after, found in history.flips
        for flip in found
        if after.id in listed
    ]
    if flips:
        parts.append(f"Verdicts that flipped:\n{table(flips)}")
    claims = [
        {"run": after.taken, "claims": claims_line(change)}
        for after, changes in history.claims
        for change in changes
        if after.id in listed
    ]
    if claims:
        parts.append(f"Tests of claims that changed, by hash:\n{table(claims)}")
    if history.steps:
        parts.append(f"Lasting changes of speed:\n{table([step_line(step) for step in history.steps])}")
    return "\n\n".join(parts)
