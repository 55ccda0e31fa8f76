"""Training in C, several times faster than through torch's operations, with the same results up to rounding."""

from bench.engine.native.cell import NativeCell, run, runs_natively
from bench.engine.native.library import library, why_not
from bench.engine.native.signatures import constant
from bench.engine.native.update import native_adam, native_norm, steps_natively

__all__ = [
    "NativeCell", "constant", "library", "native_adam", "native_norm", "run", "runs_natively", "steps_natively",
    "why_not",
]  # fmt: skip
