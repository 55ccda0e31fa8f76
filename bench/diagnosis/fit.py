"""A short training of a copy of the user's model: can it learn from this batch at all, and what does it then use?"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, replace

import torch
from torch import nn

from bench.diagnosis.blame import theirs
from bench.diagnosis.subject import Subject, seeded

RATES = (0.003, 0.01)
AT_ONCE = 64
"""Sequences of an update."""
LARGEST = 1.0
"""The norm that gradients are clipped to."""
LOOK = 25
"""Updates between two looks at the held-out sequences."""
SOLVED = 0.02
"""Share of the first loss below which training ends early."""


@dataclass(frozen=True)
class Fit:
    """A trained copy, and its losses."""

    subject: Subject
    updates: int
    learning_rate: float
    fitted: float
    """Loss on the sequences that it was trained on."""
    held_out: float
    """Loss on the others."""
    complete: bool
    """False if the time was over before all updates were made."""


def fit(train: Subject, judge: Subject, updates: int, seconds: float) -> Fit:
    """Train a copy by Adam at each of a few rates; return the one with the lowest loss on the sequences of `judge`.

    The loop is plain: gradients are zeroed, clipped by norm and applied; nothing of the user's own training takes part.
    """
    found = [_train(train, judge, rate, updates, seconds / len(RATES)) for rate in RATES]
    return min(found, key=lambda one: one.held_out if math.isfinite(one.held_out) else math.inf)


def _train(train: Subject, judge: Subject, rate: float, updates: int, seconds: float) -> Fit:
    copy = train.copied()
    copy.model.train()
    parameters = [p for p in copy.model.parameters() if p.requires_grad]
    optimizer = torch.optim.Adam(parameters, lr=rate)
    parts = [copy.part(chosen) for chosen in torch.arange(train.sequences).split(AT_ONCE)]
    best, kept, first, level = math.inf, copy.model.state_dict(), math.nan, math.nan
    end, done, over = time.monotonic() + seconds, 0, False
    while done < updates and not over:
        with seeded(done):
            loss = parts[done % len(parts)].run(doing="when it was trained on the batch").loss
        optimizer.zero_grad()
        with theirs("when the loss was followed back"):
            loss.backward()
        nn.utils.clip_grad_norm_(parameters, LARGEST)
        optimizer.step()
        done, level = done + 1, float(loss.detach())
        first = level if done == 1 else first
        over = time.monotonic() > end or not math.isfinite(level) or level < SOLVED * first
        if done % LOOK == 0 or over or done == updates:
            now = held_out(replace(judge, model=copy.model))
            if now < best:
                best, kept = now, {name: v.detach().clone() for name, v in copy.model.state_dict().items()}
    copy.model.load_state_dict(kept)
    copy.model.eval()
    return Fit(copy, done, rate, level, best, done == updates or level < SOLVED * first)


def held_out(judge: Subject) -> float:
    """Loss of a model in evaluation, which is left as it is."""
    copy = judge.copied()
    copy.model.eval()
    with torch.no_grad():
        return float(copy.run().loss)
