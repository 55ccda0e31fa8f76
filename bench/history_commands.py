"""The commands that look back: `history`, `compare`, `snapshot`; and what a run leaves for them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bench.console import columns, echo, say, to_json
from bench.errors import BenchError
from bench.files import write_named
from bench.options import JsonOption, StoreOption

if TYPE_CHECKING:
    from bench.history.timeline import History
    from bench.protocol.study import Study
    from bench.tracking import Store

app = typer.Typer()

KINDS = ("verdict", "quality", "speed")
"""What can be worse."""

ReferenceArgument = Annotated[
    str,
    typer.Argument(metavar="SNAPSHOT", help="latest, previous, a date (2026-01-31), an id, a file or a store."),
]


def remember(studies: Sequence[Study], store: Store, plugins: Sequence[str] = (), timeout: float | None = None) -> None:
    """End a run with `record`, and say so; a failure is told too, but what was trained stands by itself."""
    try:
        name = record(studies, store, plugins, timeout)
    except BenchError as error:
        say(f"No snapshot for the history was written: {error}")
    else:
        say(f"Snapshot {name}: bptt-bench history" if name else "Nothing is known yet: no snapshot was written.")


def record(studies: Sequence[Study], store: Store, plugins: Sequence[str] = (), timeout: float | None = None) -> str:
    """Sample every technique's speed, and store a snapshot of what is known now; its id, empty if nothing is.

    Raises BenchError if the store cannot be written.
    """
    from bench.execution import sample_speeds
    from bench.history.take import take

    with store.lock():
        if store.members().empty:
            return ""
        sample_speeds(studies, store, plugins, timeout)
        taken = take(store)
        store.write_snapshot(taken)
        return taken.id


@app.command()
def history(
    store: StoreOption = None,
    last: Annotated[int, typer.Option(min=1, metavar="RUNS", help="Show so many runs.")] = 20,
    as_json: JsonOption = False,
) -> None:
    """Say what changed since the last run and over time, and why."""
    from bench.history.timeline import look_back
    from bench.history.words import history_record
    from bench.tracking import Store

    found = look_back(Store.open(store, create=False).snapshots())
    echo(to_json(history_record(found)) if as_json else _told(found, last))


def _told(history: History, last: int) -> str:
    from bench.history.words import as_lines, flip_words, notes, said, snapshot_line, step_line

    parts = [columns([snapshot_line(snapshot) for snapshot in history.snapshots[-last:]])]
    if history.latest is not None:
        changes = history.latest
        title = f"Since {changes.old.taken} ({changes.old.id}):"
        parts.append("\n".join([title, columns(as_lines(changes)) or "Nothing changed.", *notes(changes)]))
    shown = {snapshot.id for snapshot in history.snapshots[-last:]}
    flips = [
        {"run": after.taken, "claim": flip.after.id, "verdict": flip_words(flip), "why": said(flip.causes)}
        for _, after, found in history.flips
        for flip in found
        if after.id in shown
    ]
    if flips:
        parts.append(f"Verdicts that flipped:\n{columns(flips)}")
    if history.steps:
        parts.append(f"Lasting changes of speed:\n{columns([step_line(step) for step in history.steps])}")
    return "\n\n".join(parts)


@app.command()
def compare(
    a: ReferenceArgument,
    b: ReferenceArgument,
    store: StoreOption = None,
    fail_on: Annotated[
        str, typer.Option(metavar="KINDS", help="What counts as worse: verdict, quality, speed.")
    ] = ",".join(KINDS),
    as_json: JsonOption = False,
) -> None:
    """Set snapshot B against A. Exit code 0: nothing is worse; 1: something is; 2: they cannot be compared."""
    kinds = _kinds(fail_on)
    from bench.history.changes import compare as set_against
    from bench.history.changes import worse
    from bench.history.references import find
    from bench.history.words import as_lines, changes_record, notes

    changes = set_against(*(find(name, _opener(store)) for name in (a, b)))
    if not changes.cells and set(kinds) - {"speed"}:
        raise BenchError(
            f"Snapshots {changes.old.id} and {changes.new.id} have no setting in common under the same protocol: "
            "name two of the same preset, or ask for speed alone with --fail-on speed."
        )
    if kinds == ["speed"] and changes.unlike is not None:
        raise BenchError(f"{notes(changes)[-1]} Ask for quality or verdicts with --fail-on.")
    bad = worse(changes, kinds)
    if as_json:
        echo(to_json(changes_record(changes, bad)))
    else:
        echo("\n".join([columns(as_lines(changes)) or "Nothing changed.", *notes(changes)]))
    if bad:
        say(f"Worse: {', '.join(bad)}.")
        raise typer.Exit(1)


def _kinds(text: str) -> list[str]:
    kinds = [kind.strip() for kind in text.split(",")]
    unknown = [kind for kind in kinds if kind not in KINDS]
    if unknown:
        raise BenchError(f"--fail-on takes {', '.join(KINDS)}, not '{unknown[0]}'.")
    return kinds


def _opener(store: str | None) -> Callable[[], Any]:
    def open_store() -> Any:
        from bench.tracking import Store

        return Store.open(store, create=False)

    return open_store


@app.command()
def snapshot(
    which: Annotated[str, typer.Argument(metavar="SNAPSHOT", help="As in compare.")] = "latest",
    store: StoreOption = None,
    output: Annotated[
        Path | None, typer.Option(metavar="FILE", help="By default standard output, as JSON; packed if it ends in .gz.")
    ] = None,
) -> None:
    """Give out a snapshot, for `compare` elsewhere."""
    from bench.history.references import find

    found = find(which, _opener(store))
    text = f"{found.model_dump_json(indent=1)}\n"
    if output is None:
        echo(text.encode(), nl=False)  # JSON is UTF-8, whatever the terminal's encoding
    else:
        write_named(output, found.packed() if output.suffix == ".gz" else text.encode())
