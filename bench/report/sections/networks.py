"""Shows what each technique is: its network unrolled, with the gradient's way back through it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from bench.evidence.scope import BASELINE
from bench.languages import words
from bench.portraits import stored
from bench.records.own_classes import own_word
from bench.records.spec import Spec
from bench.report.document import Block, Figure, Text
from bench.report.draw.style import Picture, picture
from bench.report.draw.unrolled import GAP, Drawn, height, left_over, unrolled_drawing
from bench.report.matrix import Matrix
from bench.report.section import ReportSection
from bench.report.vocabulary import FAMILIES

TALLEST = 7.5
"""Inches of drawings that stand in one figure: with its caption it fits on a page."""
COLUMNS = 2


class Networks(ReportSection):
    """A figure a family; of techniques that come with the program, for others' networks are not at hand."""

    name = "networks"
    order = 57
    title = words("What the techniques are")

    def blocks(self) -> Iterator[Block]:
        drawn = self._families(self._names(self.findings))
        if not drawn:
            return
        yield Text(
            self.words(
                "Each drawing is measured on the technique itself: a small untrained network, with the loss at the "
                "last step of a sequence of the adding problem. Circles are states, cells hold those of one step. "
                "Numbers are the norm of the gradient at a state, in % of that where the loss enters; curves show it "
                "further back. These networks are no results: they have weights as drawn, and none of them has learned."
            )
        )
        yield from self._figures(drawn)
        if cited := self._cited(self._names(self.findings)):
            yield Text(cited, "how")

    def _cited(self, names: Iterable[str]) -> str:
        """Name the papers that techniques are from; references.bib has them in full."""
        known = {name: own_word("techniques", name, "reference") for name in names}
        told = [
            self.words("{technique} ({reference})", technique=self.say.technique(name), reference=reference)
            for name, reference in known.items()
            if reference
        ]
        if not told:
            return ""
        return self.words(
            "Where they are from: {papers}. The file references.bib next to this report has them in full.",
            papers=self.words.rules.between_clauses.join(told),
        )

    def details(self) -> Iterator[Block]:
        own = self._names(self.findings)
        others = [name for matrix in self.findings.arms.values() for name in self._names(matrix) if name not in own]
        yield from self._figures(self._families(others))

    def _figures(self, drawn: dict[str, list[Drawn]]) -> Iterator[Figure]:
        for family, members in drawn.items():
            for part in _pages(members):
                caption = self.words(
                    "{family}: networks unrolled over their last steps, and the share of the gradient that is left, by "
                    "steps back.",
                    family=self.say.family(family),
                )
                yield Figure(self._picture(part), caption, f"network-{part[0].portrait.name}")

    def _names(self, matrix: Matrix) -> list[str]:
        """The techniques of a matrix, without their dials."""
        return list(dict.fromkeys(Spec.base(technique.name) for technique in matrix.techniques))

    def _families(self, names: Iterable[str]) -> dict[str, list[Drawn]]:
        """The techniques that have a portrait, family by family."""
        found: dict[str, list[Drawn]] = {family: [] for family in FAMILIES}
        for name in (name for name in dict.fromkeys(names) if name in stored().techniques):
            family = found.setdefault(own_word("techniques", name, "family"), [])
            family.append(Drawn(stored().techniques[name], self.say.technique(name)))
        return {family: drawn for family, drawn in found.items() if drawn}

    def _picture(self, drawn: Sequence[Drawn]) -> Picture:
        alt = self.words.joined(*(left_over(one, self.words) for one in drawn))
        baseline = stored().techniques[BASELINE]
        return unrolled_drawing(drawn, baseline, self.words, lambda figure: picture(figure, alt), COLUMNS)


def _pages(drawn: Sequence[Drawn]) -> Iterator[list[Drawn]]:
    """Techniques in parts that are no taller than a page."""
    part: list[Drawn] = []
    for start in range(0, len(drawn), COLUMNS):
        row = list(drawn[start : start + COLUMNS])
        if part and _tall([*part, *row]) > TALLEST:
            yield part
            part = []
        part += row
    if part:
        yield part


def _tall(drawn: Sequence[Drawn]) -> float:
    rows = (drawn[start : start + COLUMNS] for start in range(0, len(drawn), COLUMNS))
    return sum(max(height(one.portrait) for one in row) + GAP for row in rows)
