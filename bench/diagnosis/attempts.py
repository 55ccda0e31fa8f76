"""Remedies on trial, on the user's model and data: equal budgets, paired by seed, corrected for their number."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import nn

from bench.diagnosis.findings import Finding, Remedy
from bench.diagnosis.fit import fit
from bench.diagnosis.subject import Subject, copied, seeded
from bench.diagnosis.trivial import divided
from bench.evidence.statistics import LEVEL, Student, holm
from bench.languages import Message

FEWEST = 3
"""Pairs below which nothing is tested."""
CONFIDENCE = 0.95


@dataclass(frozen=True)
class Trial:
    """The held-out losses with a remedy and without it, by seed."""

    remedy: Remedy
    ratio: float
    """The geometric mean of the losses with it over those without."""
    low: float
    high: float
    """The 95 % interval of the ratio, by Student's t on logarithms."""
    p: float
    """Holm's, over all remedies on trial."""


def attempt(subject: Subject, remedies: tuple[Remedy, ...], seeds: int, updates: int, seconds: float) -> Finding:
    """Train copies with each remedy whose code changes the model, and without; say which lowers the held-out loss."""
    changing = [remedy for remedy in remedies if remedy.changes_model]
    if not changing:
        return Finding("try", "cannot tell", Message("There is no remedy here that changes the model by itself."))
    each = seconds / ((len(changing) + 1) * seeds)
    plain = [_loss(_start(subject, seed), updates, each) for seed in range(seeds)]
    tried = [
        [_loss(_changed(_start(subject, seed), remedy, seed), updates, each) for seed in range(seeds)]
        for remedy in changing
    ]
    trials = _tested(changing, np.log(plain), [np.log(losses) for losses in tried])
    best = min(trials, key=lambda trial: trial.ratio)
    numbers: dict[str, Any] = {
        trial.remedy.technique: {"ratio": trial.ratio, "low": trial.low, "high": trial.high, "p": trial.p}
        for trial in trials
    }
    numbers |= {"seeds": seeds, "updates": updates, "code": best.remedy.code}
    values = {
        "technique": best.remedy.technique, "ratio": f"{best.ratio:.2f}", "low": f"{best.low:.2f}",
        "high": f"{best.high:.2f}", "p": f"{best.p:.2g}", "n": len(trials), "seeds": seeds, "updates": updates,
    }  # fmt: skip
    if best.high < 1 and best.p < LEVEL:
        message = Message(
            "On this model and batch, {technique} multiplies the held-out loss by {ratio} (95 % interval {low} to "
            "{high}; p = {p} corrected for {n}; {seeds} seeds, {updates} updates).", values
        )  # fmt: skip
        return Finding("try", "healthy", message, numbers)
    message = Message(
        "No remedy on trial lowers the held-out loss reliably within {updates} updates; the best, {technique}, "
        "multiplies it by {ratio} (95 % interval {low} to {high}; {seeds} seeds).", values
    )  # fmt: skip
    return Finding("try", "cannot tell", message, numbers)


def _start(subject: Subject, seed: int) -> Subject:
    """The user's model with weights drawn anew where it can be made anew; the same for every remedy."""
    return replace(subject, model=subject.fresh(seed) if subject.fresh else copied(subject.model))


def _changed(subject: Subject, remedy: Remedy, seed: int) -> Subject:
    """The model after the remedy's own lines, exactly as they are printed."""
    with seeded(seed):
        exec(remedy.code, {"model": subject.model, "nn": nn, "torch": torch})
    return subject


def _loss(subject: Subject, updates: int, seconds: float) -> float:
    train, judge = (subject.part(part) for part in divided(subject))
    return max(fit(train, judge, updates, seconds).held_out, 1e-12)


def _tested(remedies: list[Remedy], plain: np.ndarray, tried: list[np.ndarray]) -> list[Trial]:
    found = []
    for losses in tried:
        differences = losses - plain
        if not np.isfinite(differences).all():
            found.append((math.inf, math.nan, math.nan, 1.0))
            continue
        student = Student(differences)
        if student.n < FEWEST or not student.spread:
            found.append((student.estimate, math.nan, math.nan, 1.0))
            continue
        low, high = student.interval(CONFIDENCE)
        found.append((student.estimate, low, high, min(1.0, 2 * min(student.above(0), student.below(0)))))
    corrected = holm([p for *_, p in found])
    return [
        Trial(remedy, math.exp(mean), math.exp(low), math.exp(high), float(p))
        for remedy, (mean, low, high, _), p in zip(remedies, found, corrected, strict=True)
    ]
