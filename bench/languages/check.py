"""Says what a language lacks: text without a translation, translations without a text, braces that differ."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from pathlib import Path
from string import Formatter
from typing import NamedTuple

import bench
from bench.languages.language import Language

MARKS = ("words", "Message", "counted")
"""The functions whose first argument, where it is written out, is text for readers."""


class Marked(NamedTuple):
    """English text for readers, and where it stands."""

    text: str
    where: str
    """File and line."""
    context: str | None = None


def marked(files: Iterable[Path] | None = None) -> list[Marked]:
    """All marked text of Python files: those of this program, if none are given."""
    package = Path(bench.__file__).parent
    return [found for file in sorted(package.rglob("*.py") if files is None else files) for found in _marked_in(file)]


def complaints(language: Language, texts: Iterable[Marked]) -> list[str]:
    """A sentence for each text that the language lacks, or has with other braces, and for each that is not used."""
    wanted = {(one.text, one.context): one.where for one in texts}
    found = [(_first(message.id), message.context) for message in language.messages() if message.id]
    lacking = [f"{where}: '{text}' is not translated." for (text, context), where in wanted.items()
               if not language.has(text, context)]  # fmt: skip
    unused = [f"'{text}' is translated but never used." for text, context in found if (text, context) not in wanted]
    unlike = [
        f"'{text}' has the placeholders {_said(_braces(text))}, its translation {_said(_braces(translated))}."
        for text, context in found
        if _braces(translated := language.translation(text, context)) != _braces(text)
    ]
    return [*lacking, *unused, *unlike]


def _marked_in(file: Path) -> Iterator[Marked]:
    for node in ast.walk(ast.parse(file.read_bytes())):
        if isinstance(node, ast.Call) and _name(node.func) in MARKS and node.args:
            yield from (Marked(text, f"{file.name}:{node.lineno}") for text in _texts(node.args[0]) if text)


def _texts(argument: ast.expr) -> Iterator[str]:
    """The text that an argument is, or the two of which it is one: "solves" if alone else "solve"."""
    if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
        yield argument.value
    elif isinstance(argument, ast.IfExp):
        yield from _texts(argument.body)
        yield from _texts(argument.orelse)


def _first(text: str | tuple[str, ...]) -> str:
    """A text, or of one with a plural the singular."""
    return text if isinstance(text, str) else text[0]


def _name(function: ast.expr) -> str:
    return function.id if isinstance(function, ast.Name) else getattr(function, "attr", "")


def _braces(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


def _said(names: set[str]) -> str:
    return " and ".join(f"{{{name}}}" for name in sorted(names)) or "nothing"
