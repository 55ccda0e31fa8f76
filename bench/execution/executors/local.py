"""Processes on this machine."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from bench.errors import BenchError
from bench.execution.crew import Crew
from bench.execution.workforce import Executor, Hire


class Local(Executor):
    """A process of this machine for each piece of work, by default one per core at a time."""

    name = "local"
    title = "processes on this machine"

    @classmethod
    @contextmanager
    def hiring(cls, address: str | None, gpus: float | None) -> Iterator[Hire]:
        """Give out `Crew` itself."""
        if address is not None or gpus is not None:
            raise BenchError("--address and --gpus-per-cohort apply only to a cluster: add --executor ray.")
        yield Crew
