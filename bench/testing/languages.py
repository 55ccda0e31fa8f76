"""The contract of a language."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from bench.errors import BenchError
from bench.evidence import wording
from bench.languages import language
from bench.languages.check import Marked, complaints, marked
from bench.records.fields import protocol_fields
from bench.records.result import COSTS, MEMBERS
from bench.tasks import Task, own_sequences, own_windows, tasks
from bench.techniques import techniques


def check_language(folder: str | Path, *, whole: bool = True) -> None:
    """Raise AssertionError, saying what is wrong, unless a language's folder, or the code of one, keeps its contract.

    Its rules can be read, and its translations are of texts that there are and have the same braces. whole: nothing is
    left in English.
    """
    try:
        found = language(f"./{folder}" if isinstance(folder, Path) and not folder.is_absolute() else str(folder))
        said = complaints(found, readers_texts())
    except BenchError as error:
        raise AssertionError(str(error)) from None
    faults = [line for line in said if whole or not line.endswith(" is not translated.")]
    if faults:
        raise AssertionError(f"{len(faults)} faults in the language {found.code}, such as: {' '.join(faults[:3])}")


def readers_texts() -> list[Marked]:
    """All English text that readers of a report see: what code marks, and what things say of themselves."""
    return [*marked(), *wording.texts(), *_of_classes(), *_of_columns()]


def _of_classes() -> Iterator[Marked]:
    """Names of techniques and tasks; names in sentences are among those of evidence."""
    for name, technique in techniques.all().items():
        yield Marked(technique.title, name)
    yield Marked(Task.metric_name, "every classification")
    for name, task in tasks.all().items():
        own = (task.title, task.short, task.about, task.lag_means, task.metric_name, *task.plateaus)
        yield from (Marked(text, name) for text in own if text)
    for made in (own_sequences.OwnLabels, own_sequences.OwnValues, own_windows.OwnMoments, own_windows.OwnForecast):
        yield from (Marked(text, made.__name__) for text in (made.about, made.lag_means, made.metric_name))


def _of_columns() -> Iterator[Marked]:
    """The heads of columns, and the protocol's fields with what their empty values are called."""
    columns = (*MEMBERS, *COSTS)
    yield from (Marked(column.title, column.name) for column in columns if column.title)
    for field in protocol_fields():
        yield from (Marked(text, field.name) for text in (field.title, field.kept.none) if text)
