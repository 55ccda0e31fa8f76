"""The source page as data: the rows of its comparison table and the claims it makes."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Cells(_Record):
    """One row of the table in one language, in the source's words."""

    technique: str
    advantage: str
    drawback: str
    fits: str


class SourceRow(_Record):
    """One row of the source's comparison table; `id` is what a technique's `source_row` names."""

    id: str
    en: Cells
    zh: Cells

    def cells(self, language: str) -> Cells:
        """The row's words in `language` ('en' or 'zh')."""
        return self.zh if language == "zh" else self.en


class Claim(_Record):
    """What the source claims and what would have to be measured, each by language (en, zh)."""

    id: str
    says: dict[str, str]
    measure: dict[str, str]


@cache
def _source() -> dict[str, Any]:
    return yaml.safe_load(files("bench.evidence").joinpath("source.yaml").read_text(encoding="utf-8"))


def load_rows() -> list[SourceRow]:
    """The five rows of the source's table, in its order."""
    return [SourceRow(**row) for row in _source()["rows"]]


def load_claims() -> list[Claim]:
    """The source's claims S01 to S30, in its order."""
    return [Claim(**claim) for claim in _source()["claims"]]
