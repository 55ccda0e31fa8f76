"""The command line: the program, what its verbs share, and a file a verb in `verbs`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

__all__ = ["app", "main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """See `bench.cli.program.main`. It is imported late: every process of a run imports the main module anew."""
    from bench.cli import program

    return program.main(arguments)


def __getattr__(name: str) -> Any:
    if name != "app":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from bench.cli.program import app

    return app
