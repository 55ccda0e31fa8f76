"""Derives from the fields of the protocol the columns of a run's row, and what an update's time depends on."""

from __future__ import annotations

import types
from collections.abc import Mapping
from functools import cache
from typing import Any, Literal, NamedTuple, Union, get_args, get_origin

from pydantic.fields import FieldInfo

from bench.records.columns import Column, Kind
from bench.records.settings import Kept, Protocol

KINDS: dict[type, Kind] = {int: "int64", float: "float64", str: "str", bool: "bool"}


class ProtocolField(NamedTuple):
    """A field of the protocol."""

    name: str
    title: str
    """The report's name for it, in English."""
    description: str
    kept: Kept
    column: Column | None
    """The column of a run's row; None where the rows of all runs tell it together."""


@cache
def protocol_fields() -> tuple[ProtocolField, ...]:
    """The protocol's fields, in their order."""
    return tuple(_field(name, info) for name, info in Protocol.model_fields.items())


def protocol_columns() -> tuple[Column, ...]:
    """The columns of a run's row that hold its protocol."""
    return tuple(field.column for field in protocol_fields() if field.column)


def as_columns(protocol: Protocol) -> dict[str, Any]:
    """The protocol in a run's row, by column."""
    return {field.column.name: getattr(protocol, field.name) for field in protocol_fields() if field.column}


def from_columns(row: Mapping[str, Any], **others: Any) -> Protocol:
    """The protocol of a run's row. others: the fields that no column holds."""
    values = {field.name: row[field.column.name] for field in protocol_fields() if field.column}
    known = {name: None if value != value else value for name, value in values.items()}
    return Protocol.model_validate(known | others)


def work(protocol: Protocol) -> list[Any]:
    """The values of the fields that the time of an update depends on, as JSON has them.

    A field that was added later stands there only where it is not at its default, so that older times still count.
    """
    timed = [field.name for field in protocol_fields() if field.kept.timed]
    counted = protocol.counted()
    first = [getattr(protocol, name) for name in timed if name in Protocol.first_fields]
    return [*first, *({name: counted[name]} for name in timed if name in counted.keys() - Protocol.first_fields)]


def _field(name: str, info: FieldInfo) -> ProtocolField:
    kept = next((one for one in info.metadata if isinstance(one, Kept)), Kept())
    title, about = info.title or name, info.description or ""
    column = None if kept.column is None else _column(kept.column or name, name, info, about)
    return ProtocolField(name, title, about, kept, column)


def _column(column: str, name: str, info: FieldInfo, about: str) -> Column:
    later = name not in Protocol.first_fields and info.default is not None
    return Column(
        column,
        _kind(info.annotation),
        about,
        older=info.default if later else None,
        title=info.title or name,
        mlflow="parameter",
    )


def _kind(annotation: Any) -> Kind:
    """pandas' type for a field's; a number that may be missing is not a number where it is."""
    if get_origin(annotation) is Literal:
        return "str"
    if get_origin(annotation) in (Union, types.UnionType):
        (own,) = (kind for kind in get_args(annotation) if kind is not type(None))
        return "float64" if own is int else _kind(own)
    return KINDS[annotation]
