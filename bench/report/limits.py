"""The limits of a report: the conditions that everything in it was found under."""

from __future__ import annotations

import math
from dataclasses import dataclass

from bench.records.settings import Protocol
from bench.report.findings import Matrix
from bench.report.protocols import Entry, entry_of


def start_radius(protocol: Protocol) -> float:
    """The spectral radius of recurrent weights at the start, as it is for many units (Girko's circular law).

    By default weights are uniform within ±1/√H, as PyTorch's are: of variance 1 / (3 H), so that the radius is 1/√3.
    Orthogonal ones have radius 1. The gain scales either. A technique may have a start of its own.
    """
    default = 1 / math.sqrt(3)
    return protocol.recurrent_gain * (1.0 if protocol.initialisation == "orthogonal" else default)


def start_radii(matrix: Matrix) -> list[float]:
    """The spectral radii that an arm's recurrent weights start at, rising: of its tasks, which mostly agree."""
    return sorted({start_radius(protocol) for protocol in matrix.protocols.values()})


@dataclass(frozen=True)
class Limits:
    """The conditions of the main arm, over all of its tasks."""

    lags: dict[str, list[int]]
    """The lags of each task that is trained."""
    seeds: tuple[int, int]
    """The fewest and the most runs of a setting that count."""
    fields: tuple[Entry, ...]
    """The entries of the protocol that bound what can be said, where the tasks may differ."""
    radii: tuple[float, ...]
    """See `start_radii`."""


BOUNDING = ("hidden_size", "updates", "learning_rates", "tuning_seeds", "optimizer")
"""The fields of the protocol that a reader has to know first."""


def limits(main: Matrix) -> Limits | None:
    """The limits of an arm; None where nothing was trained."""
    trained = [task for task, protocol in main.protocols.items() if protocol.updates]
    runs = [e.runs for e in main.estimates if e.measured and e.task in trained]
    if not runs:
        return None
    return Limits(
        lags={task: main.lags(task) for task in trained},
        seeds=(min(runs), max(runs)),
        fields=tuple(map(entry_of, BOUNDING)),
        radii=tuple(start_radii(main)),
    )
