"""Marks the tests that run the native kernels."""

import pytest

from bench.engine.native import library, why_not

needs_kernels = pytest.mark.skipif(library() is None, reason=f"no native kernels: {why_not()}")
"""Skips a test where there are no kernels, which CI counts as a failure."""
