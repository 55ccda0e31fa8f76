"""Estimands of curves, explosions and clipping on results small enough to work out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from estimating import part, refused, values

from bench.evidence.contrasts import Results, draw, estimate
from bench.evidence.scope import scopes
from bench.testing.made_up import SmallStore, World, curve, member, setting


def with_curves(name: str, runs: list[tuple[str, list[float], list[float]]]) -> SmallStore:
    """A technique with (outcome, losses, peaks) by seed; the untrained loss is 1."""
    rows = [member(setting(name, 10), seed, outcome) for seed, (outcome, _, _) in enumerate(runs, start=1)]
    curves = [curve(row, 1.0, losses, peaks) for row, (_, losses, peaks) in zip(rows, runs, strict=True)]
    return SmallStore(rows, curve_rows=[row for rows_ in curves for row in rows_])


def test_an_explosion_is_ten_times_the_untrained_loss() -> None:
    store = with_curves(
        "tanh",
        [
            ("unsolved", [0.5, 0.5, 0.5], [0.6, 10.1, 0.6]),
            ("unsolved", [0.5, 0.5, 0.5], [9.9, 0.6, 0.6]),
            ("solved", [0.5, 0.01, 0.01], [0.6, 0.5, 0.9]),  # 90 times as high, but below the untrained loss
            ("unsolved", [5.0, 9.0, 9.0], [9.0, 9.0, 9.0]),  # stuck, and not rising that far
            ("diverged", [0.5, math.nan], [0.6, math.nan]),
            ("failed", [], []),
        ],
    )
    assert values(store, part("exploded", "tanh", 0.0)) == [1, 0, 0, 0, 1]
    intervals = estimate(part("exploded", "tanh", 0.0), Results(scopes(store))).variants["intervals"]
    assert list(intervals.values) == pytest.approx([1 / 3, 0, 0, 0, 1])


def test_roughness_is_of_rises_alone() -> None:
    e = math.e
    store = with_curves(
        "tanh",
        [
            ("solved", [1, e, 1, e], [1] * 4),  # rises of 1, 0, 1
            ("solved", [1, 0.1, 0.01, 0.001], [1] * 4),  # however fast it falls
            ("solved", [1, 1, 1, e**2], [1] * 4),  # 0, 0, 2
            ("solved", [1, 0.05, 0.02, 0.1], [1] * 4),  # nearly learned: nothing rises above a tenth
            ("diverged", [1, math.nan], [1, math.nan]),  # as rough as the roughest, or a spike each time
        ],
    )
    found = draw(part("roughness", "tanh", 1.0), Results(scopes(store)))
    expected = [math.sqrt(2 / 3), 1e-3, math.sqrt(4 / 3), 1e-3, max(math.sqrt(4 / 3), math.log(3))]
    assert list(found.data["value"]) == pytest.approx(expected)
    assert list(found.values) == pytest.approx(np.log(expected))


def exploding(tanh_explodes: bool) -> SmallStore:
    made = World()
    for name in ("tanh", "clip-norm"):
        for row in made.train(name, 3, "exploding"):
            peak = 50.0 if name == "tanh" and tanh_explodes else 0.6
            columns = {"gradient_norm": 1.0, "gradient_peak": peak, "clipped": 0.25 if name == "clip-norm" else 0.0}
            made.store.curve_rows += curve(row, 1.0, [0.5, 0.5], [0.6, peak], **columns)
    return made.finish()


def test_where_nothing_explodes_there_is_nothing_to_prevent() -> None:
    of = part("exploded", "clip-norm", "tanh", arm="exploding", explodes="tanh")
    assert values(exploding(True), of) == [-1, -1, -1]
    assert refused(exploding(False), of) == "calm"


def test_how_often_clipping_acts_is_a_share_of_updates() -> None:
    of = part("clipped", "clip-norm", 0.05, arm="exploding")
    assert values(exploding(True), of) == pytest.approx([0.2] * 3)
    store = exploding(False)
    rows = [row for row in store.curve_rows if row["cohort"] == store.rows[-1]["cohort"] and row["seed"] == 3]
    for row, update, share in zip(rows, (0, 10, 40), (math.nan, 1.0, 0.2), strict=True):
        row |= {"update": update, "clipped": share}
    assert values(store, of) == pytest.approx([0.2, 0.2, 0.4 - 0.05])  # 10 updates at 1, 30 at 0.2
