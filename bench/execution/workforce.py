"""What a run asks of those who do its work: processes here, or a cluster's workers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Literal, Protocol

from bench.errors import BenchError
from bench.execution.crew import Crew

Executor = Literal["local", "ray"]


class Workforce(Protocol):
    """Does pieces of work, several at a time, and sends news of them; leaving it ends what is under way."""

    def __enter__(self) -> Workforce: ...

    def __exit__(self, *error: object) -> None: ...

    @property
    def idle(self) -> int:
        """How many more pieces of work could start now."""
        ...

    @property
    def busy(self) -> bool:
        """Whether any work is under way."""
        ...

    def start(
        self, label: Any, target: Callable[..., None], work: Any, plugins: Sequence[str] = (), parts: int = 1
    ) -> None:
        """Have target(connection, plugins, work) run; what it sends comes back with the label.

        plugins: the users' own files that it needs. parts: how many things it does, each of which may take its time.
        """
        ...

    def messages(self, timeout: float | None = None) -> Iterator[tuple[Any, str, Any]]:
        """Wait for news: (label, 'progress', …), (label, 'result', …), or (label, 'result', Died).

        timeout: seconds after which there may be none; None sets no limit, and yet there may be none.
        """
        ...


Hire = Callable[[int | None, float | None], Workforce]
"""(size, None for what there is; seconds that a piece may take, None for any) → a workforce."""


@contextmanager
def hiring(executor: Executor = "local", address: str | None = None, gpus: float | None = None) -> Iterator[Hire]:
    """How to hire for a run: processes on this machine, or workers of a Ray cluster (see `RayCluster`).

    Raises BenchError where Ray is not installed, no cluster answers, or it has no place for the work.
    """
    if executor == "local":
        if address is not None or gpus is not None:
            raise BenchError("--address and --gpus-per-cohort are about a cluster: add --executor ray.")
        yield Crew
        return
    if gpus is not None and gpus > 1 and not gpus.is_integer():
        raise BenchError(f"--gpus-per-cohort takes a share of one GPU, or whole ones, not {gpus:g}.")
    try:
        from bench.execution.ray_crew import RayCluster
    except ModuleNotFoundError as error:
        if error.name != "ray":
            raise
        raise BenchError("--executor ray needs Ray: python -m pip install 'bptt-bench[ray]'.") from None
    with RayCluster(address or "auto", gpus or 0.0) as cluster:
        yield cluster.hire
