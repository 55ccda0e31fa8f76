"""The numbers of a document's figures and tables in the order of the page, and the places that it has."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, NamedTuple

from bench.report.document import Card, Document, Figure, Heading, Table, blocks_of


class Numbered(NamedTuple):
    """A figure or a table with its number."""

    kind: Literal["figure", "table"]
    number: int
    block: Figure | Table

    @property
    def id(self) -> str:
        """The place by which it is linked to: 'figure-3'."""
        return f"{self.kind}-{self.number}"


class Numbering:
    """Finds the number of a figure or a table, by itself or by its name. A table without a caption has none."""

    def __init__(self, document: Document) -> None:
        self.all = tuple(_numbered(document))
        self._by_block = {id(one.block): one for one in self.all}
        self._by_name = {one.block.name: one for one in reversed(self.all) if one.block.name}
        self.places = frozenset(_places(document)) | {one.id for one in self.all}
        """The places within the document that a link can lead to."""

    def of(self, block: Figure | Table) -> Numbered | None:
        """The number of a block of the document."""
        return self._by_block.get(id(block))

    def named(self, name: str) -> Numbered:
        """Return the figure or table of this name. Raises KeyError if there is none."""
        return self._by_name[name]

    @property
    def figures(self) -> Iterator[tuple[int, Figure]]:
        """Every figure with its number."""
        return ((one.number, one.block) for one in self.all if isinstance(one.block, Figure))

    @property
    def tables(self) -> Iterator[tuple[int, Table]]:
        """Every numbered table with its number."""
        return ((one.number, one.block) for one in self.all if isinstance(one.block, Table))


def _places(document: Document) -> Iterator[str]:
    for section in document.sections:
        yield section.id
        for block in blocks_of(section.blocks):
            if isinstance(block, Table):
                yield from (row.id for group in block.groups for row in group.rows if row.id)
            elif isinstance(block, Heading | Card) and block.id:
                yield block.id


def _numbered(document: Document) -> Iterator[Numbered]:
    figures = tables = 0
    for block in blocks_of(block for section in document.sections for block in section.blocks):
        if isinstance(block, Figure):
            figures += 1
            yield Numbered("figure", figures, block)
        elif isinstance(block, Table) and block.caption:
            tables += 1
            yield Numbered("table", tables, block)
