"""Verbs of the command line, found by their folder."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter
from types import ModuleType
from typing import Any

from typer.core import TyperCommand, TyperGroup

from bench.cli import verbs


@dataclass(frozen=True)
class Verb:
    """A command, and its place in the help of the whole program."""

    name: str
    group: str
    """Heading under which help lists it."""
    order: int
    """Place in the whole list, where a group is to be in one piece. The present groups begin at 0, 100, 200, …"""
    command: Callable[..., None]


def verb(group: str, order: int) -> Callable[[Callable[..., None]], Verb]:
    """Mark a file's function as its verb, which bears the file's name."""

    def mark(command: Callable[..., None]) -> Verb:
        return Verb(command.__module__.rpartition(".")[2], group, order, command)

    return mark


def found(package: ModuleType = verbs) -> list[Verb]:
    """The verbs of a folder in their order. Raises TypeError, naming the file, where one has no verb or several."""
    modules = [importlib.import_module(f"{package.__name__}.{m.name}") for m in pkgutil.iter_modules(package.__path__)]
    return sorted(map(_only, modules), key=attrgetter("order"))


def _only(module: ModuleType) -> Verb:
    marked = [value for value in vars(module).values() if isinstance(value, Verb)]
    if len(marked) != 1:
        raise TypeError(f"{module.__file__} marks {len(marked)} functions with 'verb': it has to be one.")
    return marked[0]


class Sectioned(TyperCommand):
    """A command whose help lists its options under the headings that they name, the plain ones last."""

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write arguments and options, a section each."""
        sections: dict[str, list[tuple[str, str]]] = {}
        for parameter in self.get_params(ctx):
            record = parameter.get_help_record(ctx)
            plain = "Arguments" if parameter.param_type_name == "argument" else "Options"
            if record is not None:
                sections.setdefault(getattr(parameter, "rich_help_panel", None) or plain, []).append(record)
        for heading in sorted(sections, key="Options".__eq__):
            with formatter.section(heading):
                formatter.write_dl(sections[heading])


class Grouped(TyperGroup):
    """A program whose help lists its commands under the headings that they name."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write each group's commands with the first sentence of their help."""
        room = formatter.width - 6 - max(map(len, self.commands))
        for heading, commands in groupby(self.commands.values(), lambda c: getattr(c, "rich_help_panel", "Commands")):
            with formatter.section(heading):
                formatter.write_dl([(str(c.name), c.get_short_help_str(room)) for c in commands])
