"""Holds what renderers share: the words that belong to the form of a report, and not to its contents."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple, TypeAlias

from bench.languages import Language
from bench.report.document import Break, Chip, Document, Lines, Link, Ref, Rich, Styled
from bench.report.render.beside import Beside
from bench.report.render.numbering import Numbered, Numbering

Renderer: TypeAlias = Callable[[Document, Language, Numbering, Beside], bytes]
"""Turns a document into a file's bytes."""


class Format(NamedTuple):
    """A format that a report can be written in."""

    name: str
    """Its name on the command line."""
    ending: str
    render: Renderer


def label(numbered: Numbered, words: Language) -> str:
    """Return the label in front of a caption: 'Figure 3.'"""
    return words("Figure {number}." if numbered.kind == "figure" else "Table {number}.", number=numbered.number)


def reference(numbered: Numbered, words: Language) -> str:
    """Return the words by which a sentence refers to a figure or a table: 'figure 3'."""
    return words("figure {number}" if numbered.kind == "figure" else "table {number}", number=numbered.number)


def file_name(number: int, name: str) -> str:
    """The name of a figure's file without its ending: figure-03-S01. A plugin's claim may be called anything."""
    return f"figure-{number:02}" + (f"-{re.sub('[^A-Za-z0-9_-]+', '-', name)}" if name else "")


def table_file(number: int) -> str:
    """The name of a table's file: table-03.csv."""
    return f"table-{number:02}.csv"


def plain(text: Rich, numbering: Numbering, words: Language) -> str:
    """Text without what a screen or paper adds to it, on one line."""
    return " ".join(_plain(text, numbering, words).split())


def _plain(text: Rich, numbering: Numbering, words: Language) -> str:
    match text:
        case str():
            return text
        case tuple():
            return "".join(_plain(part, numbering, words) for part in text)
        case Styled():
            apart = " " if text.style in ("found", "untested") else ""
            return apart + _plain(text.text, numbering, words)
        case Link():
            return _plain(text.text, numbering, words)
        case Chip():
            return " ".join(filter(None, [text.symbol, text.claim, text.word]))
        case Ref():
            return reference(numbering.named(text.name), words)
        case Break():
            return " "
        case Lines():
            return " ".join(_plain(line.text, numbering, words) for line in text.lines)
    raise TypeError(f"{text!r} is no text of a document")
