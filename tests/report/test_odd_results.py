"""Judging, the report and the history over results of which little is left: nothing finite, nothing solved, one seed.

What each says then is the business of other tests: here none of them may end in anything but a page.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable

import numpy as np
import pytest
from made_up.whole import add_arms, whole_study
from rendering import page

from bench.errors import BenchError
from bench.evidence.scope import Reading
from bench.evidence.verdicts import judge_scopes
from bench.history import take as take_module
from bench.history.take import take
from bench.languages import language as language_of
from bench.records.snapshot import Snapshot, unpacked
from bench.report import findings
from bench.report.findings import gather
from bench.testing.made_up import Row, SmallStore

NUMBERS = ("loss", "metric", "train_loss", "train_loss_peak", "gradient_norm", "gradient_peak", "clipped")
PROBED = ("decay", "r2", "power_r2", "half_life", "dead_share", "kept", "cosine")


def keep(store: SmallStore, wanted: Callable[[Row], bool]) -> None:
    """Drop everything of other members."""
    for rows in (store.rows, store.curve_rows, store.gradient_rows, store.probe_rows):
        rows[:] = filter(wanted, rows)


def end(store: SmallStore, whose: Callable[[Row], bool], outcome: str, updates: int = 0) -> None:
    """Their runs end so, and as early."""
    rows = [*store.rows, *store.curve_rows, *store.gradient_rows, *store.probe_rows]
    for row in filter(whose, rows):
        row["outcome"] = outcome
    for row in filter(whose, store.rows):
        row |= {"updates": updates, "metric": math.nan, "loss": math.nan, "reason": "made up" * (outcome == "failed")}


def diverged_at_start(store: SmallStore, whose: Callable[[Row], bool], value: float = math.nan) -> None:
    """As a technique does whose first loss is not finite."""
    end(store, whose, "diverged")
    keep(store, lambda row: not whose(row) or row.get("update", 0) == 0)
    not_finite(store, whose, value)


def failed_at_once(store: SmallStore, whose: Callable[[Row], bool]) -> None:
    end(store, whose, "failed")
    keep(store, lambda row: not whose(row) or "update" not in row)


def not_finite(store: SmallStore, whose: Callable[[Row], bool], value: float = math.nan) -> None:
    """Every number that was measured, whatever the outcome."""
    for row in filter(whose, store.rows):
        row |= {"loss": value, "metric": value}
    for row in filter(whose, store.curve_rows):
        row |= dict.fromkeys(NUMBERS, value)
    for row in filter(whose, store.probe_rows):
        row |= dict.fromkeys(PROBED, value)
    for row in filter(whose, store.gradient_rows):
        log_norm = np.clip(value, -1e3, 1e3) if math.isfinite(value) else value
        row["log_norm"] = np.full_like(row["log_norm"], log_norm)
    for row in filter(whose, store.cost_rows):
        row |= dict.fromkeys(("milliseconds", "time_ratio", "time_ratio_low", "time_ratio_high", "flops"), value)
        row["round_ratios"] = "[]"


def one_seed(store: SmallStore, whose: Callable[[Row], bool]) -> None:
    keep(store, lambda row: not whose(row) or row["role"] == "tuning" or row["seed"] == 1)


def one_evaluation(store: SmallStore, whose: Callable[[Row], bool]) -> None:
    keep(store, lambda row: not whose(row) or row.get("update", 0) == 0)


def nothing(store: SmallStore, whose: Callable[[Row], bool]) -> None:
    keep(store, lambda row: not whose(row))


def no_tables(store: SmallStore, whose: Callable[[Row], bool]) -> None:
    keep(store, lambda row: not whose(row) or "update" not in row)
    store.cost_rows[:] = [row for row in store.cost_rows if not whose(row)]


DISTORTIONS = {
    "diverged at the start": diverged_at_start,
    "infinite at the start": lambda store, whose: diverged_at_start(store, whose, math.inf),
    "failed at once": failed_at_once,
    "nan": not_finite,
    "inf": lambda store, whose: not_finite(store, whose, math.inf),
    "zero": lambda store, whose: not_finite(store, whose, 0.0),
    "huge": lambda store, whose: not_finite(store, whose, 3e38),
    "one seed": one_seed,
    "one evaluation": one_evaluation,
    "no tables": no_tables,
    "nothing": nothing,
}
WHOSE: dict[str, Callable[[Row], bool]] = {
    "all": lambda row: True,
    "the baseline": lambda row: row["technique"] == "tanh",
    "a technique": lambda row: row["technique"] == "relu",
    "a setting": lambda row: (row["technique"], row["lag"]) == ("tanh", 20),
}
CASES = [
    *((what, "all") for what in ("diverged at the start", "failed at once", "nan", "inf", "zero", "one seed")),
    *((what, "the baseline") for what in ("nothing", "one evaluation")),
    *((what, "a technique") for what in ("infinite at the start", "huge")),
    *((what, "a setting") for what in ("diverged at the start", "no tables")),
]


@pytest.fixture(scope="module")
def base() -> SmallStore:
    store = whole_study(2, ("adding",), ("tanh", "relu", "clip-norm"))
    add_arms(store, seeds=2, arms=("start",))
    return store


@pytest.fixture(scope="module")
def before(base: SmallStore) -> Snapshot:
    return take(base)


@pytest.mark.parametrize(("what", "whose"), CASES, ids=lambda word: word)
def test_a_verdict_a_page_and_a_snapshot_come_of_anything(
    what: str, whose: str, base: SmallStore, before: Snapshot, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = copy.deepcopy(base)
    DISTORTIONS[what](store, WHOSE[whose])
    verdicts = judge_scopes(Reading(store).arms)
    monkeypatch.setattr(findings, "judge", lambda _: verdicts)
    monkeypatch.setattr(take_module, "judge_scopes", lambda _: verdicts)
    after = take(store)
    assert unpacked(after.packed(), "it") == after
    store.snapshots_ = [before, after]
    html = page(gather(store), language_of("en"))
    assert html.count("</section>") > 10


def test_a_store_of_which_all_is_stale_has_no_snapshot(base: SmallStore) -> None:
    store = copy.deepcopy(base)
    for row in store.rows:
        row["technique_hash"] = "of yore"
    with pytest.raises(BenchError, match="no results of the current code"):
        take(store)
