"""A document as Markdown (GitHub's, with footnotes left out): for a wiki, a pull request, a terminal."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from bench.languages import Language
from bench.report.document import (
    Block,
    Box,
    Break,
    Card,
    Cell,
    Chip,
    Code,
    Document,
    Figure,
    Heading,
    Items,
    Lines,
    Link,
    Ref,
    Rich,
    Row,
    Section,
    Styled,
    Table,
    Terms,
    Text,
)  # fmt: skip
from bench.report.render.base import Format, file_name, label, reference
from bench.report.render.beside import Beside
from bench.report.render.numbering import Numbering

_SPECIAL = re.compile(r"[\\`*_\[\]<>|~]|^[#+-](?= )|(?<=^\d)[.)](?= )", re.M)
"""Characters that Markdown would interpret."""


def markdown(document: Document, words: Language, numbering: Numbering, beside: Beside) -> bytes:
    """The document in UTF-8, with its figures as links to their files."""
    return ("\n\n".join(_Markdown(document, words, numbering, beside.figures).parts(document)) + "\n").encode()


FORMAT = Format("md", "md", markdown)


def _shown(document: Document) -> tuple[Section, ...]:
    """The sections of a document without its appendix, which is for screens."""
    return tuple(section for section in document.sections if not section.appendix)


class _Markdown:
    """The rendering of one document."""

    def __init__(self, document: Document, words: Language, numbering: Numbering, figures: str) -> None:
        self.words, self.numbering, self.figures = words, numbering, figures
        self.places = Numbering(replace(document, sections=_shown(document))).places

    def parts(self, document: Document) -> Iterator[str]:
        yield f"# {escaped(document.title)}"
        yield escaped(document.subtitle)
        yield "\n".join(
            f"- **{escaped(name)}**{self.words.rules.colon}{escaped(value)}" for name, value in document.facts
        )
        for section in _shown(document):
            yield from self._section(section)

    def _section(self, section: Section) -> Iterator[str]:
        yield f'<a id="{section.id}"></a>\n\n## {escaped(section.title)}'
        for block in section.blocks:
            yield from self._block(block)

    def _block(self, block: Block) -> Iterator[str]:
        match block:
            case Text():
                yield ("> " if block.kind == "note" else "") + self._inline(block.text)
            case Heading():
                yield f"### {self._inline(block.text)}"
            case Code():
                yield f"```python\n{block.lines}\n```"
            case Items():
                yield "\n".join(f"{'1.' if block.ordered else '-'} {self._inline(item)}" for item in block.items)
            case Terms():
                yield "\n".join(
                    f"- **{self._inline(term)}**{self.words.rules.colon}{self._inline(meaning)}"
                    for term, meaning in block.terms
                )
            case Figure():
                yield self._figure(block)
            case Table() if not block.screen_only:
                yield from self._table(block)
            case Box():
                parts = [f"**{self._inline(block.title)}**", *(p for part in block.blocks for p in self._block(part))]
                yield "\n>\n".join("\n".join(f"> {line}" for line in part.splitlines()) for part in parts)
            case Card():
                yield f'<a id="{block.id}"></a>\n\n### {self._inline(block.title)}'
                for part in block.blocks:
                    yield from self._block(part)

    def _is_lost(self, target: str) -> bool:
        """Return True if a link would lead to a place that is only in the appendix, or nowhere."""
        return target.startswith("#") and target[1:] not in self.places

    def _figure(self, figure: Figure) -> str:
        numbered = self.numbering.of(figure)
        assert numbered is not None  # every figure of the document
        stem = file_name(numbered.number, figure.name)
        return (
            f"![{escaped(figure.picture.alt)}]({self.figures}/{stem}.svg)\n\n"
            f"**{escaped(label(numbered, self.words))}** {escaped(figure.caption)}"
        )

    def _table(self, table: Table) -> Iterator[str]:
        numbered = self.numbering.of(table)
        if numbered:
            yield f"**{escaped(label(numbered, self.words))}** {escaped(table.caption)}"
        heads = [self._inline(column.title) for column in table.columns]
        rule = ["---:" if column.number else "---" for column in table.columns]
        rows = [self._row(row, len(table.columns)) for group in table.groups for row in group.rows]
        yield "\n".join("| " + " | ".join(cells) + " |" for cells in (heads, rule, *rows))

    def _row(self, row: Row, columns: int) -> list[str]:
        """A row's cells; empty ones stand where a cell spans several."""
        found = [""] * (columns - row.width)
        for cell in row.cells:
            cell = cell if isinstance(cell, Cell) else Cell(cell)
            text = self._inline(cell.text)
            found += [f"**{text}**" if cell.head and text else text, *[""] * (cell.columns - 1)]
        return found

    def _inline(self, text: Rich) -> str:
        match text:
            case str():
                return escaped(text)
            case tuple():
                return "".join(map(self._inline, text))
            case Styled():
                return self._styled(text)
            case Link():
                said = self._inline(text.text)
                lost = text.screen_only or text.style == "origin" or not text.target or self._is_lost(text.target)
                return "" if text.screen_only else said if lost else f"[{said}]({text.target})"
            case Chip():
                said = escaped(" ".join(filter(None, [text.symbol, text.claim, text.word])))
                return f"[{said}](#{text.claim})" if text.claim in self.places else f"**{said}**"
            case Ref():
                return escaped(reference(self.numbering.named(text.name), self.words))
            case Break():
                return "<br>"
            case Lines():
                return "<br>".join(self._inline(line.text) for line in text.lines)
        raise TypeError(f"{text!r} is no text of a document")

    def _styled(self, text: Styled) -> str:
        said = self._inline(text.text)
        if text.style in ("found", "untested"):
            return f"<br>{said}"
        return {"name": f"**{said}**", "emphasis": f"*{said}*", "small": f"<sub>{said}</sub>"}.get(text.style, said)


def escaped(text: str) -> str:
    """Escape a text so that nothing in it is read as Markdown."""
    return _SPECIAL.sub(lambda found: f"\\{found[0]}", text)
