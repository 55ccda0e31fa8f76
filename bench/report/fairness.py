"""The rows of what tuning chose, and of how near another choice was."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Edge:
    """A learning rate at which a setting was measured: see `bench.evidence.ledgers.edges`."""

    technique: str
    task: str
    lag: int
    learning_rate: float
    edge: str
    """largest or smallest, if it is that of the rates tried; else empty."""


@dataclass(frozen=True, slots=True)
class Neighbour:
    """The shares of tuning runs that solved at a setting's rate and beside it: `bench.evidence.ledgers.neighbours`."""

    technique: str
    task: str
    lag: int
    own: float
    beside: float
