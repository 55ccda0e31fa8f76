"""One file an estimand: what is measured of a run, how it is compared, and how it is worded and drawn."""

from functools import cache

from bench.evidence.estimands.base import Estimand, Example, Measure, Panel, Sampled, Scale, Unit, Variant
from bench.evidence.estimands.contract import CHECKS
from bench.registry import Registry

# An abstract base is meant: the registry never makes an instance of it.
estimands: Registry[Estimand] = Registry("estimand", Estimand, __name__, "bptt_bench.estimands", CHECKS)  # type: ignore[type-abstract]


def estimand(name: str) -> Estimand:
    """The estimand called `name`; raises BenchError, with the nearest names, if there is none."""
    return _made(estimands.get(name))


@cache
def _made(cls: type[Estimand]) -> Estimand:
    return cls()


__all__ = [
    "Estimand", "Example", "Measure", "Panel", "Sampled", "Scale", "Unit", "Variant", "estimand", "estimands",
]  # fmt: skip
