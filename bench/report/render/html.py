"""A document as an HTML page that needs nothing else."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from bench.languages import Language, words
from bench.report.document import (
    Block,
    Break,
    Card,
    Cell,
    Chip,
    Column,
    Document,
    Heading,
    Line,
    Lines,
    Link,
    Ref,
    Rich,
    Section,
    Styled,
    Table,
)  # fmt: skip
from bench.report.files import templates_folder
from bench.report.render.base import Format, file_name, label, plain, reference, table_file
from bench.report.render.beside import Beside
from bench.report.render.numbering import Numbered, Numbering

SCREEN = {
    "dark": words("Dark theme"),
    "contents": words("Contents"),
    "filter": words("Filter rows"),
    "top": words("To the top"),
    "all": words("all"),
    "shown": words("{shown} of {all} rows"),
    "values": words("Values of the figure; arrow keys go through them"),
    "link": words("Link to them: this is that machine"),
}
"""The words of the page's script; it fills the braces."""
TAGS = {"small": "small", "emphasis": "em"}
"""The elements of styles that have one of their own; the others are classes."""
CLASSES = {"untested": ("small", "untested"), "said": ("span", "")}
MANY = 7
"""Number of columns above which a table of numbers is set smaller."""
ALONE = Beside()
"""A page with nothing beside it."""
MOST_CARDS = 40
"""Rows above which a table keeps its shape on a narrow screen, where others become a card a row."""


def page(document: Document, words: Language, numbering: Numbering, beside: Beside = ALONE) -> str:
    """The page as text. It fetches nothing and runs nothing but its own script, which its policy knows by its hash."""
    rendering = _Page(words, numbering, beside)
    return rendering.environment.get_template("page.html.j2").render(
        document=document,
        screen={name: words.translation(text) for name, text in SCREEN.items()},
        elsewhere=words("This report elsewhere"),
        appendix=words("Appendix"),
        page_number=_around(words("{page} of {pages}", page="\0", pages="\0")),
        skip=words("Skip to the report"),
        **_script(),
    )


def html(document: Document, words: Language, numbering: Numbering, beside: Beside) -> bytes:
    """The page in UTF-8; figures are within it, so that it needs no folder of them."""
    return page(document, words, numbering, beside).encode()


FORMAT = Format("html", "html", html)


class _Page:
    """The rendering of one document's blocks and inline text."""

    def __init__(self, words: Language, numbering: Numbering, beside: Beside) -> None:
        self.words, self.numbering, self.beside = words, numbering, beside
        self.environment = _environment()
        self.environment.globals |= {
            "words": words,
            "beside": beside,
            "block": self.block,
            "contents": contents,
            "label": self.label,
            "places": numbering.places,
            "values": words("Values in this figure"),
        }
        self.environment.filters |= {"inline": self.inline, "attributes": attributes}

    def block(self, block: Block) -> Markup:
        """A block by the template of its kind: table.html.j2 for a `Table`."""
        kind = type(block).__name__.lower()
        numbered = self.numbering.of(block) if kind in ("figure", "table") else None  # type: ignore[arg-type]
        template = self.environment.get_template(f"{kind}.html.j2")
        extra = _shape(block) if isinstance(block, Table) else {}
        here = {"numbered": numbered, "file": self._file(numbered), "cell_of": self.cell}
        return Markup(template.render({kind: block} | here | extra))

    def _file(self, numbered: Numbered | None) -> str:
        """The file of a figure or a table, seen from the page; empty if it has none of its own."""
        if numbered is None:
            return ""
        if isinstance(numbered.block, Table):
            return f"{self.beside.tables}/{table_file(numbered.number)}" if self.beside.tables else ""
        name = file_name(numbered.number, numbered.block.name)
        return f"{self.beside.figures}/{name}.svg" if self.beside.figures else ""

    def label(self, numbered: object) -> str:
        return label(numbered, self.words)  # type: ignore[arg-type]

    def cell(self, cell: Cell | Rich, column: Column | None, named: bool) -> Markup:
        """A cell of a table in its column, whose name it carries if it may come to stand in a card."""
        cell = cell if isinstance(cell, Cell) else Cell(cell)
        named = named and not cell.head and cell.columns == 1
        tag = "th" if cell.head else "td"
        number = "number" if column and column.number and not cell.head else ""
        code = "code" if isinstance(cell.text, Styled) and cell.text.style == "code" else ""
        text = cell.text.text if code and isinstance(cell.text, Styled) else cell.text
        given = {
            "scope": cell.head,
            "rowspan": cell.rows if cell.rows > 1 else "",
            "colspan": cell.columns if cell.columns > 1 else "",
            "class": " ".join(filter(None, [cell.kind, number, code])),
            "data-label": plain(column.title, self.numbering, self.words) if named and column else "",
        }
        return Markup("<{}{}>{}</{}>").format(tag, attributes(given), self.inline(text), tag)

    def inline(self, text: Rich) -> Markup:
        """Text with its links, verdicts and references."""
        match text:
            case str():
                return escape(text)
            case tuple():
                return Markup("").join(map(self.inline, text))
            case Styled():
                return self._styled(text)
            case Link():
                return self._link(text)
            case Chip():
                return self._chip(text)
            case Ref():
                numbered = self.numbering.named(text.name)
                said = reference(numbered, self.words)
                return Markup('<a class="ref" href="#{}">{}</a>').format(numbered.id, said)
            case Break():
                return Markup("<br>")
            case Lines():
                return Markup("\n").join(map(self._line, text.lines))
        raise TypeError(f"{text!r} is no text of a document")

    def _styled(self, text: Styled) -> Markup:
        tag, style = CLASSES.get(text.style) or (TAGS.get(text.style, "span"), "" if text.style in TAGS else text.style)
        return Markup("<{}{}>{}</{}>").format(tag, attributes({"class": style}), self.inline(text.text), tag)

    def _link(self, link: Link) -> Markup:
        if not link.target or not self._leads(link.target):
            return self.inline(link.text)
        outside, here = not link.target.startswith("#"), link.on_this_machine
        given = {
            "class": " ".join(filter(None, [link.style, "screen-only" if link.screen_only else ""])),
            "href": "" if here else link.target,
            "data-here": link.target if here else "",
            "target": "_blank" if outside else "",
            "rel": "noopener" if outside else "",
            "data-find": link.find,
        }
        return Markup("<a{}>{}</a>").format(attributes(given), self.inline(link.text))

    def _leads(self, target: str) -> bool:
        """Return True unless a target would be in this document and is not: a brief report has not every section."""
        return not target.startswith("#") or target[1:] in self.numbering.places

    def _chip(self, chip: Chip) -> Markup:
        style = f"chip {chip.verdict.replace(' ', '-')}"
        symbol = Markup('<span aria-hidden="true">{}</span>').format(chip.symbol)
        if not chip.claim:
            return Markup('<span class="{}">{} {}</span>').format(style, symbol, chip.word)
        if chip.claim not in self.numbering.places:
            return Markup('<span class="{}">{} {} {}</span>').format(style, symbol, chip.claim, chip.word)
        return Markup('<a class="{}" href="#{}">{} {} {}</a>').format(style, chip.claim, symbol, chip.claim, chip.word)

    def _line(self, line: Line) -> Markup:
        tag = "div" if line.kind == "statement" else "p"
        return Markup("<{}{}>{}</{}>").format(tag, attributes({"class": line.kind}), self.inline(line.text), tag)


def attributes(given: Mapping[str, object]) -> Markup:
    """The attributes of an element that are not empty."""
    return Markup("").join(
        Markup(' {}="{}"').format(name, value) for name, value in given.items() if value not in ("", None)
    )


class Entry(NamedTuple):
    """A line of the contents beneath that of its section."""

    id: str
    mark: Rich
    """The id that a card's title begins with: enough to find it by where there is little room."""
    text: Rich


def contents(document: Document) -> list[tuple[Section, list[Entry]]]:
    """The sections, each with its headings and cards that can be linked to."""
    return [(section, [*_entries(section)]) for section in document.sections]


def _entries(section: Section) -> Iterator[Entry]:
    for block in section.blocks:
        match block:
            case Heading() if block.id and block.listed:
                yield Entry(block.id, "", block.text)
            case Card(title=(Styled(style="id") as mark, " ", *rest)):
                yield Entry(block.id, mark, tuple(rest))
            case Card():
                yield Entry(block.id, "", block.title)


def _has_head(table: Table) -> bool:
    return any(column.title for column in table.columns)


def _shape(table: Table) -> dict[str, object]:
    """Return the shape of a table, as its template asks for it."""
    return {"head": _has_head(table), "classes": _classes(table), "cards": _becomes_cards(table)}


def _classes(table: Table) -> str:
    many = len(table.columns) > MANY and "numbers" in table.kind and "dense" not in table.kind
    given = {
        "table": True,
        table.kind: bool(table.kind),
        "wide": many,
        "cards": _becomes_cards(table),
        "screen-only": table.screen_only,
    }
    return " ".join(name for name, holds in given.items() if holds)


def _becomes_cards(table: Table) -> bool:
    """True if a narrow screen shows a card for each row; numbers are compared along a column, so they keep theirs."""
    rows = sum(len(group.rows) for group in table.groups)
    return _has_head(table) and "numbers" not in table.kind and rows <= MOST_CARDS


def _around(text: str) -> list[str]:
    """The words before, between and behind two numbers, each of which is a null character in the text."""
    return text.split("\0")


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(templates_folder()),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.policies["json.dumps_kwargs"] = {"ensure_ascii": False, "separators": (",", ":")}
    return environment


def _script() -> dict[str, str]:
    """The page's one script, and the hash by which the page's policy knows it."""
    script = (templates_folder() / "report.js").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode("ascii")
    return {"script": Markup(script), "script_hash": f"sha256-{digest}"}
