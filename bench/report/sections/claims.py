"""The claims one by one: a table of all verdicts, how to read them, and a card for each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from bench.evidence import wording
from bench.evidence.estimands import Sampled
from bench.evidence.verdicts import ClaimVerdict, PartVerdict
from bench.languages import words
from bench.report.document import (
    Block,
    Break,
    Card,
    Cell,
    Column,
    Figure,
    Group,
    Heading,
    Items,
    Link,
    Rich,
    Row,
    Styled,
    Table,
    Terms,
    Text,
)  # fmt: skip
from bench.report.flow import FLOOR
from bench.report.rows import values_of
from bench.report.section import ClaimPictures, ReportSection
from bench.report.trail import Step, Trail, Trails
from bench.report.verdicts import VERDICTS
from bench.report.vocabulary import ORTHOGONAL

PANELS = {
    "values": words("every seed's value"),
    "dial": words("the score against the dial's value"),
    "profiles": words("the gradient's norm against steps back in time, mean over seeds"),
}
"""Descriptions of the panels on the right of a claim's figure."""
MEANINGS = {
    "supported": words("The effect is on the side that the source claims, and the corrected test rejects chance."),
    "contradicted": words("The effect is on the other side, and the corrected test rejects chance."),
    "practically equal": words(
        "A test of equivalence shows that the effect lies within the margin, whatever its sign."
    ),
    "undecided": words("Too few seeds to decide; the number that would be needed is next to n."),
    "not run": words("There are no results, or stale ones only."),
}
READING = (
    (
        words("Effect"),
        words(
            "The mean over seeds of paired differences (technique minus reference, on the same data), with its "
            "{confidence} interval by itself. Ratios are given as such. The score is the share of the budget that "
            "was left when a run had solved its task; zero if it had not."
        ),
    ),
    (words("Margin"), words("Differences within it count as none. It was fixed beforehand.")),
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
            "are the analyses that read the same way by themselves."
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
        verdicts, pictures = self.page.verdicts, self.page.claim_pictures()
        self._trails = Trails(self.findings, self.page.addresses)
        yield Text(
            self.words(
                "What would support and what would contradict each of the {claims} claims was written down before "
                "any result was seen: what is estimated, in which direction, and beyond what margin. All tests stand "
                "in one family: p-values are corrected by Holm's method for {comparisons} comparisons, and the level "
                "is {level}. A verdict holds for the networks, tasks and lags of this report.",
                **verdicts.values(),
            )
        )
        yield self._all()
        yield Heading(self.words("How to read these pages"), "reading", listed=False)
        yield Terms(tuple(self._reading()), "reading")
        for claim in verdicts.all:
            title = (Styled(claim.claim, "id"), " ", verdicts.says(claim))
            yield Card(claim.claim, title, tuple(self._card(claim, pictures)))

    def _all(self) -> Table:
        verdicts = self.page.verdicts
        columns = (
            Column(self.words("Id")),
            Column(self.words("The source claims")),
            Column(self.words("Verdict"), choice=True),
            Column(self.words("Effect"), number=True),
            Column(self.words("Robust"), number=True),
            Column(self.words("Orthogonal")),
        )
        rows = tuple(
            Row(
                (
                    Cell(Link(claim.claim, f"#{claim.claim}", "page"), "row"),
                    verdicts.says(claim),
                    verdicts.chip(claim.verdict),
                    verdicts.estimate(claim),
                    verdicts.robust(claim),
                    self.words(ORTHOGONAL[claim.orthogonal]),
                )
            )
            for claim in verdicts.all
        )
        caption = self.words(
            "The verdicts. Effects are those of the deciding part, with {confidence} intervals; “robust” counts the "
            "other analyses that read the same way; “orthogonal” says whether it holds under orthogonal "
            "initialisation too.",
            **verdicts.values(),
        )
        return Table(columns, (Group(rows),), caption, "verdicts", "verdicts")

    def _reading(self) -> Iterator[tuple[Rich, Rich]]:
        values = self.page.verdicts.values() | {"floor": self.numbers.power_of_ten(FLOOR)}
        for verdict in VERDICTS:
            yield f"{self.say.symbol(verdict)} {self.say.verdict(verdict)}", self.words(MEANINGS[verdict], **values)
        for word, meaning in READING:
            yield self.words(word), self.words(meaning, **values)

    # A claim

    def _card(self, claim: ClaimVerdict, pictures: ClaimPictures) -> Iterator[Block]:
        verdicts = self.page.verdicts
        yield Text((verdicts.chip(claim.verdict), " ", verdicts.reason(claim)), "reached")
        if verdicts.run(claim):
            yield self._parts(claim)
        if missing := verdicts.not_run(claim):
            yield Items(tuple(map(self._missing, missing)), "said")
        if picture := pictures.get(claim.claim):
            yield Figure(picture[0], self._caption(claim, picture[1]), claim.claim)
        if claim.robustness.analyses:
            yield Text((Styled(self._robust_title(claim), "label"), " ", self._analyses(claim)), "robustness")
        for floor in self._floors(claim):
            yield Text((Styled(self.words("Noise floor:"), "label"), " ", floor), "robustness")
        yield from self._trail(claim)

    def _parts(self, claim: ClaimVerdict) -> Table:
        columns = (
            Column(self.words("What was estimated")),
            Column(self.words("Verdict")),
            Column(self.words("Effect"), number=True),
            Column(self.words("Margin"), number=True),
            Column(self.words("n"), number=True),
            Column(self.words("p"), number=True),
            Column(self.words("Robust"), number=True),
            Column(self.words("Orthogonal")),
        )
        label = self.words("{claim}: what was estimated, and what came of it", claim=claim.claim)
        rows = tuple(map(self._part, self.page.verdicts.run(claim)))
        return Table(columns, (Group(rows),), kind="parts", label=label)

    def _part(self, part: PartVerdict) -> Row:
        verdicts = self.page.verdicts
        beside = (" ", Styled(self.words("(told beside, without a say)"), "small")) if part.beside else ()
        needed = verdicts.needed(part)
        return Row(
            (
                Cell(
                    (Styled(verdicts.label(part), "name"), *beside, Break(), Styled(verdicts.estimand(part), "small")),
                    "row",
                ),
                verdicts.chip(part.verdict),
                verdicts.estimate(part),
                verdicts.margin(part),
                (self.numbers.count(part.n), " ", Styled(needed, "small")) if needed else self.numbers.count(part.n),
                verdicts.p(part),
                verdicts.robust(part),
                self.words(ORTHOGONAL[part.orthogonal]),
            )
        )

    def _missing(self, part: PartVerdict) -> Rich:
        verdicts = self.page.verdicts
        name, what = Styled(verdicts.label(part), "name"), Styled(verdicts.estimand(part), "small")
        return (name, " ", what, self.words.rules.colon, verdicts.reason(part))

    def _trail(self, claim: ClaimVerdict) -> Iterator[Block]:
        trail = self._trails.trail(claim)
        if trail is None:
            if claim.verdict != "not run":
                text = self.words(
                    "Counted or timed apart from training, so it rests on no training run; see the tables of costs."
                )
                yield Text(text, "rest")
            return
        columns = (
            Column(self.words("Experiment")),
            Column(self.words("Names of runs")),
            Column(self.words("Run ids")),
            Column(self.words("Learning rate"), number=True),
            Column(self.words("Setting")),
            Column(self.words("Protocol")),
            Column(self.words("Commit")),
        )
        label = self.words("{claim}: the runs behind it", claim=claim.claim)
        rows = tuple(map(self._step, trail.steps))
        yield Table(columns, (Group(rows),), kind="trail fixed-order", label=label, screen_only=True)
        find = Link(self.words("Find all settings behind this claim"), "#runs", screen_only=True, find=claim.claim)
        yield Text((self._rest(trail), " ", find), "rest")

    def _step(self, step: Step) -> Row:
        ids: list[Rich] = []
        for id, address in step.ids:
            ids += [self.words.rules.between_items] if ids else []
            ids.append(Link(id, address))
        more = (" ", Link(f"+{step.more}", f"#{step.place}", "origin")) if step.more else ()
        return Row(
            (
                step.experiment,
                step.name,
                Styled((*ids, *more), "code"),
                step.rate,
                Styled(step.setting, "code"),
                Styled(step.protocol, "code"),
                Styled(f"{step.commit} {self.words('+ changes')}" if step.dirty else step.commit, "code"),
            )
        )

    def _floors(self, claim: ClaimVerdict) -> list[str]:
        """Give the ratio of the baseline's time to itself, wherever a part of the claim was timed."""
        timed = [part for part in self.page.verdicts.run(claim) if part.estimand.sampled is Sampled.ROUNDS]
        cells = [value.cell for part in timed for value in values_of(part)]
        return [
            self.words(
                "{cell}: timed against itself in the same way, the baseline takes {ratio} its own time "
                "({range} in the middle half of the rounds). A difference no larger than that means "
                "nothing.",
                cell=self.say.cell(floor.task, floor.lag),
                ratio=self.numbers.ratio(floor.time_ratio),
                range=self.numbers.ratio_range(floor.time_ratio_low, floor.time_ratio_high),
            )
            for floor in self.findings.noise_floors(cells)
        ]

    def _caption(self, claim: ClaimVerdict, panels: list[str]) -> str:
        """Describe what a claim's figure shows."""
        shown = [self.words(PANELS[panel]) for panel in dict.fromkeys(panels)]
        right = self.words.rules.between_clauses.join(shown)
        return self.words(
            "{claim}. Left: effects with their intervals and margins. Right: {right}.", claim=claim.claim, right=right
        )

    def _robust_title(self, claim: ClaimVerdict) -> str:
        """Say in how many analyses the deciding part holds."""
        counts = {"agree": claim.robustness.agree, "analyses": claim.robustness.analyses}
        if len(claim.parts) == 1:
            return self.words("Holds in {agree} of {analyses} other analyses.", **counts)
        return self.words(
            "{part}, which decides, holds in {agree} of {analyses} other analyses.",
            part=self.page.verdicts.label(claim),
            **counts,
        )

    def _rest(self, trail: Trail) -> str:
        """Say how many runs a claim rests on, and where they are listed."""
        return self.words(
            "Runs behind this claim: {runs} (settings: {settings}). Each by its id: tables/runs.csv.",
            runs=self.numbers.count(trail.runs),
            settings=self.numbers.count(trail.settings),
        )

    def _analyses(self, claim: PartVerdict) -> str:
        """The other analyses with their effects: those that agree, then those that do not."""
        found: dict[bool, list[str]] = {True: [], False: []}
        for name, effect, low, high, agrees in claim.robustness.details:
            estimate = self.page.verdicts.written(replace(claim, effect=effect, low=low, high=high))
            title = wording.analysis(claim, name, self.words, self.say.cell)
            found[agrees].append(self.words("{name} {estimate}", name=title, estimate=estimate))
        sides = {words("The same reading: {told}."): found[True], words("Another reading: {told}."): found[False]}
        said = [
            self.words(key, told=self.words.rules.between_clauses.join(side)) for key, side in sides.items() if side
        ]
        return self.words.rules.between_sentences.join(said)
