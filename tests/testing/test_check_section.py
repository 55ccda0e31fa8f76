"""The check of sections tells those that keep their contract from those that do not, and says why."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from bench.languages import words
from bench.report.document import Block, Text
from bench.report.section import ReportSection
from bench.report.sections import sections
from bench.testing import check_section


class Kept(ReportSection):
    """Counts techniques, and points at a table of another section."""

    name = "kept"
    order = 35
    title = words("Kept")

    def blocks(self) -> Iterator[Block]:
        yield Text(self.words("There are {n}.", n=len(self.findings.techniques)))
        yield Text(self.referring("See {table}.", table="horizons"))


def test_a_section_that_keeps_its_contract() -> None:
    check_section(Kept)
    assert "kept" not in sections.built_in(), "it was known for as long as it was looked at"


def yields(block: Any) -> Any:
    """A method that yields one thing."""

    def blocks(self: ReportSection) -> Iterator[Any]:
        yield block(self) if callable(block) else block

    return blocks


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"order": "first"}, "its order is 'first'"),
        ({"title": None}, "it has no title"),
        ({"title": " "}, "its title is empty"),
        ({"__doc__": ""}, "there is no docstring"),
        ({"blocks": yields("text")}, "`blocks` yields a str, not one of Text, Heading"),
        ({"blocks": yields(lambda self: self.findings.nothing)}, "building it ends in AttributeError"),
        ({"blocks": yields(lambda self: Text(self.words("{gap}")))}, "building it ends in KeyError"),
        ({"blocks": yields(lambda self: Text(self.referring("{a}", a="no such")))}, "writing a report with it ends in"),
        ({"name": "claims2", "sections": lambda self: iter(["x"])}, "`sections` gives a str"),
        ({"blocks": yields(lambda self: Text(str(1 / (len(self.findings.techniques) - 1))))}, "in ZeroDivisionError"),
    ],
)
def test_a_section_that_breaks_it(changes: dict[str, Any], said: str) -> None:
    section = type("Broken", (Kept,), {"__doc__": "Broken.", "name": "broken"} | changes)
    with pytest.raises(AssertionError, match=said):
        check_section(section)


def test_two_sections_of_one_place() -> None:
    class Twice(Kept):
        """Takes another section's place."""

        name = "kept-too"

        def sections(self) -> Iterator[Any]:
            (own,) = super().sections()
            yield type(own)("choice", own.title, own.blocks)

    with pytest.raises(AssertionError, match="two sections that are linked to as 'choice'"):
        check_section(Twice)
