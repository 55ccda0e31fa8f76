"""One file a technique: a Lightning module that differs from the baseline in one thing."""

from bench.registry import Registry
from bench.techniques.base import Technique

techniques: Registry[Technique] = Registry("technique", Technique, "bench.techniques", "bptt_bench.techniques")

__all__ = ["Technique", "techniques"]
