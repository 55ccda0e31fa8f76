"""Workers of a Ray cluster."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from bench.errors import BenchError
from bench.execution.workforce import Executor, Hire


class Ray(Executor):
    """A process on some machine of the cluster for each piece of work: see `bench.execution.ray_crew`."""

    name = "ray"
    title = "a Ray cluster, see docs/cluster.md"

    @classmethod
    @contextmanager
    def hiring(cls, address: str | None, gpus: float | None) -> Iterator[Hire]:
        """Connect to the cluster. Raises BenchError where Ray is not installed, too."""
        if gpus is not None and gpus > 1 and not gpus.is_integer():
            raise BenchError(f"--gpus-per-cohort takes a fraction of one GPU or a whole number of GPUs, not {gpus:g}.")
        try:
            from bench.execution.ray_crew import RayCluster
        except ModuleNotFoundError as error:
            if error.name != "ray":
                raise
            raise BenchError("--executor ray needs Ray: python -m pip install 'bptt-bench[ray]'.") from None
        with RayCluster(address or "auto", gpus or 0.0) as cluster:
            yield cluster.hire
