"""The contents of a report: a document of sections and blocks, which renderers walk. Nothing here knows of HTML.

Text within a block is a `Rich`: a string, a part with a meaning of its own (a link, a verdict, a reference to a
figure), or several of these, one after the other.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias
from urllib.parse import urlsplit

from bench.report.draw.style import Picture

Style = Literal["", "name", "small", "quiet", "emphasis", "code", "id", "label", "fact", "found", "said", "untested"]


LOOPBACK = ("localhost", "127.0.0.1", "::1")
"""The names by which a machine calls itself."""


@dataclass(frozen=True)
class Ref:
    """A reference to a figure or a table by its name: "figure 3". The number is found when the document is rendered."""

    name: str


@dataclass(frozen=True)
class Link:
    """A link to a place in the document ("#S01") or to an address; without a target it is its text alone."""

    text: Rich
    target: str
    style: Literal["", "origin", "page"] = ""
    """origin: leads from a number to the runs behind it; page: has the number of its page behind it in print."""
    screen_only: bool = False
    find: str = ""
    """Text that filters the rows of the table to which the link leads."""

    @property
    def on_this_machine(self) -> bool:
        """True if the address is one that leads anywhere only on the machine where the report was made."""
        return urlsplit(self.target).hostname in LOOPBACK


@dataclass(frozen=True)
class Chip:
    """A verdict: its word, a symbol and a colour; with a claim's id it leads to the claim."""

    verdict: str
    word: str
    symbol: str
    claim: str = ""


@dataclass(frozen=True)
class Styled:
    """Text that is set apart."""

    text: Rich
    style: Style


@dataclass(frozen=True)
class Break:
    """The end of a line."""


@dataclass(frozen=True)
class Lines:
    """Several paragraphs in a cell of a table."""

    lines: tuple[Line, ...]


@dataclass(frozen=True)
class Line:
    """A paragraph in a cell."""

    text: Rich
    kind: Literal["", "statement", "measured"] = ""


Inline: TypeAlias = str | Ref | Link | Chip | Styled | Break | Lines
Rich: TypeAlias = Inline | tuple["Rich", ...]


@dataclass(frozen=True)
class Text:
    """A paragraph."""

    text: Rich
    kind: Literal[
        "",
        "note",
        "lead",
        "answer",
        "quiet",
        "how",
        "reached",
        "robustness",
        "rest",
        "tally-line",
        "cannot",
        "here",
    ] = ""
    """here: about links to this machine, which the reader may switch on."""


@dataclass(frozen=True)
class Heading:
    """A heading within a section; with an id it can be linked to, and it is in the contents if it is listed."""

    text: Rich
    id: str = ""
    listed: bool = True
    plain: bool = False


@dataclass(frozen=True)
class Code:
    """Lines of a program, as they are."""

    lines: str


@dataclass(frozen=True)
class Items:
    """A list."""

    items: tuple[Rich, ...]
    kind: Literal["", "findings", "said", "rules"] = ""
    ordered: bool = False


@dataclass(frozen=True)
class Terms:
    """Words and what they mean."""

    terms: tuple[tuple[Rich, Rich], ...]
    kind: Literal["", "reading", "facts"] = ""


@dataclass(frozen=True)
class Column:
    """A column of a table."""

    title: Rich
    number: bool = False
    """True if it holds numbers, which are aligned to the right."""
    choice: bool = False
    """True if few values occur many times, so that a reader may choose among them."""


@dataclass(frozen=True)
class Cell:
    """A cell of a table."""

    text: Rich
    head: Literal["", "row", "rowgroup"] = ""
    rows: int = 1
    columns: int = 1
    kind: str = ""


@dataclass(frozen=True)
class Row:
    """A row of a table; what is no `Cell` is the text of one."""

    cells: tuple[Cell | Rich, ...]
    id: str = ""
    kind: str = ""

    @property
    def width(self) -> int:
        """The columns that it fills; those on its left belong to a cell of a row above."""
        return sum(cell.columns if isinstance(cell, Cell) else 1 for cell in self.cells)


@dataclass(frozen=True)
class Group:
    """Rows that belong together."""

    rows: tuple[Row, ...]
    kind: str = ""


@dataclass(frozen=True)
class Table:
    """A table. Without a caption it has no number; `label` describes it for those who do not see it."""

    columns: tuple[Column, ...]
    groups: tuple[Group, ...]
    caption: str = ""
    name: str = ""
    """Name by which it can be referred to."""
    kind: str = ""
    label: str = ""
    screen_only: bool = False


@dataclass(frozen=True)
class Figure:
    """A figure with its caption."""

    picture: Picture
    caption: str
    name: str = ""


@dataclass(frozen=True)
class Card:
    """A part of a section with a frame and a title of its own, such as the page of a claim."""

    id: str
    title: Rich
    blocks: tuple[Block, ...]


@dataclass(frozen=True)
class Box:
    """Blocks that are set apart from the text, with a title: limits to keep in mind, or a warning."""

    title: Rich
    blocks: tuple[Block, ...]
    kind: Literal["limits", "warning"]


Block: TypeAlias = Text | Heading | Code | Items | Terms | Table | Figure | Card | Box


@dataclass(frozen=True)
class Section:
    """A section, with the place by which it is linked to."""

    id: str
    title: str
    blocks: tuple[Block, ...]
    kind: str = ""
    appendix: bool = False
    """True if it stands behind all others, and on screens alone."""


@dataclass(frozen=True)
class Document:
    """A whole report in one language."""

    title: str
    subtitle: str
    kind: str
    facts: tuple[tuple[str, str], ...]
    sections: tuple[Section, ...]
    created: str = ""
    """Time of its newest run, ISO 8601, UTC; empty if there are no runs."""
    keywords: str = ""


def blocks_of(blocks: Iterable[Block]) -> Iterator[Block]:
    """All blocks in the order of the page, those within cards and boxes behind these."""
    for block in blocks:
        yield block
        if isinstance(block, Card | Box):
            yield from blocks_of(block.blocks)
