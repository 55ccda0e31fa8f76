"""Says what lies beside a page: the same in other languages and formats, its data, and where the project is at home."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from importlib.metadata import PackageNotFoundError, metadata
from typing import NamedTuple

from bench.languages import Language, words

PROJECT = "bptt-bench"
HOMES = ("Homepage", "Repository", "Source page", "Documentation")
"""The labels of the package's addresses that a page leads to; `[project.urls]` in pyproject.toml sets them."""
LABELS = (words("Homepage"), words("Repository"), words("Source page"), words("Documentation"))
MARKUP = "html"
"""The format whose pages lead to one another."""


class Place(NamedTuple):
    """A place where a reader finds more."""

    text: str
    address: str
    """Seen from the page, or with its host."""
    tag: str = ""
    """The language of what is there, if it is another."""


class Beside(NamedTuple):
    """The things that lie beside a page."""

    figures: str = ""
    """The folder of its figures, seen from the page; empty if they have no files of their own."""
    tables: str = ""
    """The folder of its tables, likewise."""
    places: tuple[Place, ...] = ()


def page_name(stem: str, code: str, ending: str) -> str:
    """The name of a page's file: report.en.html."""
    return f"{stem}.{code}.{ending}"


def others(stem: str, own: Language, languages: Sequence[Language], endings: Sequence[str]) -> Iterator[Place]:
    """Yield the pages of the same report in other languages, then this one in other formats."""
    for one in languages:
        if one.code != own.code:
            yield Place(one.rules.name, page_name(stem, one.code, MARKUP), one.tag)
    for ending in endings:
        if ending != MARKUP:
            yield Place(ending.upper(), page_name(stem, own.code, ending))


def homes(own: Language) -> Iterator[Place]:
    """Yield the addresses of the project that its package declares."""
    try:
        declared = metadata(PROJECT).get_all("Project-URL") or []
    except PackageNotFoundError:  # the code runs from a folder that was never installed
        return
    known = dict(str(line).split(", ", 1) for line in declared)
    for label in HOMES:
        if known.get(label, "").startswith("https://"):
            yield Place(own.translation(label), known[label])
