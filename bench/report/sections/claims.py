"""The source's claims one by one: a table of all verdicts, how to read them, and a card for each."""

from __future__ import annotations

from collections.abc import Iterator

from bench.languages import words
from bench.report.claim_pages import ClaimPages
from bench.report.document import Block, Heading, Rich, Terms, Text
from bench.report.flow import FLOOR
from bench.report.section import ReportSection
from bench.report.verdicts import VERDICTS

MEANINGS = {
    "supported": words("The effect is on the side that the source claims, and larger than the margin."),
    "weakly supported": words("The effect is on the side that the source claims; it may be smaller than the margin."),
    "in part": words("Some of the claim's parts hold and others do not: its marks say which."),
    "practically equal": words("The effect lies within the margin, whatever its sign."),
    "weakly contradicted": words("The effect is on the other side; it may be smaller than the margin."),
    "contradicted": words("The effect is on the other side, and larger than the margin."),
    "undecided": words(
        "Too few seeds to decide, and the number that would be needed is next to n; or a part was not run that has a "
        "say."
    ),
    "cannot tell": words(
        "It was run, but had no chance to differ: nobody solved the task, or everybody did, or nothing exploded."
    ),
    "not run": words("There are no results, or stale ones only."),
}
READING = (
    (
        words("Effect"),
        words(
            "Paired differences (technique less reference, on the same data), a value a seed: their mean where values "
            "have bounds, as scores have, else their median; with its {confidence} interval by itself, which supposes "
            "nothing of their distribution. Ratios are given as such. The score is the share of the budget that was "
            "left when a run had solved its task; zero if it had not."
        ),
    ),
    (words("Margin"), words("Differences within it do not matter. It stands with the claim.")),
    (
        words("n"),
        words("Paired seeds, or rounds of timing; and how many would be needed for a decision."),
    ),
    (
        words("p"),
        words(
            "Corrected for all comparisons of the report; a dash where so few seeds could not reach the level, or "
            "where nothing is left to chance."
        ),
    ),
    (
        words("Robust"),
        words(
            "The same question asked otherwise, leaving out a task, with another average or another measure. Counted "
            "are the analyses that by themselves read as the verdict does, however strongly."
        ),
    ),
    (
        words("Orthogonal"),
        words("Whether it also holds when all techniques start from orthogonal recurrent weights."),
    ),
    (
        words("Figures"),
        words(
            "Left: dot and line are effect and interval; the grey band is the margin; a filled triangle shows the "
            "side that the claim is on, an open one that it must not be worse. ● supported, ✖ contradicted, □ "
            "practically equal, ○ undecided. Right: the values that the effect was reckoned from, where bars are "
            "means and large dots several seeds. In gradients the dotted line is the floor of single precision "
            "({floor}), where it is in view."
        ),
    ),
    (
        words("Trail"),
        words(
            "Each run behind the effects by its id in MLflow, in tables/runs.csv next to this report, and every value "
            "in tables/values.csv. On screen the first of them are shown too, with the hashes of their setting and "
            "protocol and the commit of the code."
        ),
    ),
)
"""Explanations of the cards: pairs of a word and its meaning."""


class Claims(ReportSection):
    """Every claim with its verdict, its parts, its figure and the runs behind it."""

    name = "claims"
    order = 40
    title = words("The claims, one by one")

    def blocks(self) -> Iterator[Block]:
        pages = ClaimPages(self.page, self.page.verdicts)
        yield Text(
            self.words(
                "What would support and what would contradict each of the {claims} claims is written down with it: "
                "what is estimated, in which direction, and beyond what margin. Not all of that was fixed before any "
                "result was seen. All tests stand in one family: p-values are corrected by Holm's method for "
                "{comparisons} comparisons, and the level is {level}. A verdict holds for the networks, tasks and lags "
                "of this report.",
                **self.page.verdicts.values(),
            )
        )
        yield pages.table("verdicts", self.words("The source claims"))
        yield Heading(self.words("How to read these pages"), "reading", listed=False)
        yield Terms(tuple(self._reading()), "reading")
        cards = tuple(pages.cards(decided=True))
        if len(cards) < len(self.page.verdicts.all):
            yield Text(
                self.words(
                    "The claims that are decided follow; the others have their pages in the appendix of the HTML."
                ),
                "note",
            )
        yield from cards

    def details(self) -> Iterator[Block]:
        cards = tuple(ClaimPages(self.page, self.page.verdicts).cards(decided=False))
        if cards:
            yield Text(self.words("The claims without a verdict either way: what was estimated, and what is missing."))
            yield from cards

    def _reading(self) -> Iterator[tuple[Rich, Rich]]:
        values = self.page.verdicts.values() | {"floor": self.numbers.power_of_ten(FLOOR)}
        for verdict in VERDICTS:
            yield f"{self.say.symbol(verdict)} {self.say.verdict(verdict)}", self.words(MEANINGS[verdict], **values)
        for word, meaning in READING:
            yield self.words(word), self.words(meaning, **values)
