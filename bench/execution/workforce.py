"""The demands of a run on whatever does its work: processes here, or a cluster's workers."""

from __future__ import annotations

import inspect
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Any, ClassVar, Protocol

from bench.contract import Checks, missing_words, misspelt_name
from bench.execution.messages import Message
from bench.registry import Registry


class Workforce(Protocol):
    """Carries out pieces of work, several at a time, and sends news of them; leaving it ends what is under way."""

    def __enter__(self) -> Workforce: ...

    def __exit__(self, *error: object) -> None: ...

    @property
    def idle(self) -> int:
        """The number of pieces of work that could start now."""
        ...

    @property
    def busy(self) -> bool:
        """True while any work is under way."""
        ...

    def start(
        self, label: Any, target: Callable[..., None], work: Any, plugins: Sequence[str] = (), parts: int = 1
    ) -> None:
        """Have target(connection, plugins, work) run; what it sends comes back with the label.

        plugins: the users' own files that it needs. parts: how many things it does, each of which may take its time.
        """
        ...

    def messages(self, timeout: float | None = None) -> Iterator[tuple[Any, Message]]:
        """Wait for messages, each with the label of its work: news in their order, and at the end a Result, or Died.

        timeout: seconds after which there may be none; None sets no limit, and yet there may be none. Raises BenchError
        where the work is Refused, and where none can be done any more.
        """
        ...


Hire = Callable[[int | None, float | None], Workforce]
"""(size, None for what there is; seconds that a piece may take, None for any) → a workforce."""


class Executor(ABC):
    """A way to get a run's work done, chosen with --executor NAME.

    A subclass is one file. One of this project's lies in `bench/execution/executors`; a package's is named in the entry
    point group `bptt_bench.executors`. `bench.testing.check_workforce` holds what it hires to its contract.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    """The line for `bptt-bench list executors` that says where the work is done."""

    @classmethod
    @abstractmethod
    def hiring(cls, address: str | None, gpus: float | None) -> AbstractContextManager[Hire]:
        """A context within which a run can hire, several times.

        address: given with --address, where a cluster is to be found; gpus: with --gpus-per-cohort, how many GPUs, or
        which share of one, each piece of work needs. Both are None where they were left out. Raises BenchError where it
        has no use for them, and where nothing could ever be done.
        """


def _words(cls: type[Executor]) -> Iterator[str]:
    yield from missing_words(cls, ("title",))
    yield from misspelt_name(cls)
    if inspect.isabstract(cls):
        yield "it does not define hiring(address, gpus)"


CHECKS: Checks = {"reading its words": _words}

HOME, GROUP = "bench.execution.executors", "bptt_bench.executors"
"""The folder and the entry point group of executors."""

executors: Registry[Executor] = Registry("executor", Executor, HOME, GROUP, CHECKS)  # type: ignore[type-abstract]


def hiring(
    executor: str = "local", address: str | None = None, gpus: float | None = None
) -> AbstractContextManager[Hire]:
    """Return a context in which a run can hire, see `Executor.hiring`. Raises BenchError for an unknown name."""
    return executors.get(executor).hiring(address, gpus)
