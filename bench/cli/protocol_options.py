"""One option per field of the protocol: its name, its type, what it means and its bounds are the field's own."""

from __future__ import annotations

import inspect
import types
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import typer
from pydantic import TypeAdapter, ValidationError
from pydantic.fields import FieldInfo

from bench.errors import BenchError
from bench.records.settings import Protocol

HEADING = "Protocol (by default the preset's)"
NONE = "none"
"""The spelling that takes a limit away."""
METAVARS = {int: "N", float: "X"}

Given = str | list[str] | None
"""The value of an option as typed: a list where several are taken, None where it was left out."""


def options() -> dict[str, inspect.Parameter]:
    """The options as parameters of a verb, by name."""
    return {_parameter_name(name): _parameter(name, field) for name, field in Protocol.model_fields.items()}


def chosen(given: Mapping[str, Given]) -> dict[str, Any]:
    """The fields that these options set, by name. Raises BenchError, naming the option, for a value out of bounds."""
    fields = {_parameter_name(name): name for name in Protocol.model_fields}
    return {fields[option]: _value(fields[option], words) for option, words in given.items() if words is not None}


def _parameter_name(field: str) -> str:
    """An option that may be repeated is named after one of its values, as --technique is."""
    return field.removesuffix("s") if _takes_several(Protocol.model_fields[field]) else field


def _parameter(name: str, field: FieldInfo) -> inspect.Parameter:
    option = typer.Option(metavar=_metavar(field), rich_help_panel=HEADING, help=_help(field))
    kind: Any = list[str] | None if _takes_several(field) else str | None
    return inspect.Parameter(
        _parameter_name(name), inspect.Parameter.POSITIONAL_OR_KEYWORD, default=None, annotation=Annotated[kind, option]
    )


def _takes_several(field: FieldInfo) -> bool:
    return get_origin(field.annotation) is tuple


def _metavar(field: FieldInfo) -> str:
    """Spell out the values that a field takes: 'N', 'X|none', 'X,…', 'adam|sgd'."""
    if _takes_several(field):
        return f"{METAVARS[get_args(field.annotation)[0]]},…"
    return "|".join(_spellings(field.annotation))


def _spellings(annotation: Any) -> list[str]:
    if get_origin(annotation) in (Union, types.UnionType):
        return [spelling for kind in get_args(annotation) for spelling in _spellings(kind)]
    if get_origin(annotation) is Literal:
        return [str(value) for value in get_args(annotation)]
    return [NONE if annotation is type(None) else METAVARS[annotation]]


def _help(field: FieldInfo) -> str:
    words = {"ge": "at least", "gt": "above"}
    bounds = [f"{words[k]} {getattr(rule, k):g}" for rule in field.metadata for k in words if hasattr(rule, k)]
    description = field.description or ""
    return f"{description[:1].upper()}{description[1:]}{''.join(f'; {bound}' for bound in bounds)}."


def _value(name: str, words: str | Sequence[str]) -> Any:
    """The typed value of an option. Raises BenchError where it is none that the field takes."""
    field = Protocol.model_fields[name]
    several = _takes_several(field)
    text = words if isinstance(words, str) else ",".join(words)
    raw: Any = [part.strip() for part in text.split(",")] if several else None if text == NONE else text
    kind: Any = Annotated[field.annotation, field]
    try:
        return TypeAdapter(kind).validate_python(raw)
    except ValidationError as error:
        fault = error.errors()[0]
        option = f"--{_parameter_name(name).replace('_', '-')}"
        raise BenchError(f"{option} {text}: {fault['msg'][:1].lower()}{fault['msg'][1:]}.") from None
