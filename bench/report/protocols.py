"""The entries of a task's protocol, as the report names and shows them: the fields, and what follows from them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from bench.languages import words
from bench.records.fields import ProtocolField, protocol_fields
from bench.report.matrix import Matrix
from bench.report.names import Names
from bench.report.vocabulary import CHOICES


class Entry(NamedTuple):
    """A line of the ledger."""

    title: str
    """Title in English."""
    shown: Callable[[Matrix, str, Names], str]
    """Function that formats its value for a task in an arm."""


def entries() -> list[Entry]:
    """The ledger: each field in its place, and behind it what follows from it."""
    found: list[Entry] = []
    for field in protocol_fields():
        found += [Entry(field.title, _of_field(field)), *FOLLOWING.get(field.name, ())]
    return [*found, Entry(words("Protocol hash"), lambda matrix, task, _: matrix.hashes[task])]


def entry_of(name: str) -> Entry:
    """The line of a field of the protocol, by the field's name."""
    (field,) = (field for field in protocol_fields() if field.name == name)
    return Entry(field.title, _of_field(field))


def differences(main: Matrix, other: Matrix, say: Names) -> Iterator[str]:
    """The fields in which an arm's protocol is not the main one's, of the first task that both have."""
    task = next((task for task in other.tasks if task in main.tasks), None)
    if task is None:
        return
    for field in protocol_fields():
        own, usual = (_of_field(field)(matrix, task, say) for matrix in (other, main))
        if own != usual:
            name = say.words.name(field.title)
            yield say.words("{name} {own} (main: {main})", name=name, own=own, main=usual)


def _of_field(field: ProtocolField) -> Callable[[Matrix, str, Names], str]:
    return lambda matrix, task, say: _shown(getattr(matrix.protocols[task], field.name), field, say)


def _shown(value: Any, field: ProtocolField, say: Names) -> str:
    if value is None:
        return say.words.name(field.kept.none) or say.numbers.none
    if isinstance(value, tuple):
        return say.words.rules.between_items.join(_shown(one, field, say) for one in value)
    if isinstance(value, float):
        return f"{value:g}"
    return say.words.name(CHOICES.get(value, value)) if isinstance(value, str) else say.numbers.count(value)


def _sequences(matrix: Matrix, task: str, say: Names) -> str:
    return say.numbers.count(matrix.protocols[task].updates * matrix.protocols[task].batch_size)


def _seeds(role: str) -> Callable[[Matrix, str, Names], str]:
    """The range of the seeds used, such as 1–5; a dash where there are none."""

    def shown(matrix: Matrix, task: str, say: Names) -> str:
        seeds = {run.seed for run in matrix.runs_on(task, role)}
        if not seeds:
            return say.numbers.none
        return str(*seeds) if len(seeds) == 1 else f"{min(seeds)}–{max(seeds)}"

    return shown


FOLLOWING = {
    "updates": (Entry(words("Budget, sequences"), _sequences),),
    "tuning_seeds": (
        Entry(words("Seeds for tuning"), _seeds("tuning")),
        Entry(words("Seeds measured"), _seeds("measured")),
    ),
}
"""Entries that follow from a field, by its name."""
