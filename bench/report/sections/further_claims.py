"""Claims that plugins and packages bring: a part of the report for each family of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from bench.evidence.claims import BEYOND
from bench.languages import words
from bench.report.claim_pages import ClaimPages
from bench.report.document import Block, Section, Text
from bench.report.section import ReportSection
from bench.report.verdicts import Verdicts


class FurtherClaims(ReportSection):
    """The verdicts on claims that are not the source's."""

    name = "further-claims"
    order = 45
    title = words("Further claims")

    def blocks(self) -> Iterator[Block]:
        for place, family in enumerate(self.findings.others, start=1):
            yield from self._family(family, place)

    def sections(self) -> Iterator[Section]:
        for place, family in enumerate(self.findings.others, start=1):
            title = self.words("Further claims: {family}", family=Path(family).name)
            if family == BEYOND:
                title = self._name(family)
            name = f"{self.name}-{place}"
            yield Section(name, title, tuple(self._family(family, place)))
            if open_ones := tuple(self._pages(family).cards(decided=False)):
                yield Section(f"{name}-details", self.behind(title), open_ones, appendix=True)

    def _name(self, family: str) -> str:
        """Name a family: a user's own by its file."""
        return self.words("Beyond the source") if family == BEYOND else Path(family).name

    def _family(self, family: str, place: int) -> Iterator[Block]:
        pages = self._pages(family)
        yield Text(
            self.words(
                "These claims are not the source's. They are judged by the same rules as a family of their own: their "
                "p-values are corrected for their own comparisons alone ({comparisons} can be tested with so many "
                "seeds), at the level {level}, and those of the source's claims stay as they are.",
                **pages.verdicts.values(),
            )
        )
        yield pages.table(f"verdicts-{place}", self.words("Claim"), self._name(family))
        yield from pages.cards(decided=True)

    def _pages(self, family: str) -> ClaimPages:
        return ClaimPages(self.page, Verdicts(self.say, self.page.addresses, self.findings.others[family]))
