"""How each of the source's claims is tested, as data: what is estimated, which way it has to go, beyond what margin.

The tests were written down in claims.yaml before any result was looked at.
"""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from bench import plain_yaml

Kind = Literal[
    "score", "solved", "exploded", "roughness", "decay", "relief", "exponential", "dead", "reach", "cosine",
    "early", "fade", "time", "parameters", "state_size", "flops", "memory",
]  # fmt: skip
"""What is measured of a run; `bench.evidence.estimands` has a function for each."""
Direction = Literal["higher", "lower", "equal", "not lower"]
Lags = Literal["all", "shortest", "longest", "longest solved", "longest run", "beyond window"]
Rule = Literal["all", "any"]
Words = dict[str, str]
"""By language: en, zh."""


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Part(_Record):
    """One estimand of a claim: one value a seed, of which the mean is asked about.

    The contrast is one of four: `techniques` less `references`, less the number `against`, less themselves at another
    moment or in another arm, or (`choice`) the best of a dial's values less the worst. Of several techniques the mean
    is taken. A dial's value may be `*` (all that the arm has), `min` or `max`.
    """

    id: str
    label: Words
    kind: Kind
    techniques: tuple[str, ...] = Field(min_length=1)
    direction: Direction
    references: tuple[str, ...] = ()
    against: float | None = None
    choice: bool = False
    arm: str = "main"
    reference_arm: str | None = None
    tasks: tuple[str, ...] = ()
    """All that there are, if empty."""
    lags: Lags = "all"
    moment: Literal["start", "during", "end"] = "end"
    reference_moment: Literal["start", "during", "end"] | None = None
    quantity: Literal["h", "c", "x", "cell"] = "h"
    reference_quantity: Literal["h", "c", "x", "cell"] | None = None
    explodes: str = ""
    """A technique that has to explode in this arm: where it does not, there is nothing to prevent."""
    group: str = ""
    """Parts of one group are combined first."""
    beside: bool = False
    """Told with the claim, but without a say in it."""
    estimand: Words = Field(min_length=2)
    margin: float = Field(gt=0)
    unit: str

    @model_validator(mode="after")
    def _one_contrast(self) -> Part:
        elsewhere = self.reference_arm is not None or self.reference_moment is not None
        contrasts = [bool(self.references), self.against is not None, self.choice, elsewhere and not self.references]
        if sum(contrasts) != 1:
            raise ValueError(f"part {self.id}: give one of references, against, choice, or another arm or moment")
        return self

    @property
    def question(self) -> tuple[object, ...]:
        """What is asked: parts of equal questions are one comparison, whichever way their claims want it to go."""
        words = self.model_dump(exclude={"id", "label", "group", "beside", "estimand", "direction"})
        return (self.direction in ("higher", "lower") or self.direction, *words.values())

    @property
    def twins(self) -> tuple[str, ...]:
        """What the techniques are compared with; empty where it is a number or a choice."""
        return self.references or (() if self.against is not None or self.choice else self.techniques)


class ClaimTest(_Record):
    """A claim's parts, and how their verdicts make the claim's."""

    id: str
    combine: Rule = "all"
    """Over parts, or over groups of parts: the worst decides (all) or the best (any)."""
    within: Rule = "all"
    """The same within a group."""
    parts: tuple[Part, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _something_decides(self) -> ClaimTest:
        if all(part.beside for part in self.parts):
            raise ValueError(f"claim {self.id}: every part stands beside it")
        if len({part.id for part in self.parts}) != len(self.parts):
            raise ValueError(f"claim {self.id}: two parts of one id")
        return self


class _KindOfPart(_Record):
    """What the parts of a kind share; the clauses have {technique}, {reference}, {moment} and {where} to fill."""

    margin: str
    unit: str
    says: Words
    alone: Words | None = None
    """The clause where the reference is a number."""
    choice: Words | None = None


class _Book(_Record):
    """The file as it stands."""

    margins: dict[str, float]
    names: dict[str, str | Words]
    kinds: dict[Kind, _KindOfPart]
    places: dict[Literal["moment", "lags", "arm"], dict[str, Words]]
    claims: tuple[dict[str, Any], ...]

    def part(self, words: dict[str, Any]) -> Part:
        """A part with all that its kind says spelt out."""
        kind = self.kinds[words["kind"]]
        margin = self.margins[words.get("margin", kind.margin)]
        draft = Part.model_validate({**words, "margin": margin, "unit": kind.unit, "estimand": dict(kind.says)})
        clause = kind.choice if draft.choice else kind.alone if draft.against is not None else kind.says
        if clause is None:
            raise ValueError(f"part {draft.id}: its kind has no clause for such a contrast")
        clause = words.get("estimand", clause)
        return draft.model_copy(
            update={"estimand": {lang: self._fill(draft, text, lang) for lang, text in clause.items()}}
        )

    def _fill(self, part: Part, clause: str, language: str) -> str:
        places = {place: self.places[place][getattr(part, place)][language] for place in self.places}
        text = clause.format(
            technique=self._named(part.techniques, language),
            reference=self._named(part.twins, language),
            moment=places["moment"],
            where=places["lags"] + places["arm"],
        )
        return spaced(text) if language == "zh" else text

    def _named(self, techniques: tuple[str, ...], language: str) -> str:
        names = [self.names.get(technique, technique) for technique in techniques]
        spelt = [name if isinstance(name, str) else name[language] for name in names]
        if len(spelt) < 2:
            return "".join(spelt)
        separator, last = (", ", " and ") if language == "en" else ("、", "与")
        return separator.join(spelt[:-1]) + last + spelt[-1]


_BORDER = re.compile(r"(?<=[\u4e00-\u9fff])(?=[A-Za-z0-9])|(?<=[A-Za-z0-9])(?=[\u4e00-\u9fff])")


def spaced(chinese: str) -> str:
    """With a space between a Chinese character and a letter or digit."""
    return _BORDER.sub(" ", chinese)


@cache
def load_tests() -> tuple[ClaimTest, ...]:
    """The tests of S01 to S30, in that order."""
    text = files("bench.evidence").joinpath("claims.yaml").read_text(encoding="utf-8")
    book = _Book.model_validate(plain_yaml.load_own(text))
    return tuple(
        ClaimTest.model_validate({**claim, "parts": [book.part(words) for words in claim["parts"]]})
        for claim in book.claims
    )
