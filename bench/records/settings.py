"""The words of the protocol as types: protocol, setting, member, cohort."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

from bench.records.cell import SettingKey
from bench.records.spec import Spec

Role = Literal["tuning", "measured"]
Outcome = Literal["solved", "unsolved", "diverged", "failed", "untrained"]
Tuning = Literal["grid", "halving", "own"]
OptimizerName = Literal["adam", "adamw", "nadam", "radam", "rmsprop", "sgd"]

RULES_VERSION = 2
"""Raise when the rules change in a way that makes earlier results incomparable."""

FIRST_TUNING_SEED = 1_000_001
"""Tuning seeds count from here, measured seeds from 1: the two never meet."""
MOST_SEEDS = FIRST_TUNING_SEED - 1
MOST_STEPS = 10**9
"""No size or count of a protocol is larger, by far: tables hold 64 bits."""


def digest(value: Any) -> str:
    """Twelve hexadecimal digits that name a JSON-like value."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:12]


class Frozen(BaseModel):
    """Immutable, and strict about unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid")


@dataclass(frozen=True)
class Kept:
    """The way a field of the protocol is kept, as far as that does not follow from its name and its type."""

    column: str | None = ""
    """The column of a run's row, if it has another name than the field; None: the rows of all runs tell it together."""
    timed: bool = False
    """True if the time of an update depends on it."""
    none: str = ""
    """Name for the lack of a value, in English."""


class Named(Frozen):
    """A model that its hash names. A field that is added later leaves old hashes alone while it is at its default."""

    first_fields: ClassVar[frozenset[str]]
    """The fields that there were when results were first stored: they count at any value."""

    @property
    def hash(self) -> str:
        """Twelve hexadecimal digits: equal hashes, equal values."""
        return digest([RULES_VERSION, self.counted()])

    def counted(self) -> dict[str, Any]:
        """The fields that the hash is of, as JSON has them."""
        dumped = self.model_dump(mode="json")
        for name, field in type(self).model_fields.items():
            value = getattr(self, name)
            if name not in self.first_fields and value == field.get_default(call_default_factory=True):
                del dumped[name]
            elif isinstance(value, Named):
                dumped[name] = value.counted()
        return dumped


class Protocol(Named):
    """Everything but technique, task, lag and seed that a result depends on; different hashes are never pooled.

    A field is written down here and where it acts. Its option, its column, its parameter in MLflow, its line in the
    report and in docs/protocol.md follow from its name, type, title and description: see `bench.records.fields`.
    """

    first_fields = frozenset(
        {
            "hidden_size", "batch_size", "updates", "evaluate_every", "held_out_size", "learning_rates", "tuning_seeds",
            "optimizer", "clip_norm", "initialisation", "recurrent_gain",
        }
    )  # fmt: skip

    hidden_size: Annotated[int, Kept(timed=True)] = Field(
        ge=1, le=MOST_STEPS, title="Hidden units", description="units of the recurrent state"
    )
    batch_size: Annotated[int, Kept(timed=True)] = Field(
        ge=1, le=MOST_STEPS, title="Sequences an update", description="fresh sequences per update"
    )
    updates: Annotated[int, Kept(column="budget")] = Field(
        ge=0,
        le=MOST_STEPS,
        title="Budget, updates",
        description="the budget: optimiser steps of a run; 0 probes without training",
    )
    evaluate_every: int = Field(
        ge=1,
        le=MOST_STEPS,
        title="Updates between evaluations",
        description="updates between evaluations on held-out sequences",
    )
    held_out_size: int = Field(
        ge=1,
        le=MOST_STEPS,
        title="Held-out sequences",
        description="size of each seed's validation set and of its test set, in sequences",
    )
    learning_rates: Annotated[tuple[float, ...], Kept(column=None)] = Field(
        min_length=1,
        title="Learning rates tried",
        description="learning rates that tuning chooses from; a single one is used without tuning",
    )
    tuning_seeds: Annotated[int, Kept(column=None)] = Field(
        ge=0,
        le=MOST_SEEDS,
        title="Tuning seeds per rate",
        description="number of seeds with which tuning tries each learning rate",
    )
    tuning: Annotated[Tuning, Kept(column=None)] = Field(
        default="grid",
        title="Tuning",
        description="how a learning rate is chosen: by every seed at every rate (grid), dropping the worse half of the "
        "rates as seeds double (halving), or with separate tuning seeds for each measured seed (own)",
    )
    optimizer: Annotated[OptimizerName, Kept(timed=True)] = Field(
        default="adam", title="Optimiser", description="optimiser of every technique that does not declare one"
    )
    clip_norm: Annotated[float | None, Kept(timed=True, none="not clipped")] = Field(
        default=None,
        gt=0,
        allow_inf_nan=False,
        title="Gradients clipped to norm",
        description="norm to which every technique's gradient is clipped",
    )
    initialisation: Literal["default", "orthogonal"] = Field(
        default="default", title="Initialisation", description="initialisation of the recurrent weights"
    )
    recurrent_gain: float = Field(
        default=1.0,
        gt=0,
        allow_inf_nan=False,
        title="Gain on recurrent weights",
        description="factor by which initial recurrent weights are scaled",
    )
    match: Annotated[Literal["units", "parameters", "state", "flops"], Kept(timed=True)] = Field(
        default="units",
        title="Sizes matched by",
        description="what techniques have as many of as the baseline: units or, with other units for it, parameters, "
        "numbers carried from step to step (state), or operations of an update (flops)",
    )
    test_lags: Annotated[tuple[float, ...], Kept(column=None)] = Field(
        default=(),
        title="Further test lags, times the trained one",
        description="multiples of the lag at which runs that solved it are tested, too",
    )
    screening_seeds: int = Field(
        default=0,
        ge=0,
        le=MOST_SEEDS,
        title="Screening seeds",
        description="number of measured seeds after which a setting ends if none of them has solved it; 0: never",
    )

    @property
    def tunes(self) -> bool:
        """Return True if there is a choice of learning rate to make."""
        return len(self.learning_rates) > 1

    @property
    def matched(self) -> str:
        """The quantity that sizes are chosen by, as a column of the table of costs; empty if units are the same."""
        return {"units": "", "state": "state_size"}.get(self.match, self.match)

    def measured_by(self, tuning_seed: int) -> int:
        """Return the measured seed that a tuning seed belongs to, where each has its own."""
        return 1 + (tuning_seed - FIRST_TUNING_SEED) // max(1, self.tuning_seeds)


class Setting(Named):
    """Technique × task × lag × protocol: the unit of work and of caching; equal hashes, equal results."""

    first_fields = frozenset(
        {"technique", "dials", "task", "lag", "protocol", "rate_factor", "technique_hash", "task_hash"}
    )

    technique: str
    """Technique as on the command line; dials that are not at their default follow colons: 'tbptt:window=20'."""
    dials: dict[str, float] = {}
    """Every dial of the technique with its value, defaults included."""
    task: str
    lag: int
    protocol: Protocol
    rate_factor: float = 1.0
    """The technique's own: its learning rates are the protocol's times this."""
    technique_hash: str
    """Hash of the technique's source and its bases, comments and docstrings aside."""
    task_hash: str

    @property
    def learning_rates(self) -> tuple[float, ...]:
        """The grid that its members are tuned over, to six digits."""
        return tuple(float(f"{rate * self.rate_factor:.6g}") for rate in self.protocol.learning_rates)

    @property
    def key(self) -> SettingKey:
        """Return the key that names it among settings in which each task has one protocol."""
        return SettingKey(self.technique, self.task, self.lag)

    @property
    def spec(self) -> Spec:
        """The technique with the dials that its name spells."""
        return Spec.parse(self.technique)

    @property
    def label(self) -> str:
        """Return its name in messages: 'tbptt adding lag 50'."""
        return f"{self.technique} {self.task} lag {self.lag}"


class Member(Frozen):
    """One independent training run of a setting."""

    seed: int
    learning_rate: float


class Cohort(Frozen):
    """Members of one setting that train as one stacked program."""

    setting: Setting
    role: Role
    members: tuple[Member, ...] = Field(min_length=1)

    @property
    def races(self) -> bool:
        """Return True if a member that solves ends those of its seed: with one seed per rate, the first to solve has
        won.
        """
        protocol = self.setting.protocol
        return self.role == "tuning" and protocol.tuning == "own" and protocol.tuning_seeds == 1

    @property
    def key(self) -> str:
        """Names the cohort: the same work has the same key."""
        return digest([self.setting.hash, self.role, [[m.seed, m.learning_rate] for m in self.members]])
