"""The settings of a diagnosis, and the results of its stages so far."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from bench.diagnosis.evidence import Evidence
from bench.diagnosis.fit import Fit
from bench.diagnosis.flow import Flow
from bench.diagnosis.subject import Subject
from bench.diagnosis.trivial import Levels
from bench.diagnosis.use import Use

BETTER = 0.1
"""Share by which a loss has to be below a simple predictor's to count as lower."""
CHANCE = 0.1
"""Share of random pairings of inputs with targets that may do as well as the right one."""


@dataclass(frozen=True)
class Settings:
    """Settings of a diagnosis: what is known, and how thoroughly to look."""

    lag: int | None = None
    """Number of steps back at which what matters lies; None if that is not known."""
    seeds: int = 5
    seconds: float = 60.0
    updates: int = 200
    clip: float = 1.0
    ladder: bool = False
    attempts: bool = False
    evidence: Evidence = field(default_factory=Evidence)


@dataclass
class Seen:
    """Results of the stages so far."""

    subject: Subject
    double: Subject
    """The same on some of the sequences, in double precision."""
    settings: Settings
    flow: Flow
    levels: Levels | None = None
    fit: Fit | None = None
    use: Use | None = None
    shuffled: float = math.nan
    """Loss of the trained model on each sequence's targets with another's inputs."""

    @property
    def needed(self) -> int:
        """Number of steps that a gradient has to travel: the lag, or the longest sequence if it is not known."""
        lengths = self.subject.batch.lengths
        longest = self.subject.steps if lengths is None else int(lengths.max())
        return min(self.settings.lag or longest - 1, longest - 1)

    @property
    def constant(self) -> float:
        """Loss of those who know nothing of the inputs."""
        return self.shuffled if self.comparable is None else self.comparable.constant

    @property
    def comparable(self) -> Levels | None:
        """Losses of simple predictors that the model's may be compared with; None if they are of another kind."""
        return self.levels if self.levels and self.levels.comparable else None

    @property
    def learnt(self) -> bool:
        """True if the trained model does clearly better than a constant, and not by chance."""
        if self.fit is None or not self.beats(self.fit.held_out):
            return False
        return self.use is None or self.use.chance <= CHANCE

    def beats(self, loss: float) -> bool:
        """Return True if a loss is clearly below the constant predictor's."""
        return loss < (1 - BETTER) * self.constant
