"""The verdicts made ready to show: numbers as text, the trail behind them, which of them tell most."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from functools import cached_property
from typing import NamedTuple, get_args

import pandas as pd

from bench.evidence import wording
from bench.evidence.assess import CONFIDENCE, Verdict
from bench.evidence.estimands import Sampled
from bench.evidence.family import LEVEL
from bench.evidence.scope import BASELINE, SETTING
from bench.evidence.verdicts import ClaimVerdict, PartVerdict
from bench.languages import Language, language
from bench.reporting.flow import FLOOR
from bench.reporting.forest import RATIO, in_margins
from bench.reporting.runs import place
from bench.reporting.sentences import Sentences
from bench.tracking import RunAddresses
from bench.tracking.layout import run_name, task_experiment

VERDICTS: tuple[Verdict, ...] = get_args(Verdict)
SYMBOLS: dict[Verdict, str] = {
    "supported": "✓",
    "contradicted": "×",
    "practically equal": "≈",
    "undecided": "?",
    "not run": "–",
}
MOST_TELLING = 2
"""So many of each sort of verdict are told in the summary."""
MOST_SETTINGS = 4
"""A trail lists so many settings and counts the rest."""
MOST_RUNS = 2
"""Of a setting so many run ids."""
SHORT = 8
"""Characters of a run id or a commit that are enough to find it."""


class Tally(NamedTuple):
    """The claims of one verdict."""

    verdict: Verdict
    claims: list[ClaimVerdict]
    telling: list[ClaimVerdict]


class Step(NamedTuple):
    """One setting of a trail."""

    experiment: str
    name: str
    """Of its runs, as MLflow shows them."""
    ids: list[tuple[str, str]]
    """Of the first runs, each with its address in MLflow (empty where none is known)."""
    more: str
    """How many others there are; empty if none."""
    place: str
    """The id of its row in the ledger of runs."""
    rate: str
    setting: str
    protocol: str
    commit: str
    dirty: bool


class Trail(NamedTuple):
    """The runs that a claim's effects were reckoned from."""

    steps: list[Step]
    runs: int
    settings: int


class Claims:
    """The verdicts of one report in one language."""

    def __init__(self, say: Sentences, addresses: RunAddresses | None = None) -> None:
        self.addresses = addresses
        self.say, self.words, self.numbers = say, say.words, say.numbers
        self.all = say.findings.verdicts
        self.comparisons = max((claim.comparisons for claim in self.all), default=0)

    # What is claimed

    @cached_property
    def _by_id(self) -> dict[str, ClaimVerdict]:
        return {claim.claim: claim for claim in self.all}

    @cached_property
    def language(self) -> Language:
        """The report's language."""
        return language(self.words.language)

    def says(self, claim: PartVerdict) -> str:
        """What the source claims."""
        return wording.says(claim.claim, self.language)

    def reason(self, verdict: PartVerdict) -> str:
        """Say why the verdict is what it is."""
        return wording.reason(verdict, self.language)

    def label(self, part: PartVerdict) -> str:
        """Name a part among those of its claim."""
        return wording.label(part.asked, self.language)

    def estimated(self, part: PartVerdict) -> str:
        """Put into a clause what a part estimates."""
        return wording.estimated(part.claim, part.asked, self.language, self.say.titles)

    # How they stand

    def tally(self) -> list[Tally]:
        """By verdict: the claims, and those that tell most."""
        found = []
        for verdict in VERDICTS:
            claims = [claim for claim in self.all if claim.verdict == verdict]
            known = sorted((c for c in claims if self._weight(c) > -math.inf), key=self._weight, reverse=True)
            found.append(Tally(verdict, claims, known[:MOST_TELLING]))
        return found

    def _weight(self, claim: ClaimVerdict) -> float:
        """How much a verdict tells: of an effect, the distance of its interval from none; of none, its narrowness."""
        _, low, high = in_margins(claim)
        if claim.verdict == "undecided":
            return -math.inf if claim.needed_n is None else -claim.needed_n
        if claim.verdict == "not run" or math.isnan(low):
            return -math.inf
        if claim.verdict == "practically equal" or claim.direction in ("equal", "not lower"):
            return -max(abs(low), abs(high))
        return max(low, -high)

    def run(self, claim: ClaimVerdict) -> list[PartVerdict]:
        """The parts that there are data for."""
        return [part for part in claim.parts if part.verdict != "not run"]

    def not_run(self, claim: ClaimVerdict) -> list[PartVerdict]:
        """The others."""
        return [part for part in claim.parts if part.verdict == "not run"]

    def unused(self) -> str:
        """What is stale, and what was not run."""
        counts = {name: self.numbers.count(value) for name, value in self.say.findings.counts.items()}
        stale = self.words("summary.stale" if self.say.findings.counts["stale"] else "summary.fresh", **counts)
        return self.words("list.sentence").join([stale, self.words("summary.left", **counts)])

    # Numbers

    def effect(self, part: PartVerdict) -> str:
        """An effect, its unit beside it."""
        if not math.isfinite(part.effect):
            return self.words("units.none")
        return self._number(part, part.effect)

    def interval(self, part: PartVerdict) -> str:
        """Its interval; empty where it was counted, not estimated."""
        if math.isnan(part.low) or (part.low == part.high and part.p is None and part.n <= 1):
            return ""
        return self.words("units.range", low=self._bare(part, part.low), high=self._bare(part, part.high))

    def margin(self, part: PartVerdict) -> str:
        """What counts as no difference."""
        if part.unit == RATIO:
            low, high = part.band
            return self.words("units.range", low=f"{low:.2f}", high=f"{high:.2f}")
        return f"±{part.margin:g}"

    def p(self, part: PartVerdict) -> str:
        """After Holm's correction."""
        return self.numbers.p(part.p)

    def needed(self, part: PartVerdict) -> str:
        """How many seeds would decide it; empty if there are enough, or none would do."""
        return "" if part.needed_n is None else self.words("claims.needs", needed=self.numbers.count(part.needed_n))

    def robust(self, part: PartVerdict) -> str:
        """'9 of 10'; a dash where nothing else could be tried."""
        if not part.robustness.analyses:
            return self.words("units.none")
        return self.words("claims.of", agree=part.robustness.agree, analyses=part.robustness.analyses)

    def analyses(self, claim: PartVerdict) -> str:
        """The other analyses with their effects: those that agree, then those that do not."""
        told: dict[bool, list[str]] = {True: [], False: []}
        for name, effect, low, high, agrees in claim.robustness.details:
            estimate = self._estimate(replace(claim, effect=effect, low=low, high=high))
            title = wording.analysis(claim, name, self.language, self.say.cell)
            told[agrees].append(self.words("claims.analysis", name=title, estimate=estimate))
        sides = {"claims.agree": told[True], "claims.disagree": told[False]}
        said = [self.words(key, told=self.words("list.semicolon").join(side)) for key, side in sides.items() if side]
        return self.words("list.sentence").join(said)

    def floors(self, claim: ClaimVerdict) -> list[str]:
        """What the baseline's time against itself comes to, wherever a part of the claim was timed."""
        timed = [part.data[["task", "lag"]] for part in self.run(claim) if part.estimand.sampled is Sampled.ROUNDS]
        if not timed:
            return []
        costs = self.say.findings.scope.costs
        floors = pd.concat(timed).drop_duplicates().merge(costs[costs["technique"] == BASELINE], on=["task", "lag"])
        return [
            self.words(
                "claims.floor",
                cell=self.say.cell(row["task"], row["lag"]),
                ratio=self.numbers.ratio(row["time_ratio"]),
                range=self.numbers.ratio_range(row["time_ratio_low"], row["time_ratio_high"]),
            )
            for row in floors.to_dict("records")
        ]

    def _estimate(self, part: PartVerdict) -> str:
        interval = self.interval(part)
        if not interval:
            return self.effect(part)
        return self.words("claims.estimate", effect=self.effect(part), interval=interval)

    def _number(self, part: PartVerdict, value: float) -> str:
        return self.numbers.ratio(value) if part.unit == RATIO else self.numbers.signed(value)

    def _bare(self, part: PartVerdict, value: float) -> str:
        return self.numbers.factor(value) if part.unit == RATIO else self.numbers.signed(value)

    # Where they come from

    @cached_property
    def _members(self) -> pd.DataFrame:
        members = self.say.findings.members
        return members.drop_duplicates("mlflow_run_id").set_index("mlflow_run_id", drop=False)

    def trail(self, claim: ClaimVerdict) -> Trail | None:
        """The runs behind all parts of a claim; None where no run is."""
        ids = dict.fromkeys(run for part in claim.parts for run in part.runs)
        rows = self._members.loc[[run for run in ids if run in self._members.index]]
        if rows.empty:
            return None
        settings = list(rows.groupby([*SETTING, "protocol_hash", "setting_hash", "learning_rate"], sort=False))
        return Trail(
            steps=[self._step(runs) for _, runs in settings[:MOST_SETTINGS]],
            runs=len(rows),
            settings=len(settings),
        )

    def _step(self, runs: pd.DataFrame) -> Step:
        runs = runs.sort_values("seed")
        first, last = runs.iloc[0], runs.iloc[-1]
        known = [str(run) for run in runs["mlflow_run_id"][:MOST_RUNS]]
        more = len(runs) - len(known)
        name = run_name(first.to_dict()) + (f"–{last['seed']}" if len(runs) > 1 else "")
        return Step(
            experiment=task_experiment(first["task"]),
            name=name,
            ids=[(run[:SHORT], self.addresses.run(first["task"], run) if self.addresses else "") for run in known],
            more=self.words("claims.more", count=more) if more else "",
            place=place(first["setting_hash"], first["role"]),
            rate=f"{first['learning_rate']:g}",
            setting=first["setting_hash"],
            protocol=first["protocol_hash"],
            commit=str(first["commit"])[:SHORT],
            dirty=bool(runs["dirty"].any()),
        )

    # What is said about them

    def caption(self, claim: ClaimVerdict, panels: list[str]) -> str:
        """What a claim's figure shows."""
        told = [self.words(f"claims.panel.{panel}") for panel in dict.fromkeys(panels)]
        right = self.words("list.semicolon").join(told)
        return self.words("claims.figure", claim=claim.claim, right=right)

    def alt(self, claim: ClaimVerdict) -> str:
        """A claim's figure in words: the effects that it shows."""
        told = [
            self.words("claims.effect_of", part=self.label(part), estimate=self._estimate(part))
            for part in self.run(claim)
        ]
        return self.words("list.semicolon").join(told)

    def robust_title(self, claim: ClaimVerdict) -> str:
        """In how many analyses the deciding part holds."""
        counts = {"agree": claim.robustness.agree, "analyses": claim.robustness.analyses}
        if len(claim.parts) == 1:
            return self.words("claims.robust", **counts)
        return self.words("claims.robust_part", part=self.label(claim), **counts)

    def rest(self, trail: Trail) -> str:
        """How many runs stand behind a claim, and where they are listed."""
        return self.words(
            "claims.rest", runs=self.numbers.count(trail.runs), settings=self.numbers.count(trail.settings)
        )

    def reading(self) -> Iterator[tuple[str, str]]:
        """How to read a claim's page: word and meaning."""
        values = self.values() | {"floor": self.numbers.power_of_ten(FLOOR)}
        for verdict in VERDICTS:
            slug = verdict.replace(" ", "_")
            yield f"{SYMBOLS[verdict]} {self.words.name('verdicts', verdict)}", self.words(f"reading.{slug}", **values)
        for word in ("effect", "margin", "seeds", "p", "robust", "orthogonal"):
            yield self.words(f"column.{word}"), self.words(f"reading.{word}", **values)
        for word in ("figure", "trail"):
            yield self.words(f"reading.{word}_title"), self.words(f"reading.{word}", **values)

    def values(self) -> dict[str, str]:
        """What the sentences about all verdicts are filled with."""
        return {
            "comparisons": self.numbers.count(self.comparisons),
            "confidence": self.numbers.percent(CONFIDENCE),
            "level": f"{LEVEL:g}",
            "claims": self.numbers.count(len(self.all)),
        }
