"""The record that a run leaves for the history: the verdicts, how every setting did, and a fresh sample of speeds."""

from __future__ import annotations

import gzip
import io
import zlib
from functools import cached_property
from typing import Annotated, Any, Literal, Self

from pydantic import (
    Field,
    NonNegativeInt,
    SerializerFunctionWrapHandler,
    ValidationError,
    model_serializer,
    model_validator,
)

from bench.errors import BenchError
from bench.records.cell import SettingKey
from bench.records.columns import Column, Table
from bench.records.result import ORIGIN, SETTING
from bench.records.settings import Frozen, digest

LARGEST = 2**26
"""Bytes of a snapshot that are read at most: a small file may unpack to more than a memory holds."""

TIMINGS = Table(
    (
        Column("sample", "str", "names the sample: rows of one run have it in common"),
        Column("process", "int64", "the process, a fresh one each"),
        *SETTING,
        Column("work", "str", "names all else that the time of an update depends on: sizes, optimiser, clipping"),
        Column("technique_hash", "str", "names the technique's code"),
        Column("task_hash", "str", "names the task's code"),
        Column("seconds", "float64", "the fastest of the rounds: one update of one member", "seconds"),
        Column(
            "reference", "float64", "the same of the baseline, in turns; for the baseline, of a yardstick",
            "seconds",
        ),
        Column("loss", "float64", "the loss after a few updates: the same unless code or libraries change"),
        *ORIGIN,
    )
)  # fmt: skip
"""A sample of speeds, one row a technique and process."""


Ratio = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class Origin(Frozen):
    """Code, libraries and machine."""

    commit: str
    dirty: bool
    bench: str
    python: str
    torch: str
    lightning: str
    platform: str
    cpu: str
    accelerator: str
    threads: int

    @property
    def machine(self) -> tuple[str, str, int]:
        """Times are compared between equal ones only."""
        return self.cpu, self.accelerator, self.threads

    @property
    def libraries(self) -> dict[str, str]:
        """Name and version."""
        return {"Python": self.python, "PyTorch": self.torch, "Lightning": self.lightning}


class CellState(Frozen):
    """The results of a technique at one lag of a task; the ladder may have spared it."""

    arm: str
    technique: str
    task: str
    lag: int
    protocol: str
    technique_hash: str
    task_hash: str
    budget: int
    origins: tuple[int, ...]
    """Places in `Snapshot.origins`."""
    seeds: tuple[int, ...]
    """Measured seeds; empty if the ladder spared it."""
    updates: tuple[NonNegativeInt | None, ...]
    """Updates to solve, seed by seed; None: not solved."""

    @model_validator(mode="after")
    def _seed_by_seed(self) -> Self:
        if len(self.seeds) != len(self.updates):
            raise ValueError(f"{len(self.seeds)} seeds have {len(self.updates)} numbers of updates")
        return self

    @property
    def place(self) -> tuple[str, str, str, int, str]:
        """Return its place: cells with equal places are comparable."""
        return self.arm, self.technique, self.task, self.lag, self.protocol

    @property
    def code(self) -> tuple[str, str]:
        return self.technique_hash, self.task_hash

    def scores(self) -> dict[int, float]:
        """Return the scores by seed: the share of the budget that was left when it had solved, 0 if it did not."""
        budget = max(self.budget, 1)
        pairs = zip(self.seeds, self.updates, strict=True)
        return {seed: 0.0 if updates is None else 1 - min(updates, budget) / budget for seed, updates in pairs}


class PartState(Frozen):
    """The verdict on a claim, or on a part of it."""

    id: str
    verdict: str
    effect: float | None
    low: float | None
    high: float | None
    p: float | None
    n: int
    data: str
    """Digest of the values behind it."""


class ClaimState(PartState):
    """A claim; numbers are those of the part that decides."""

    unit: str
    test: str
    """Digest of the test of the claim, as its file defines it."""
    uses: tuple[tuple[str, str, str], ...]
    """Arm, technique and task of every value behind it."""
    parts: tuple[PartState, ...]


class HorizonState(Frozen):
    """The longest lag that a technique solves; 0: none."""

    technique: str
    task: str
    horizon: int


class SpeedState(Frozen):
    """A technique's speed when the snapshot was taken, a value a process."""

    technique: str
    task: str
    lag: int
    work: str
    technique_hash: str
    task_hash: str
    ratios: tuple[Ratio, ...] = Field(min_length=1)
    """Ratios of an update's time to the baseline's; of the baseline's own to the yardstick's."""
    milliseconds: tuple[float, ...]
    loss: float | None

    @property
    def setting(self) -> SettingKey:
        """Return the key of what was timed."""
        return SettingKey(self.technique, self.task, self.lag)

    @property
    def key(self) -> tuple[str, str, int, str]:
        """Speeds of equal keys, on equal machines, are comparable."""
        return self.technique, self.task, self.lag, self.work


class Snapshot(Frozen):
    """The state of knowledge at the end of a run."""

    version: Literal[1] = 1
    taken: str
    """ISO 8601, UTC."""
    preset: str
    judge: str
    """Digest of the code that judges, and of the libraries that it judges with."""
    comparisons: int
    """Number of comparisons that are tested together in one family."""
    origins: tuple[Origin, ...]
    claims: tuple[ClaimState, ...]
    families: dict[str, str] = Field(default_factory=dict)
    """Hash of each family of claims by which verdicts are judged; empty in snapshots from before they were kept."""
    cells: tuple[CellState, ...]
    horizons: tuple[HorizonState, ...]
    sampled: Origin | None = None
    """Origin of the sample of speeds; None: there is no sample."""
    speeds: tuple[SpeedState, ...] = ()

    @model_validator(mode="after")
    def _from_somewhere(self) -> Self:
        if self.sampled is None and not self.origins:
            raise ValueError("it has no origin")
        if any(not 0 <= place < len(self.origins) for cell in self.cells for place in cell.origins):
            raise ValueError("a cell has an origin that is not there")
        return self

    @cached_property
    def id(self) -> str:
        """Names the snapshot."""
        return digest(self.model_dump_json())

    @property
    def origin(self) -> Origin:
        """The newest code, libraries and machine."""
        return self.sampled or self.origins[-1]

    def packed(self) -> bytes:
        """Pack it for a file: equal snapshots give equal bytes."""
        return gzip.compress(self.model_dump_json().encode(), mtime=0)

    @model_serializer(mode="wrap")
    def _as_written(self, whole: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Leave out what older ones lack where it is empty, so that they keep their ids."""
        return {name: value for name, value in whole(self).items() if name != "families" or value}


def unpacked(data: bytes, where: str) -> Snapshot:
    """Read a snapshot from a file, packed or plain JSON. Raises BenchError if it is not one."""
    try:
        text = _unzipped(data) if data[:2] == b"\x1f\x8b" else data
        if len(text) > LARGEST:
            raise BenchError(f"{where} holds more than {LARGEST} bytes: it is not a snapshot.")
        return Snapshot.model_validate_json(text)
    except (ValidationError, OSError, EOFError, zlib.error) as error:
        raise BenchError(
            f"{where} is not a snapshot of this version of bptt-bench: write one with 'bptt-bench snapshot --output'."
        ) from error


def _unzipped(data: bytes) -> bytes:
    with gzip.open(io.BytesIO(data)) as file:
        return file.read(LARGEST + 1)
