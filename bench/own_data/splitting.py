"""Divides a file into parts to train with, to validate and to test, so that nothing leaks from one to another."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np

from bench.errors import BenchError
from bench.tasks.own_data import SPLIT_SHARES, SPLITS

CUTS = np.cumsum(SPLIT_SHARES)[:-1]


def by_group(codes: np.ndarray, names: Sequence[str]) -> np.ndarray:
    """The part of each row: groups are dealt whole, in an order that their names alone decide.

    Raises BenchError for fewer groups than parts.
    """
    if len(names) < len(SPLITS):
        raise BenchError(
            f"There {'is' if len(names) == 1 else 'are'} {len(names)} group{'s' * (len(names) > 1)}, and three parts "
            f"to fill: give at least {len(SPLITS)} groups, or --split time."
        )
    order = sorted(range(len(names)), key=lambda code: hashlib.sha256(names[code].encode()).digest())
    sizes = np.bincount(codes, minlength=len(names))[order]
    middles = (np.cumsum(sizes) - sizes / 2) / sizes.sum()
    dealt = np.searchsorted(CUTS, middles)
    if dealt[-1] != 2:
        dealt[-1] = 2
    if not (dealt == 1).any():
        dealt[np.flatnonzero(dealt != 2)[-1]] = 1
    if not (dealt == 0).any():
        dealt[0] = 0
    parts = np.empty(len(names), np.int64)
    parts[order] = dealt
    return parts[codes]


def by_time(times: np.ndarray) -> np.ndarray:
    """The part of each row: the earliest to train with, the latest to test; equal times are never divided."""
    first, second = np.quantile(times, CUTS, method="higher")
    return (times >= first).astype(np.int64) + (times >= second)


def by_place(codes: np.ndarray) -> np.ndarray:
    """The part of each row: the first of its group to train with, the last to test."""
    parts = np.empty(len(codes), np.int64)
    for code in np.unique(codes):
        rows = np.flatnonzero(codes == code)
        parts[rows] = np.searchsorted(np.round(CUTS * len(rows)).astype(int), np.arange(len(rows)), side="right")
    return parts


def by_chance(classes: np.ndarray | None, count: int) -> np.ndarray:
    """The part of each of so many rows that have nothing to do with one another; always the same.

    Every part has one mix of classes, as far as their numbers allow.
    """
    order = np.random.Generator(np.random.PCG64(0)).permutation(count)
    codes = np.zeros(count, np.int64) if classes is None else classes
    parts = np.empty(count, np.int64)
    parts[order] = by_place(codes[order])
    return parts


def check_classes(codes: np.ndarray, parts: np.ndarray, names: Sequence[str], remedy: str) -> None:
    """Raise BenchError where a class is to be told that no part to train with has."""
    known = set(codes[parts == 0].tolist())
    for part in (1, 2):
        unseen = sorted(set(codes[parts == part].tolist()) - known)
        if unseen:
            raise BenchError(
                f"Class '{names[unseen[0]]}' occurs in the {SPLITS[part]} part and not in the one to train with: "
                f"{remedy}."
            )
