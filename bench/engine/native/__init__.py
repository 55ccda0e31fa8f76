"""Recurrences in C, several times as fast as through torch's operations, with the same results but for rounding."""

from bench.engine.native.cell import NativeCell, run, runs_natively
from bench.engine.native.library import library, why_not

__all__ = ["NativeCell", "library", "run", "runs_natively", "why_not"]
