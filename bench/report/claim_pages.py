"""A family's claims one by one: a table of its verdicts, and a card for each claim."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from bench.evidence import wording
from bench.evidence.estimands import Sampled
from bench.evidence.questions import DECIDED
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
    Items,
    Link,
    Rich,
    Row,
    Styled,
    Table,
    Text,
)  # fmt: skip
from bench.report.findings import Matrix
from bench.report.rows import values_of
from bench.report.section import Page
from bench.report.trail import Step, Trail, Trails
from bench.report.verdicts import Verdicts
from bench.report.vocabulary import ORTHOGONAL

PANELS = {
    "values": words("every single value"),
    "dial": words("the score against the dial's value"),
    "profiles": words("the gradient's norm against steps back in time, mean over seeds"),
}
"""The right panel of a claim's figure, by kind."""


class ClaimPages:
    """The pages of the claims of one family."""

    def __init__(self, page: Page, verdicts: Verdicts) -> None:
        self.findings, self.say, self.words, self.numbers = page.findings, page.say, page.words, page.say.numbers
        self.verdicts, self.pictures = verdicts, page.pictures
        self._trails = Trails(page.findings, page.addresses)

    def cards(self, decided: bool) -> Iterator[Card]:
        """A card for each claim that is decided, or for each that is not."""
        for claim in self.verdicts.all:
            if (claim.verdict in DECIDED) == decided:
                title = (Styled(claim.claim, "id"), " ", self.verdicts.says(claim))
                yield Card(claim.claim, title, tuple(self._card(claim)))

    def table(self, name: str, says: str, whose: str = "") -> Table:
        """Tabulate the verdicts of the family.

        name: how the table can be referred to; says: the head over what is claimed; whose: the family's name, for the
        caption, where it is not the source's.
        """
        verdicts = self.verdicts
        columns = [
            Column(self.words("Id")),
            Column(says),
            Column(self.words("Verdict"), choice=True),
            Column(self.words("Effect"), number=True),
            Column(self.words("Robust"), number=True),
        ]
        started = any(claim.orthogonal != "not run" for claim in verdicts.all)
        if started:
            columns.append(Column(self.words("Orthogonal")))
        rows = tuple(
            Row(
                (
                    Cell(Link(claim.claim, f"#{claim.claim}", "page"), "row"),
                    verdicts.says(claim),
                    verdicts.chip(claim.verdict),
                    verdicts.estimate(claim),
                    verdicts.robust(claim),
                    *([self.words(ORTHOGONAL[claim.orthogonal])] if started else []),
                )
            )
            for claim in verdicts.all
        )
        caption = self.words(
            "The verdicts. Effects are those of the deciding part, with {confidence} intervals; “robust” counts the "
            "other analyses that read the same way.",
            **verdicts.values(),
        )
        if started:
            also = self.words("“Orthogonal” says whether it holds under orthogonal initialisation too.")
            caption = self.words.joined(caption, also)
        if whose:
            caption = self.words("{family}: {caption}", family=whose, caption=caption)
        return Table(tuple(columns), (Group(rows),), caption, name, "verdicts")

    # A claim

    def _card(self, claim: ClaimVerdict) -> Iterator[Block]:
        verdicts = self.verdicts
        yield Text((verdicts.chip(claim.verdict), " ", verdicts.reason(claim)), "reached")
        if verdicts.run(claim):
            yield self._parts(claim)
        if missing := verdicts.not_run(claim):
            yield Items(tuple(map(self._missing, missing)), "said")
        if picture := self.pictures.get(claim.claim):
            yield Figure(picture[0], self._caption(claim, picture[1]), claim.claim)
        if claim.robustness.analyses:
            yield Text((Styled(self._robust_title(claim), "label"), " ", self._analyses(claim)), "robustness")
        for floor in self.floors(claim):
            yield Text((Styled(self.words("Noise floor:"), "label"), " ", floor), "robustness")
        for start in dict.fromkeys(map(self.say.start, self._starts(claim))):
            yield Text((Styled(self.words("The start:"), "label"), " ", start), "robustness")
        yield from self._trail(claim)

    def _starts(self, claim: ClaimVerdict) -> Iterator[Matrix]:
        """Yield the arms in which parts of a claim are judged before training."""
        arms = dict.fromkeys(part.asked.arm for part in self.verdicts.run(claim) if part.asked.before_training)
        yield from (self.findings.matrices[arm] for arm in arms if arm in self.findings.matrices)

    def _parts(self, claim: ClaimVerdict) -> Table:
        columns = (
            Column(self.words("What was estimated")),
            Column(self.words("Verdict")),
            Column(self.words("Effect"), number=True),
            Column(self.words("Margin"), number=True),
            Column(self.words("n"), number=True),
            Column(self.words("p"), number=True),
            Column(self.words("Robust"), number=True),
            *((Column(self.words("Orthogonal")),) if self._started(claim) else ()),
        )
        label = self.words("{claim}: what was estimated, and what came of it", claim=claim.claim)
        rows = tuple(self._part(part, self._started(claim)) for part in self.verdicts.run(claim))
        return Table(columns, (Group(rows),), kind="parts", label=label)

    def _started(self, claim: ClaimVerdict) -> bool:
        """Tell whether any part of a claim was run under orthogonal initialisation, too."""
        return any(part.orthogonal != "not run" for part in self.verdicts.run(claim))

    def _part(self, part: PartVerdict, started: bool) -> Row:
        verdicts = self.verdicts
        said = self.words("(beside the claim, which does not say this: it decides nothing)")
        beside = (" ", Styled(said, "small")) if part.beside else ()
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
                *([self.words(ORTHOGONAL[part.orthogonal])] if started else []),
            )
        )

    def _missing(self, part: PartVerdict) -> Rich:
        verdicts = self.verdicts
        name, what = Styled(verdicts.label(part), "name"), Styled(verdicts.estimand(part), "small")
        return (name, " ", what, self.words.rules.colon, verdicts.reason(part))

    def _trail(self, claim: ClaimVerdict) -> Iterator[Block]:
        trail = self._trails.trail(claim)
        if trail is None:
            if claim.estimated:
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

    def floors(self, claim: ClaimVerdict) -> list[str]:
        """List the baseline's times against itself, wherever a part of the claim was timed."""
        timed = [part for part in self.verdicts.run(claim) if part.estimand.sampled is Sampled.ROUNDS]
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
        """Say how many analyses give the deciding part the same verdict."""
        counts = {"agree": claim.robustness.agree, "analyses": claim.robustness.analyses}
        if len(claim.parts) == 1:
            return self.words("{agree} of {analyses} other analyses give the same verdict.", **counts)
        return self.words(
            "{part}, which decides: {agree} of {analyses} other analyses give the same verdict.",
            part=self.verdicts.label(claim),
            **counts,
        )

    def _rest(self, trail: Trail) -> str:
        """Say how many runs stand behind a claim, and where they are listed."""
        return self.words(
            "Networks behind this claim: {runs} (settings: {settings}). Each by its id: tables/runs.csv.",
            runs=self.numbers.count(trail.runs),
            settings=self.numbers.count(trail.settings),
        )

    def _analyses(self, claim: PartVerdict) -> str:
        """The other analyses with their effects: those that agree, then those that do not."""
        found: dict[bool, list[str]] = {True: [], False: []}
        for name, effect, low, high, agrees in claim.robustness.details:
            estimate = self.verdicts.written(replace(claim, effect=effect, low=low, high=high))
            title = wording.analysis(claim, name, self.words, self.say.cell)
            found[agrees].append(self.words("{name} {estimate}", name=title, estimate=estimate))
        sides = {words("The same reading: {told}."): found[True], words("A different reading: {told}."): found[False]}
        said = [
            self.words(key, told=self.words.rules.between_clauses.join(side)) for key, side in sides.items() if side
        ]
        return self.words.rules.between_sentences.join(said)
