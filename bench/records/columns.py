"""A column of a table is one object: what it is called, holds and means, how it is checked, and how it is shown.

Whoever checks, casts, stores, exports, shows or documents a table asks its columns.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

Kind = Literal["int64", "float64", "bool", "str"]
Shown = Literal["text", "count", "si", "bytes", "ratio"]
InMLflow = Literal["", "parameter", "tag"]


@dataclass(frozen=True)
class Column:
    """A column of a table."""

    name: str
    kind: Kind
    """pandas' type."""
    about: str
    """An English phrase for what a value says."""
    unit: str = ""
    words: tuple[str, ...] = ()
    """The values that there are, where they are few words."""
    holds: type | None = None
    """The type of the JSON that a text is, dict or list; its values are numbers. None: it is no JSON."""
    older: str | float | None = None
    """The value of tables that were stored before there was the column; None: it was always there."""
    title: str = ""
    """The head of the column in the report, in English; empty where no table of it shows the column."""
    shown: Shown = "text"
    """The way in which the report writes a value."""
    mlflow: InMLflow = ""
    """The kind of thing that it is of a training run in MLflow; empty if it is not there."""

    def faults(self, values: Iterable[Any]) -> Iterator[str]:
        """Say what is wrong with some values, as the end of a sentence: "holds 'x', not one of a, b"."""
        for value in values:
            if self.words and value not in self.words:
                yield f"holds '{value}', not one of {', '.join(self.words)}"
            if self.holds is not None and not _is_numbers(value, self.holds):
                yield f"holds '{value[:40]}', not numbers as JSON"


@dataclass(frozen=True)
class Table:
    """The columns of a table, in order."""

    columns: tuple[Column, ...]

    @cached_property
    def types(self) -> dict[str, Kind]:
        """pandas' type of each column, by name."""
        return {column.name: column.kind for column in self.columns}

    @cached_property
    def _by_name(self) -> dict[str, Column]:
        return {column.name: column for column in self.columns}

    def __getitem__(self, name: str) -> Column:
        return self._by_name[name]

    def __iter__(self) -> Iterator[Column]:
        return iter(self.columns)

    def __contains__(self, one: object) -> bool:
        """Return whether it has a column, or one of this name."""
        return one in self._by_name or one in self.columns


def _is_numbers(text: str, kind: type) -> bool:
    """Return whether a text is a JSON object or list of numbers."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return False
    numbers = value.values() if isinstance(value, dict) else value
    return isinstance(value, kind) and all(isinstance(number, int | float) for number in numbers)
