"""Figures and tables by number, so that words anywhere in a report can point at them."""

from __future__ import annotations

import re
from html import unescape
from typing import NamedTuple

from markupsafe import Markup, escape

from bench.reporting.catalogue import Catalogue
from bench.reporting.style import Picture

_ASKED = re.compile("\ue000(.*?)\ue001")
"""A reference until all numbers are known: characters that no text has."""


class Figure(NamedTuple):
    """A figure of the report."""

    number: int
    name: str
    """Empty where it was not given one."""
    picture: Picture


class Numbering:
    """The numbers of one report, given in the order of its pages."""

    def __init__(self, words: Catalogue) -> None:
        self.words = words
        self.figures: list[Figure] = []
        self._tables = 0
        self._named: dict[str, tuple[str, int]] = {}

    def figure(self, picture: Picture, name: str = "") -> int:
        """The next figure's number, which is also its id: figure-3. With a name, `refer_in` can point at it."""
        self.figures.append(Figure(len(self.figures) + 1, name, picture))
        return self._name("figure", len(self.figures), name)

    def table(self, name: str = "") -> int:
        """The same for a table."""
        self._tables += 1
        return self._name("table", self._tables, name)

    def _name(self, kind: str, number: int, name: str) -> int:
        if name:
            self._named.setdefault(name, (kind, number))
        return number

    def refer_in(self, key: str, names: dict[str, str]) -> Markup:
        """A sentence of the catalogue about figures and tables, before or behind it; `resolved` puts in the numbers."""
        return escape(self.words(key, **{place: f"\ue000{name}\ue001" for place, name in names.items()}))

    def resolved(self, html: str) -> str:
        """A page with its references as links; KeyError for one to what is not there."""

        def link(found: re.Match[str]) -> str:
            kind, number = self._named[unescape(found[1])]
            words = escape(self.words(f"report.ref_{kind}", number=number))
            return f'<a class="ref" href="#{kind}-{number}">{words}</a>'

        return _ASKED.sub(link, html)
