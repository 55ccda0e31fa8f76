"""The contract of an estimand: what is measured of a run, how it is compared, and how it is worded and drawn."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import pandas as pd

from bench.languages import words

if TYPE_CHECKING:
    from bench.evidence.claims import Part
    from bench.evidence.scope import Scope

Measure = Callable[["Scope", str, "Part"], pd.DataFrame]
"""Gives the values of a technique in an arm; the columns of the table are `bench.evidence.measuring.runs.VALUES`."""


class Scale(StrEnum):
    """A way to compare two values."""

    DIFFERENCE = "difference"
    RATIO = "ratio"
    """The difference of logarithms: values have to be positive."""
    LOSS = "loss"
    """The value that shrinks less is higher; those that do not shrink are alike: growth is neither loss nor relief."""


class Sampled(StrEnum):
    """The sort of chance that there is in a value."""

    SEEDS = "seeds"
    ROUNDS = "rounds"
    """Rounds of a timing take the place of seeds."""
    COUNTED = "counted"
    """There is none: one value, which needs no test."""


class Panel(StrEnum):
    """The part of a claim's figure that shows the values behind an effect."""

    STRIP = "strip"
    """A dot a value."""
    PROFILE = "profile"
    """The gradient's norm by steps back in time, from which the value was read."""


@dataclass(frozen=True)
class Unit:
    """A unit of effects."""

    symbol: str
    """Its name in tables and stored results; empty for a plain difference."""
    suffix: str
    """English text that follows a number directly, with its own space."""
    axis: str
    """English text beside an axis of effects."""


PLAIN = Unit("", "", words("difference"))
FACTOR = Unit("×", words("×"), words("ratio"))
NATS_A_STEP = Unit("nat/step", words(" nats per step"), words("nats per step"))
NATS_A_LAYER = Unit("nat/layer", words(" nats per layer"), words("nats per layer"))
FIT = Unit("R²", "", words("difference of R²"))


@dataclass(frozen=True)
class Variant:
    """Another way to ask a part's question, which shows how robust the answer is."""

    says: str
    """The English name of the analysis, marked by `words`."""
    measure: Measure | None = None
    """The measure that is taken instead; None: the estimand's own."""
    changes: dict[str, Any] = field(default_factory=dict)
    """Fields of the part that are different, as its moment."""
    only_run: bool = False
    """True if lags that the ladder spared are left out instead of counting as 0."""


@dataclass(frozen=True)
class Example:
    """A run as it may look in stored results; `bench.testing.check_estimand` makes a store from many."""

    member: dict[str, Any] = field(default_factory=dict)
    """Columns of MEMBERS."""
    losses: tuple[float, ...] = ()
    """Mean training loss of each interval between evaluations; the untrained network's is 1."""
    peaks: tuple[float, ...] = ()
    """Largest training loss of each of these intervals."""
    curve: dict[str, float] = field(default_factory=dict)
    """Further columns of CURVES, with one value at every evaluation."""
    probe: dict[str, float] = field(default_factory=dict)
    """Columns of PROBES, of the part's quantity at the part's moment."""
    profiles: tuple[tuple[float, ...], ...] = ()
    """Logarithm of the gradient's norm by layer, the lowest first, and step."""
    cost: dict[str, Any] = field(default_factory=dict)
    """Columns of COSTS, of the technique: the same in the example of every run."""


class Estimand(ABC):
    """An estimand: what is measured of a run, how it is compared, worded and drawn. Each has a file of its own.

    A subclass sets `name`, `unit`, `margin`, `noun` and at least one clause, and defines `measure` and `example`. It is
    either abstract or final. English text is marked by `words`, so that translations are checked against it.

    Clauses complete a sentence about a part. They may use {technique}, {reference}, {moment} and {where}; {where}
    brings its own comma and is empty more often than not.
    """

    name: ClassVar[str]
    """The name by which claims ask for it."""
    unit: ClassVar[Unit] = PLAIN
    margin: ClassVar[float]
    """The largest effect that counts as practically none; of a ratio, 0.1 means a factor of 1.1 either way."""
    scale: ClassVar[Scale] = Scale.DIFFERENCE
    least: ClassVar[float | None] = None
    """The value that smaller ones are taken for; None: they stay as they are."""
    sampled: ClassVar[Sampled] = Sampled.SEEDS
    bounds: ClassVar[tuple[float, float] | None] = None
    """The smallest and the largest value that there can be, of values whose mean over seeds is asked about.

    None: there are none, or it is the typical run that matters. Then the median is asked about, for without bounds no
    test of a mean keeps its level (Bahadur & Savage 1956).
    """
    only_where_solved: ClassVar[bool] = False
    """True if a cell (task and lag) counts only where some run solved.

    It is a run of those who are compared or, where the part compares with a number, of anybody in the arm.

    Elsewhere the budget was too small to tell.
    """
    of_learning: ClassVar[bool] = False
    """True if values say what is learned, or how soon: that for which learning rates are tuned."""
    one_place: ClassVar[bool] = False
    """True if `measure` gives values of one task and lag alone, which it chooses by the part's `lags`."""
    of_ladders: ClassVar[bool] = False
    """True if a value is of all lags of a task together."""
    of_probes: ClassVar[bool] = False
    """True if values are read off probes of the gradient's flow.

    At the end of training, techniques are then compared after equally many updates: see `measuring.moments`.
    """

    noun: ClassVar[str]
    """The English name of a value, on the axis of a figure."""
    says: ClassVar[str | None] = None
    """The clause where techniques are compared with references, or with themselves elsewhere; None: they cannot be."""
    alone: ClassVar[str | None] = None
    """The clause where techniques are compared with a number."""
    choice: ClassVar[str | None] = None
    """The clause where the best value of a dial is compared with the worst."""

    panel: ClassVar[Panel] = Panel.STRIP
    axis: ClassVar[tuple[float, float] | None] = None
    """The ends of an axis of values; None: as far as the values go."""

    @abstractmethod
    def measure(self, scope: Scope, technique: str, part: Part) -> pd.DataFrame:
        """The values of a technique in an arm: technique, task, lag, seed, value, run; one row a member.

        `run` is the MLflow run behind the value; empty where there is none. Nothing measured gives no rows.
        """

    @abstractmethod
    def example(self, level: int, seed: int, cell: int, part: Part) -> Example:
        """A made-up run with a low (level −1), middling (0) or high (1) value, seeds and cells counted from 0.

        Where a part compares with a number, a low value lies below it, a middling one practically at it.
        """

    def variants(self, part: Part) -> dict[str, Variant]:
        """Further analyses by name, beside those that every estimand has."""
        return {}

    def clause(self, part: Part) -> str | None:
        """The clause for the part's kind of contrast; None where there is no such contrast."""
        return self.choice if part.choice else self.alone if part.against is not None else self.says

    def transformed(self, values: Any) -> Any:
        """Values on the scale on which they are compared, whose differences are effects."""
        values = values if self.least is None else np.maximum(values, self.least)
        if self.scale is Scale.RATIO:
            return np.log(values)
        return np.minimum(values, 0.0) if self.scale is Scale.LOSS else values

    @property
    def is_ratio(self) -> bool:
        """True if effects are ratios."""
        return self.scale is Scale.RATIO

    @property
    def is_counted(self) -> bool:
        """True if there is no chance in a value."""
        return self.sampled is Sampled.COUNTED
