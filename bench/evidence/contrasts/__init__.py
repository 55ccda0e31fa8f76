"""The step from a part of a claim to numbers: one value a seed, whose mean or median is the part's effect."""

from bench.evidence.contrasts.cells import CannotTell, NotEstimable
from bench.evidence.contrasts.contrast import Estimate, Sample, draw, estimate
from bench.evidence.contrasts.results import Results

__all__ = ["CannotTell", "Estimate", "NotEstimable", "Results", "Sample", "draw", "estimate"]
