"""The form of a claim and of its test: one YAML file a claim, read into these classes.

A part is one estimand. It has one value a seed: the difference of techniques and references, paired by seed and
averaged over the cells (task and lag) that both have. What is asked of its mean (of bounded values) or its median (of
others) is on which side of none it lies, and whether beyond the margin or within it; with direction "not lower" whether
it is above −margin, or below; with "equal" whether it is within the margin, or beyond. All parts of all claims of a
family are corrected together. Parts that ask the same are one comparison. Counted quantities need no test.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from bench.errors import BenchError
from bench.evidence.estimands import Estimand, estimand

Direction = Literal["higher", "lower", "equal", "not lower"]
Lags = Literal["all", "shortest", "longest", "longest solved", "longest run", "beyond window"]
Moment = Literal["start", "during", "end"]
Rule = Literal["all", "any"]
Column = Literal["advantage", "drawback", "fits"]
Elsewhere = Literal["problem", "code", "conclusion", "outlook"]

SOURCE = "source"
"""The family of the source's own claims."""


class Record(BaseModel):
    """Data that are immutable, and strict about unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Place(Record):
    """A place on the source's page where a claim stands.

    That is a statement in a cell of the table, or (`row` alone) beside a row of it, or somewhere else.
    """

    row: str = ""
    column: Column | None = None
    statement: int = Field(default=1, ge=1)
    """The statement's number in its cell, from 1."""
    elsewhere: Elsewhere | None = None

    @model_validator(mode="after")
    def _one_place(self) -> Place:
        if bool(self.row) == (self.elsewhere is not None) or (self.column and not self.row):
            raise ValueError("give a row of the table (with or without a column), or 'elsewhere'")
        return self


class Part(Record):
    """One estimand of a claim: one value a seed, whose mean or median is asked about.

    The contrast is one of four: `techniques` less `references`, less the number `against`, less themselves at another
    moment or in another arm, or (`choice`) the best of a dial's values less the worst. Of several techniques the mean
    is taken. A dial's value may be `*` (all that the arm has), `min` or `max`.
    """

    id: str
    label: str
    """The English name of the part among those of its claim."""
    kind: str
    """The name of the estimand."""
    techniques: tuple[str, ...] = Field(min_length=1)
    direction: Direction
    references: tuple[str, ...] = ()
    against: float | None = None
    choice: bool = False
    arm: str = "main"
    reference_arm: str | None = None
    tasks: tuple[str, ...] = ()
    """The tasks that count; all that there are, if empty."""
    lags: Lags = "all"
    moment: Moment = "end"
    reference_moment: Moment | None = None
    quantity: str = "h"
    """The state or the input whose gradient is meant, as GRADIENTS names it."""
    reference_quantity: str | None = None
    explodes: str = ""
    """A technique that has to explode in this arm: where it does not, there is nothing to prevent."""
    group: str = ""
    """The name of a group of parts, which are combined first."""
    beside: bool = False
    """True if the part stands beside the claim, without a say in its verdict."""
    margin: float = Field(gt=0)
    """The effect beyond which a difference matters; the estimand's own, if none is given."""
    says: str = ""
    """The English clause about this part, where the estimand's own would not do."""

    @model_validator(mode="before")
    @classmethod
    def _own_margin(cls, data: Any) -> Any:
        if isinstance(data, dict) and "margin" not in data and isinstance(data.get("kind"), str):
            try:
                return {**data, "margin": estimand(data["kind"]).margin}
            except BenchError as error:
                raise ValueError(str(error).rstrip(".")) from None
        return data

    @field_validator("kind")
    @classmethod
    def _known(cls, kind: str) -> str:
        try:
            return estimand(kind).name
        except BenchError as error:
            raise ValueError(str(error).rstrip(".")) from None

    @model_validator(mode="after")
    def _one_contrast(self) -> Part:
        elsewhere = self.reference_arm is not None or self.reference_moment is not None
        contrasts = [bool(self.references), self.against is not None, self.choice, elsewhere and not self.references]
        if sum(contrasts) != 1:
            raise ValueError(f"part {self.id}: give references, against or choice, or a different arm or moment")
        if not self.clause:
            raise ValueError(f"part {self.id}: the estimand {self.kind} has no wording for this kind of comparison")
        if (bounds := self.estimand.bounds) is not None and self.margin >= bounds[1] - bounds[0]:
            raise ValueError(
                f"part {self.id}: the margin {self.margin:g} is as large as any difference can be: the values of "
                f"{self.kind} lie between {bounds[0]:g} and {bounds[1]:g}"
            )
        if self.estimand.one_place and self.lags not in ("all", "shortest", "longest"):
            raise ValueError(
                f"part {self.id}: {self.kind} applies to a single lag, so 'lags' must be shortest or longest"
            )
        return self

    @property
    def estimand(self) -> Estimand:
        """The estimand: what is measured, and how it is compared, worded and drawn."""
        return estimand(self.kind)

    @property
    def band(self) -> tuple[float, float]:
        """The smallest and the largest effect that is practically none."""
        if self.estimand.is_ratio:
            return 1 / (1 + self.margin), 1 + self.margin
        return -self.margin, self.margin

    @property
    def clause(self) -> str:
        """The English clause about this part, with its braces open."""
        return self.says or self.estimand.clause(self) or ""

    @property
    def before_training(self) -> bool:
        """True if it is about networks as they start, which no training can change."""
        return self.estimand.of_probes and {self.moment, self.reference_moment or self.moment} == {"start"}

    @property
    def after_equal_updates(self) -> bool:
        """True if its techniques are compared after equally many updates, which need not be the last of training."""
        elsewhere = self.reference_moment is not None or self.reference_arm is not None
        return self.estimand.of_probes and self.moment == "end" and bool(self.references) and not elsewhere

    @property
    def question(self) -> tuple[object, ...]:
        """The question: parts of equal questions are one comparison, whichever way their claims want it to go."""
        asked = self.model_dump(exclude={"id", "label", "group", "beside", "says", "direction"})
        return (self.direction in ("higher", "lower") or self.direction, *asked.values())

    @property
    def twins(self) -> tuple[str, ...]:
        """The techniques that the part's own are compared with; empty where it is a number or a choice."""
        return self.references or (() if self.against is not None or self.choice else self.techniques)


class Claim(Record):
    """A claim: what it says, where it stands, and its parts with how their verdicts make the claim's."""

    id: str
    says: str
    """The claim in English, without a capital or a full stop."""
    measure: str
    """The measurement that would decide it, in English."""
    stands: tuple[Place, ...] = ()
    """The places on the source's page; none if the claim is not the source's."""
    combine: Rule = "all"
    """The rule by which parts, or groups of them, make the verdict: all have to hold, or any. See `combining`."""
    within: Rule = "all"
    """The same within a group."""
    names: dict[str, str] = {}
    """English names of techniques in sentences, where those are not their titles."""
    parts: tuple[Part, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _something_decides(self) -> Claim:
        if all(part.beside for part in self.parts):
            raise ValueError(
                f"claim {self.id}: all of its parts are only shown for information; at least one must decide it"
            )
        for what in ("id", "label"):
            given = [getattr(part, what) for part in self.parts]
            if len(set(given)) != len(given):
                raise ValueError(f"claim {self.id}: two parts have the same {what}")
        return self
