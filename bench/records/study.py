"""A study: a preset with the user's selectors applied, resolved to settings."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

from pydantic import Field, SerializerFunctionWrapHandler, model_serializer

from bench.records.cell import SettingKey
from bench.records.settings import FIRST_TUNING_SEED, Cohort, Frozen, Member, Protocol, Setting, digest

MAIN = "main"
"""The arm that a preset's own matrix is."""


class Skip(Frozen):
    """A setting that a technique cannot do, in its own words."""

    technique: str
    task: str
    lag: int
    reason: str

    @property
    def key(self) -> SettingKey:
        """Return the key that names the setting."""
        return SettingKey(self.technique, self.task, self.lag)


class TaskPlan(Frozen):
    """One task of a study: its rising lags and its resolved protocol."""

    task: str
    lags: tuple[int, ...]
    protocol: Protocol


class Chain(Frozen):
    """The settings of one technique on one task, lags rising: the lag ladder climbs it."""

    settings: tuple[Setting, ...]

    @property
    def technique(self) -> str:
        return self.settings[0].technique

    @property
    def task(self) -> str:
        return self.settings[0].task


class Study(Frozen):
    """A plan of what to run; a report is about one or several."""

    preset: str
    title: dict[str, str]
    """Title by language: en, zh."""
    arm: str = MAIN
    """Name of the arm, one of the preset's matrices: results of different arms are never pooled."""
    arm_title: dict[str, str] = Field(default_factory=dict)
    """Purpose of the arm, by language; empty for the main one."""
    techniques: tuple[str, ...]
    tasks: tuple[TaskPlan, ...]
    measured_seeds: int
    first_seed: int = 1
    """The first of the measured seeds. Results of studies that begin with unlike ones are not shown together."""
    settings: tuple[Setting, ...]
    """All that some technique can do; the ladder may stop before the longest."""
    skips: tuple[Skip, ...] = ()
    changed: dict[str, tuple[int, ...]] = Field(default_factory=dict)
    """The selectors that made it other than the preset has it: techniques, tasks, lags, seeds, or fields of the
    protocol. With the preset's own numbers, where they are whole: one for seeds, and one a task for a field."""

    @property
    def key(self) -> str:
        """Names the study: the same plan, and as far from its preset, has the same key."""
        return digest(self.model_dump(mode="json", exclude=set() if self.changed else {"changed"}))

    @property
    def cut(self) -> bool:
        """Return True if some task has fewer updates than its preset gives it."""
        usual = self.changed.get("updates", ())
        return any(plan.protocol.updates < own for plan, own in zip(self.tasks, usual, strict=False))

    @model_serializer(mode="wrap")
    def _as_written(self, whole: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Leave out what older ones lack where it is at its default, so that they keep their keys."""
        return {name: value for name, value in whole(self).items() if name != "first_seed" or value != 1}

    @property
    def seeds(self) -> range:
        """The measured seeds of every setting."""
        return range(self.first_seed, self.first_seed + self.measured_seeds)

    def screening(self, protocol: Protocol) -> range:
        """The first of the measured seeds, which decide whether the others are trained; empty if all of them are."""
        count = protocol.screening_seeds
        return self.seeds[: count if count < self.measured_seeds else 0]

    def chains(self) -> Iterator[Chain]:
        """The ladders, one a technique and task, in the study's order."""
        for _, group in itertools.groupby(self.settings, key=lambda s: (s.technique, s.task)):
            yield Chain(settings=tuple(sorted(group, key=lambda s: s.lag)))

    def tuning_cohort(self, setting: Setting) -> Cohort | None:
        """Every rate with every tuning seed, whoever drops out of it; None if there is nothing to choose."""
        if not setting.protocol.tunes:
            return None
        grid = itertools.product(self.tuning_seeds(setting.protocol), setting.learning_rates)
        return Cohort(setting=setting, role="tuning", members=tuple(Member(seed=s, learning_rate=r) for s, r in grid))

    def measured_cohort(self, setting: Setting, learning_rate: float) -> Cohort:
        """Fresh seeds at the winning rate."""
        members = tuple(Member(seed=s, learning_rate=learning_rate) for s in self.seeds)
        return Cohort(setting=setting, role="measured", members=members)

    def tuning_seeds(self, protocol: Protocol) -> range:
        """The seeds that tune every setting of a protocol; where measured seeds begin later, so do they."""
        own = protocol.tuning == "own"
        first = FIRST_TUNING_SEED + (self.first_seed - 1) * (protocol.tuning_seeds if own else 1)
        return range(first, first + protocol.tuning_seeds * (self.measured_seeds if own else 1))

    @property
    def members(self) -> int:
        """Count the members that train at most."""
        tuning = sum(
            len(s.protocol.learning_rates) * len(self.tuning_seeds(s.protocol))
            for s in self.settings
            if s.protocol.tunes
        )
        return tuning + len(self.settings) * self.measured_seeds
