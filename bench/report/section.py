"""The contract of a report's section: one file in `sections/`, with its words."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import ClassVar

from bench.languages import Language
from bench.report.document import Block, Ref, Rich, Section
from bench.report.draw.style import Picture
from bench.report.findings import Findings
from bench.report.sentences import Sentences
from bench.report.trained import Trained
from bench.report.verdicts import Verdicts
from bench.tracking import RunAddresses

ClaimPictures = dict[str, tuple[Picture, list[str]] | None]
"""Figure of each claim, and the names of the panels on its right."""


@dataclass(frozen=True)
class Page:
    """The things that every section needs: the findings, the names in one language, and the addresses of runs."""

    findings: Findings
    words: Language
    addresses: RunAddresses | None = None
    claim_pictures: Callable[[], ClaimPictures] = field(default=dict)
    """Waits for the figures of the claims, which another process may draw."""

    @cached_property
    def say(self) -> Sentences:
        """Names and the sentences that several sections share."""
        return Sentences(self.findings, self.words)

    @cached_property
    def verdicts(self) -> Verdicts:
        """The verdicts made ready to show."""
        return Verdicts(self.say, self.addresses)

    @cached_property
    def pictures(self) -> ClaimPictures:
        """The figures of all claims of all families, which are drawn once."""
        return self.claim_pictures()

    @cached_property
    def trained(self) -> Trained:
        """The settings that were trained, with their runs."""
        return Trained(self.say, self.addresses)


class ReportSection(ABC):
    """A section of the report.

    A subclass sets the class attributes and writes `blocks`. Its file lies in `bench/report/sections`, in a plugin, or
    in a package that names it under the entry points `bptt_bench.sections`. Its words are English, marked by
    `words("…")` or put into the report's language by `self.words("…")`.
    """

    name: ClassVar[str]
    """The place by which it is linked to."""
    order: ClassVar[float]
    """Sections stand by rising order: the answer has 10, the ledger of runs 150."""
    title: ClassVar[str]
    in_appendix: ClassVar[bool] = False
    """True if it is for readers who check: it stands behind the others, on screens alone."""
    brief: ClassVar[bool] = False
    """True if it is a part of the brief report, too."""

    def __init__(self, page: Page) -> None:
        self.page, self.findings, self.say, self.words = page, page.findings, page.say, page.words
        self.numbers = page.say.numbers

    @abstractmethod
    def blocks(self) -> Iterator[Block]:
        """Yield its blocks in order; a section without blocks is left out."""

    def details(self) -> Iterator[Block]:
        """Yield what goes to the appendix of a section that stands before it."""
        yield from ()

    def sections(self) -> Iterator[Section]:
        """The section as a part of the document, where it has something to say; several where there are several."""
        title = self.words(self.title)
        if blocks := tuple(self.blocks()):
            yield Section(self.name, title, blocks, appendix=self.in_appendix)
        if details := tuple(self.details()):
            yield Section(f"{self.name}-details", self.behind(title), details, appendix=True)

    def behind(self, title: str) -> str:
        """Return the title that the details of a section have in the appendix."""
        return self.words("{title}: details", title=title)

    def referring(self, text: str, **names: str) -> Rich:
        """A marked text whose braces are filled with references to figures and tables by their names."""
        parts = self.words.translation(text).split("{")
        found: list[Rich] = [parts[0]]
        for part in parts[1:]:
            brace, _, rest = part.partition("}")
            found += [Ref(names[brace]), rest]
        return tuple(filter(None, found))
