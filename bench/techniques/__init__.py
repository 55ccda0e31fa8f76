"""One file a technique: a Lightning module that differs from the baseline in one thing."""

from bench.registry import Registry
from bench.techniques.base import Technique
from bench.techniques.contract import CHECKS

techniques: Registry[Technique] = Registry(
    "technique",
    Technique,  # type: ignore[type-abstract]
    "bench.techniques",
    "bptt_bench.techniques",
    CHECKS,
)

__all__ = ["Technique", "techniques"]
