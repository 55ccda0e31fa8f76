"""Data that come with an installed package, which a task may need beside this project's own dependencies."""

from __future__ import annotations

import hashlib
from importlib.util import find_spec
from typing import ClassVar

import numpy as np

from bench.errors import BenchError


class NeedsPackages:
    """A task whose data come with packages of an extra: without them its settings are skipped, for this reason."""

    packages: ClassVar[tuple[str, ...]] = ()
    """The modules that are imported."""
    extra: ClassVar[str] = "data"
    """The extra of this project that installs them."""

    @classmethod
    def missing(cls) -> str | None:
        """A sentence on what is not installed, and the line that installs it; None if nothing is missing."""
        lacking = [name for name in cls.packages if find_spec(name) is None]
        if not lacking:
            return None
        return f"{' and '.join(lacking)} is not installed: python -m pip install 'bptt-bench[{cls.extra}]'"


def pinned(values: np.ndarray, sha256: str, where: str) -> np.ndarray:
    """The values, once their bytes are seen to be those that results rest on. Raises BenchError if they are others.

    sha256: the first sixteen hexadecimal digits of it; where: what the values are, and the package that gave them.
    """
    found = hashlib.sha256(np.ascontiguousarray(values).tobytes()).hexdigest()[: len(sha256)]
    if found != sha256:
        raise BenchError(
            f"{where} are not the data that this task was written for (their hash is {found}, not {sha256}): install "
            "the package at another version."
        )
    return values
