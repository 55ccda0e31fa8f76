"""Tests, intervals and sample sizes for one value a seed; plain numbers, nothing of techniques, nothing drawn.

An `Inference` answers on which side of a threshold a mean or a median lies. Three do so, and none supposes anything of
how values are distributed:

- `BoundedMean`, where a single value has bounds: scores, shares;
- `Median`, where it has none: of such values no test of a mean keeps its level (Bahadur & Savage 1956);
- `BestLessWorst`, of the values of a dial, from bounded means.

`Screened` is any of them where a part of the values was not seen, and counts as 0.

`Student` supposes values that are roughly normal, and serves pictures and second looks. Values that are not finite, or
none at all, are a BenchError.
"""

from bench.evidence.statistics.base import Array, Bounds, Inference, Interval, least_n, smallest_p
from bench.evidence.statistics.dials import BestLessWorst, split_halves
from bench.evidence.statistics.flips import sign_flip_p
from bench.evidence.statistics.means import BoundedMean, Student, mean_interval
from bench.evidence.statistics.medians import Median
from bench.evidence.statistics.planning import Needed
from bench.evidence.statistics.screened import Screened, bias_bound, rate_p
from bench.evidence.statistics.several import LEVEL, adjusted, holm, reaching

__all__ = [
    "LEVEL", "Array", "BestLessWorst", "BoundedMean", "Bounds", "Inference", "Interval", "Median", "Needed", "Screened",
    "Student", "adjusted", "bias_bound", "holm", "least_n", "mean_interval", "rate_p", "reaching", "sign_flip_p",
    "smallest_p", "split_halves",
]  # fmt: skip
