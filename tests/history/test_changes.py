"""Two snapshots: what flipped and why, what is worse, and what must not be compared."""

from __future__ import annotations

import numpy as np
import pytest
from made_up.snapshots import ORIGIN, cell, changed, claim, snapshot, speed

from bench.errors import BenchError
from bench.history import differences
from bench.history.changes import compare, worse
from bench.history.differences import rise_interval, scores_interval, scores_p

OTHER_TORCH = ORIGIN.model_copy(update={"torch": "2.14.0"})
OTHER_CPU = ORIGIN.model_copy(update={"cpu": "Xeon"})
OTHER_COMMIT = ORIGIN.model_copy(update={"commit": "b" * 40})
TRIALS = 200
ALL = ("verdict", "quality", "speed")


def only_cause(old, new):
    """The kinds and names of why the one claim flipped."""
    (flip,) = compare(old, new).flips
    return [(cause.kind, *cause.names) for cause in flip.causes]


def cells_with(name: str, **changes):
    return tuple(changed(c, **changes) if name in ("", c.technique) else c for c in snapshot().cells)


def test_equal_snapshots_have_no_changes():
    changes = compare(snapshot(1), snapshot(2))
    assert (changes.flips, changes.quality, changes.drifts) == ((), (), ())
    assert {s.verdict for s in changes.speeds} == {"not told apart"}
    assert (changes.cells, worse(changes, ALL)) == (3, [])


# Why a verdict flipped

NOW = claim("undecided", data="d2")


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"claims": (claim("undecided", test="t2"),)}, [("claims",)]),
        ({"claims": (NOW,), "cells": cells_with("lstm", technique_hash="lstm-2")}, [("technique", "lstm")]),
        ({"claims": (NOW,), "cells": cells_with("", task_hash="adding-2")}, [("task", "adding")]),
        ({"claims": (NOW,), "cells": cells_with("lstm", protocol="q" * 12)}, [("protocol", "adding")]),
        ({"claims": (NOW,), "cells": (*snapshot().cells[::2], cell("lstm", 9, 20))}, [("seeds", "10", "20", "lstm")]),
        ({"claims": (NOW,), "cells": snapshot().cells[::2]}, [("settings", "lstm")]),
        (
            {"claims": (NOW,), "cells": (*snapshot().cells[::2], cell("lstm", 2)), "origins": (OTHER_TORCH,)},
            [("libraries", "PyTorch 2.13.0 → 2.14.0")],
        ),
        (
            {"claims": (NOW,), "cells": (*snapshot().cells[::2], cell("lstm", 2)), "origins": (OTHER_CPU,)},
            [("machine", "Xeon, cpu")],
        ),
        (
            {"claims": (NOW,), "cells": (*snapshot().cells[::2], cell("lstm", 2)), "origins": (OTHER_COMMIT,)},
            [("program", "a" * 10, "b" * 10)],
        ),
        ({"claims": (NOW,), "cells": (*snapshot().cells[::2], cell("lstm", 2))}, [("retrained", "lstm")]),
        ({"claims": (NOW,)}, [("costs",)]),
        ({"claims": (claim("undecided"),), "comparisons": 90}, [("correction", "80", "90")]),
        ({"claims": (claim("undecided"),), "judge": "j2"}, [("judge",)]),
        (
            {
                "claims": (NOW,),
                "cells": cells_with("lstm", technique_hash="lstm-2"),
                "origins": (OTHER_TORCH,),
            },
            [("technique", "lstm"), ("libraries", "PyTorch 2.13.0 → 2.14.0")],
        ),
    ],
)
def test_the_cause_of_a_flip_is_named(changes, why):
    assert only_cause(snapshot(1), snapshot(2, **changes)) == why


def test_code_of_a_technique_that_the_claim_does_not_use_is_no_cause():
    cells = cells_with("gru", technique_hash="gru-2")
    assert only_cause(snapshot(1), snapshot(2, claims=(NOW,), cells=cells)) == [("costs",)]


def test_code_that_all_techniques_share_is_named_once():
    cells = tuple(changed(c, technique_hash=c.technique_hash + "x") for c in snapshot().cells)
    speeds = tuple(changed(s, technique_hash=s.technique_hash + "x") for s in snapshot().speeds)
    assert only_cause(snapshot(1), snapshot(2, claims=(NOW,), cells=cells, speeds=speeds)) == [("engine",)]


@pytest.mark.parametrize(
    ("before", "after", "changes", "bad"),
    [
        ("supported", "undecided", {}, True),
        ("supported", "contradicted", {}, True),
        ("practically equal", "not run", {}, True),
        ("undecided", "supported", {}, False),
        ("not run", "contradicted", {}, False),
        ("supported", "contradicted", {"test": "t2"}, False),
    ],
)
def test_a_flip_is_worse_where_something_decided_was_lost_and_the_question_is_the_same(before, after, changes, bad):
    found = compare(snapshot(1, claims=(claim(before),)), snapshot(2, claims=(claim(after, data="d2", **changes),)))
    assert worse(found, ALL) == (["verdict S06"] if bad else [])
    assert worse(found, ("quality", "speed")) == []


# Quality


def test_a_technique_that_learns_worse_is_named_with_its_cause():
    cells = (*snapshot().cells[::2], cell("lstm", 1, technique_hash="lstm-2"))
    (change,) = compare(snapshot(1), snapshot(2, cells=cells)).quality
    assert (change.technique, change.verdict, change.seeds) == ("lstm", "worse", (10, 10))
    assert (change.before, change.after) == (pytest.approx(0.45), pytest.approx(0.05))
    assert change.interval.low <= -0.4 <= change.interval.high < 0
    assert [c.kind for c in change.causes] == ["technique"]


def test_a_lag_that_the_ladder_now_spares_counts_as_unsolved():
    far = {"lag": 50}
    old = snapshot(1, cells=(cell("gru", 10), cell("gru", 10, **far)))
    spared = cell("gru", 0, 0, technique_hash="gru-2", **far)
    (change,) = compare(old, snapshot(2, cells=(cell("gru", 10, technique_hash="gru-2"), spared))).quality
    assert (change.lags, change.before, change.after, change.verdict) == ((20, 50), 0.5, 0.25, "worse")


def test_more_seeds_of_the_same_code_are_no_change_of_quality():
    assert compare(snapshot(1), snapshot(2, cells=(cell("lstm", 9, 20),))).quality == ()


def test_few_seeds_are_said_to_tell_nothing():
    old, new = (snapshot(day, cells=(cell("lstm", 3 - day, 2, technique_hash=str(day)),)) for day in (1, 2))
    (change,) = compare(old, new).quality
    assert (change.verdict, change.p) == ("too few", None)


def test_only_equal_protocols_are_compared():
    cells = (*snapshot().cells[::2], cell("lstm", 0, technique_hash="lstm-2", protocol="q" * 12))
    changes = compare(snapshot(1), snapshot(2, cells=cells))
    assert (changes.quality, changes.cells) == ((), 2)
    nothing = snapshot(2, cells=tuple(changed(c, protocol="q" * 12) for c in cells), sampled=None, speeds=())
    with pytest.raises(BenchError, match="no setting in common under the same protocol"):
        compare(snapshot(1), nothing)


@pytest.mark.parametrize(("seeds", "paired"), [(5, True), (20, True), (8, False)])
def test_quality_tests_keep_their_level_and_intervals_cover(seeds, paired, monkeypatch):
    """Scores as they are: many zeros, the rest anywhere; half of what a pair does it does in common."""
    monkeypatch.setattr(differences, "RESAMPLES", 199)
    rng = np.random.default_rng(9)

    def scores(luck):
        return np.where(luck < 0.4, 0.0, luck)

    rejected = covered = 0
    for _ in range(TRIALS):
        both = rng.random(seeds)
        old, new = (scores(np.where(rng.random(seeds) < 0.5 * paired, both, rng.random(seeds))) for _ in "ab")
        rejected += scores_p(old, new, paired, rng) <= 0.05
        low, high = scores_interval(old, new)
        covered += low <= 0 <= high
    assert rejected / TRIALS <= 0.10  # the 99.9 % limit of 5 %
    assert covered / TRIALS >= 0.90


def test_a_loss_of_quality_is_found():
    rng = np.random.default_rng(10)
    old, new = rng.uniform(0.4, 0.8, 20), rng.uniform(0.2, 0.6, 20)
    assert scores_p(old, new, True, rng) < 0.01
    assert scores_interval(old, new).high < 0


# Speed


def slowed(factor: float, name: str = "lstm", **changes):
    return tuple(
        changed(s, ratios=tuple(factor * r for r in s.ratios), **changes) if s.technique == name else s
        for s in snapshot(2).speeds
    )


def test_a_slow_technique_is_named_with_its_cause():
    new = snapshot(2, speeds=slowed(1.3, technique_hash="lstm-2"))
    changes = compare(snapshot(1), new)
    (change,) = (s for s in changes.speeds if s.verdict != "not told apart")
    assert (change.technique, change.verdict) == ("lstm", "worse")
    assert change.interval.low < 1.3 < change.interval.high
    assert [(c.kind, *c.names) for c in change.causes] == [("technique", "lstm")]
    assert worse(changes, ALL) == ["speed lstm"]
    assert compare(new, snapshot(1)).speeds[1].verdict == "better"


def test_a_slower_baseline_is_named_and_makes_nobody_else_faster():
    speeds = tuple(
        changed(s, ratios=tuple((1.5 if s.technique == "tanh" else 1 / 1.5) * r for r in s.ratios))
        for s in snapshot(2).speeds
    )
    told = {s.technique: s.verdict for s in compare(snapshot(1), snapshot(2, speeds=speeds)).speeds}
    assert told == {"tanh": "worse", "lstm": "not told apart", "gru": "not told apart"}


def test_speeds_of_unlike_machines_and_of_other_work_are_not_compared():
    changes = compare(snapshot(1), snapshot(2, sampled=OTHER_CPU, speeds=slowed(3)))
    assert (changes.speeds, changes.unlike) == ((), ("AMD EPYC 7B13 cpu", "Xeon cpu"))
    other = tuple(changed(s, work="w2") for s in slowed(3))
    assert compare(snapshot(1), snapshot(2, speeds=other)).speeds == ()


def test_speed_intervals_hold_together():
    """Twenty techniques at a time: in 5 of 100 comparisons may one interval miss, and a tenth is no regression."""
    rng = np.random.default_rng(11)
    missed = 0
    for _ in range(60):
        draws = 0.05 * rng.standard_normal((2, 20, 5))
        intervals = [rise_interval(a, b, 20) for a, b in zip(*draws, strict=True)]
        missed += any(not low <= 0 <= high for low, high in intervals)
    assert missed <= 6


def test_equal_code_that_computes_otherwise_has_drifted():
    new = snapshot(2, speeds=(speed("lstm", loss=0.26),), sampled=OTHER_TORCH)
    (drift,) = compare(snapshot(1), new).drifts
    assert (drift.technique, drift.before, drift.after) == ("lstm", 0.25, 0.26)
    assert drift.causes[0].kind == "libraries"
    rounding = snapshot(2, speeds=(speed("lstm", loss=0.250001), speed("gru", loss=0.9, technique_hash="gru-2")))
    assert compare(snapshot(1), rounding).drifts == ()


def test_values_that_differ_by_rounding_have_a_difference_without_a_spread():
    almost = np.array([3.0, 3.0 * (1 + 1e-15), 3.0])
    found = rise_interval(almost, almost[::-1].copy(), 20)
    assert found.low == found.high == pytest.approx(0, abs=1e-12)
