"""The form of a published result: one YAML file each, read into these classes.

A third party's numbers, and a first party's, were found under a protocol that ours can follow only in part. So three
things stand apart: the paper's protocol with its numbers, ours, and whether the numbers and the shape (who solves, and
who does so sooner or better) are the same. How near a number has to be is written down before anything is run.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, model_validator

from bench.evidence.claims.model import Record

ARM = "published:"
"""The beginning of the names of their arms, which stand apart from those of presets in a store."""
Measured = Literal["updates", "metric", "loss", "solved"]
"""updates: until the held-out metric is at the level, or until solved; metric, loss: when training ended, or after so
many updates; solved: the share of runs."""


class Block(Record):
    """Settings that are run: techniques on one task, under one protocol."""

    techniques: tuple[str, ...] = Field(min_length=1)
    task: str
    lags: tuple[int, ...] = Field(min_length=1)
    protocol: dict[str, Any]
    """Fields of the protocol; what is not here is at COMMON."""


COMMON: dict[str, Any] = {
    "batch_size": 32, "evaluate_every": 50, "held_out_size": 256, "tuning_seeds": 0, "hidden_size": 64,
}  # fmt: skip
"""Fields of the protocol that most results share."""


class Number(Record):
    """A number that was reported, with how near ours has to be."""

    technique: str
    lag: int | None = None
    """The lag, where the block has several."""
    measured: Measured
    level: float | None = None
    """The metric that has to be reached, of updates; without, the task has to be solved."""
    at: int | None = None
    """The number of updates after which a metric or a loss is read; without, the last."""
    reported: float
    factor: float | None = Field(default=None, gt=1)
    """Ours agrees if it lies within this factor of it."""
    within: float | None = Field(default=None, gt=0)
    """Ours agrees if it differs by no more."""

    @model_validator(mode="after")
    def _one_tolerance(self) -> Number:
        if (self.factor is None) == (self.within is None):
            raise ValueError("give a tolerance: either factor or within")
        if self.level is not None and self.measured != "updates":
            raise ValueError("only updates are counted up to a level")
        if self.at is not None and self.measured not in ("metric", "loss"):
            raise ValueError("only a metric or a loss is read after so many updates")
        return self

    def agrees(self, ours: float) -> bool:
        """Return whether ours is as near as was asked; infinity, which stands for never, is near nothing."""
        if self.within is not None:
            return abs(ours - self.reported) <= self.within
        assert self.factor is not None
        return self.reported / self.factor <= ours <= self.reported * self.factor


class Statement(Record):
    """A part of the shape: one of its four fields is given."""

    solves: str = ""
    """A technique of which most runs solve."""
    fails: str = ""
    """A technique of which most runs do not."""
    faster: tuple[str, str] | None = None
    """Two techniques, of which the first solves after fewer updates."""
    better: tuple[str, str] | None = None
    """Two techniques, of which the first ends at a better metric."""
    lag: int | None = None
    """The lag, where the block has several."""

    @model_validator(mode="after")
    def _one_sort(self) -> Statement:
        if sum(map(bool, (self.solves, self.fails, self.faster, self.better))) != 1:
            raise ValueError("give one of solves, fails, faster and better")
        return self

    @property
    def techniques(self) -> tuple[str, ...]:
        """The techniques that it is about."""
        return self.faster or self.better or (self.solves or self.fails,)


class Published(Record):
    """A result that somebody published."""

    id: str
    title: str
    """The finding in English, in a few words."""
    source: str
    """The paper, and where in it."""
    rerun: str = ""
    """The third party whose numbers these are, if they are not the paper's own."""
    protocol: str
    """The paper's own protocol, in English."""
    ours: tuple[Block, ...] = Field(min_length=1)
    seeds: int = Field(default=6, ge=1)
    """Measured seeds: the range of six covers the median with 96.9 %."""
    numbers: tuple[Number, ...] = ()
    shape: tuple[Statement, ...] = ()
    deviations: str
    """The differences of our protocol, in English."""
    minutes: float = Field(gt=0)
    """The time that it took on one core."""

    @model_validator(mode="after")
    def _about_what_runs(self) -> Published:
        if not self.numbers and not self.shape:
            raise ValueError(f"{self.id}: give numbers or a shape")
        asked = [(one.technique, one.lag) for one in self.numbers]
        asked += [(technique, one.lag) for one in self.shape for technique in one.techniques]
        for technique, lag in asked:
            lags = self.block(technique).lags
            if lag not in lags and (lag is not None or len(lags) > 1):
                raise ValueError(f"{self.id}: name one of the lags {', '.join(map(str, lags))} for {technique}")
        return self

    def block(self, technique: str) -> Block:
        """The block in which a technique is run; raises ValueError if there is none."""
        for block in self.ours:
            if technique in block.techniques:
                return block
        raise ValueError(f"{self.id}: {technique} is not run")

    def arm(self, block: Block) -> str:
        """The name of a block's arm."""
        number = self.ours.index(block)
        return f"{ARM}{self.id}" + (f"/{number + 1}" if number else "")


def is_published(arm: str) -> bool:
    """Return whether an arm of a store is a published result's."""
    return arm.startswith(ARM)
