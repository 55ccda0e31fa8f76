"""Sequences of a user's own, each with an answer."""

from __future__ import annotations

from abc import ABC
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import Generator, Tensor

from bench.batch import Batch
from bench.tasks.base import IGNORED, Split
from bench.tasks.finite import drawn
from bench.tasks.numbers import Numbers
from bench.tasks.own_data import ARRAYS, SPLITS, OwnData, arrays, standardised


class Sequences(NamedTuple):
    """One split, standardised on the part to train with."""

    seen: Tensor
    """(steps, sequences, features): a shorter sequence stands at the end, behind zeros."""
    answers: Tensor
    """(scored, sequences[, numbers])"""


class OwnSequences(OwnData, ABC):
    """Whole sequences, then as many blank steps as the lag says; then the answer.

    Answers to every step of a sequence are given so many steps later. Features are standardised, so that a blank step
    is the mean. Where sequences are of unlike lengths, a further feature is 1 at their steps and 0 elsewhere.
    """

    about = (
        "A sequence is shown step by step, then come as many blank steps as the lag says; the network has to say what "
        "the task's title names."
    )
    lag_means = "the blank steps after the sequence"
    least_lag = 0

    def sample(self, generator: Generator, batch_size: int, lag: int, split: Split = "train") -> Batch:
        """Draw sequences (steps + lag, batch, features) and their answers (scored, batch[, numbers]).

        Held-out sequences are each drawn at most once, as long as there are enough.
        """
        self.check_lag(lag)
        found = parts_of(self.file(ARRAYS))[split]
        count = found.seen.shape[1]
        chosen = drawn(count, batch_size, generator, split)
        return Batch(F.pad(found.seen[:, chosen], (0, 0, 0, 0, 0, lag)), found.answers[:, chosen])

    def steps(self, lag: int) -> int:
        """The longest sequence and the blank steps."""
        return parts_of(self.file(ARRAYS))["train"].seen.shape[0] + lag


class OwnLabels(OwnSequences, ABC):
    """Say of which class a sequence is, or each of its steps."""

    metric_name = "share classified correctly"


class OwnValues(Numbers, OwnSequences, ABC):
    """Say the numbers that belong to a sequence, or to each of its steps."""


@cache
def parts_of(file: Path) -> dict[Split, Sequences]:
    """The parts of a task's arrays: see `prepared`."""
    return prepared(arrays(file))


def prepared(found: dict[str, np.ndarray]) -> dict[Split, Sequences]:
    """Standardise and split arrays: seen (N, T, C), scaled (C,), lengths (N,), answers (N, S[, K]), part (N,)."""
    part, lengths, answers = found["part"], found["lengths"], found["answers"]
    train, steps = part == 0, found["seen"].shape[1]
    there = np.arange(steps) >= steps - lengths[:, None]  # (N, T)
    seen = standardised(found["seen"], found["seen"][train][there[train]], found["scaled"])
    seen = np.where(there[:, :, None], seen, 0.0)
    if lengths.min() < steps:
        seen = np.concatenate([seen, there[:, :, None]], axis=2)
    if answers.dtype.kind == "f":
        known = answers[train].reshape(-1, answers.shape[-1])
        answers = (answers - known.mean(0)) / known.std(0)
    elif answers.shape[1] > 1:
        answers = np.where(there, answers, IGNORED)
    return {split: _part(seen[part == n], answers[part == n]) for n, split in enumerate(SPLITS)}


def _part(seen: np.ndarray, answers: np.ndarray) -> Sequences:
    """One split as tensors, time first."""
    kind = torch.float32 if answers.dtype.kind == "f" else torch.int64
    first = torch.tensor(seen, dtype=torch.float32).transpose(0, 1).contiguous()
    return Sequences(first, torch.tensor(answers, dtype=kind).transpose(0, 1).contiguous())
