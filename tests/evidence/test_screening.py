"""What becomes of seeds that were spared because those that screen had not solved."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from bench.evidence.claims import Part
from bench.evidence.contrasts import Results
from bench.evidence.contrasts.contrast import Spared, compared, estimate
from bench.evidence.estimates import summarise
from bench.evidence.horizons import further, horizons
from bench.evidence.ledgers import gaps
from bench.evidence.measuring.runs import score, screened, solved
from bench.evidence.scope import scopes, select
from bench.evidence.statistics import BoundedMean, Screened, rate_p
from bench.evidence.verdicts import judge
from bench.testing.made_up import RULES, SmallStore, member, setting, study

SCREENING, SEEDS = 4, 12
SCREENED = RULES.model_copy(update={"screening_seeds": SCREENING})


def made(cells: dict[tuple[str, str, int], list[bool]], rules=SCREENED, **words) -> SmallStore:
    """A store in which so many seeds of each setting were trained, of SEEDS that were planned."""
    settings = {key: setting(key[0], key[2], key[1], rules=rules) for key in cells}
    rows = [
        member(settings[key], seed, "solved" if hit else "unsolved", 50 if hit else 100)
        for key, hits in cells.items()
        for seed, hit in enumerate(hits, start=1)
    ]
    return SmallStore(rows, [study(*settings.values(), seeds=SEEDS, **words)])


NONE, ALL = [False] * SCREENING, [True] * SEEDS
STORE = made(
    {
        ("tanh", "adding", 10): ALL,
        ("tanh", "adding", 20): NONE,
        ("tanh", "adding", 40): [],
        ("gru", "adding", 10): ALL,
        ("gru", "adding", 20): ALL,
        ("gru", "adding", 40): [True] * 6 + [False] * 6,
    }
)


def part(kind: str = "solved", direction: str = "lower", **changes) -> Part:
    words = {"id": "p", "label": "p", "kind": kind, "techniques": ["tanh"], "references": ["gru"]}
    return Part(**words | {"direction": direction} | changes)


def test_spared_seeds_count_as_not_solved_and_are_marked() -> None:
    scope = select(STORE)
    for measure, full in ((solved, 1.0), (score, 0.5)):
        table = measure(scope, "tanh").set_index(["lag", "seed"]).sort_index()
        assert len(table) == 3 * SEEDS
        assert (table.loc[10, "value"] == full).all()
        assert (table.loc[20, "value"] == 0).all()
        assert list(table.loc[20, "run"] == "") == [False] * SCREENING + [True] * (SEEDS - SCREENING)
        assert (table.loc[40, ["value", "run"]] == [0, ""]).all().all()
    assert screened(scope, "tanh") == {("adding", 20): SCREENING, ("adding", 40): SCREENING}
    assert screened(scope, "gru") == {}


def test_a_setting_that_is_not_through_screening_has_no_spared_seeds() -> None:
    for hits in ([False] * (SCREENING - 1), [False, True, False, False], [False] * SEEDS):
        scope = select(made({("tanh", "adding", 10): hits}))
        assert len(solved(scope, "tanh")) == len(hits)
        assert not scope.stops
    off = select(made({("tanh", "adding", 10): NONE}, rules=RULES))
    assert len(solved(off, "tanh")) == SCREENING


def test_a_seed_that_could_not_be_tuned_has_screened() -> None:
    own = SCREENED.model_copy(update={"tuning": "own"})
    store = made({("tanh", "adding", 10): NONE}, rules=own)
    lost = store.rows.pop(1)
    assert not select(store).stops
    (of,) = store.studies_[0].settings
    store.rows += [
        member(
            of, 1_000_000 + seed, "failed" if seed == lost["seed"] else "unsolved", role="tuning", learning_rate=rate
        )
        for seed in range(1, SCREENING + 1)
        for rate in of.learning_rates
    ]
    (stop,) = select(store).stops.values()
    assert stop.spared == (lost["seed"], *range(SCREENING + 1, SEEDS + 1))


def test_the_table_says_how_many_were_trained() -> None:
    cells = summarise(select(STORE)).set_index(["technique", "lag"])
    assert list(cells.loc[("tanh", 20), ["state", "solved", "runs", "stopped_after"]]) == ["measured", 0, 4, 4]
    assert set(cells.stopped_after.drop(("tanh", 20))) == {0}
    table = gaps(cells.reset_index()).set_index("state")
    assert list(table.loc["stopped", ["technique", "stopped_after", "lags"]]) == ["tanh", SCREENING, (20,)]
    assert table.loc["ladder", "lags"] == (40,)


def test_pairs_keep_all_seeds_and_what_was_spared_is_uncertain() -> None:
    sample = estimate(part(), Results(scopes(STORE))).sample
    assert list(sample.values) == pytest.approx([-2 / 3] * 6 + [-1 / 3] * 6)
    assert sample.spared == Spared(own=2 / 3, twin=0.0, screening=SCREENING)
    found, seen = sample.inference, BoundedMean(sample.values, (-1, 1))
    assert isinstance(found, Screened)
    assert found.below(0) > seen.below(0)
    assert found.above(0) == seen.above(0)
    mirrored = estimate(part(techniques=["gru"], references=["tanh"]), Results(scopes(STORE))).sample
    assert mirrored.spared == Spared(own=0.0, twin=2 / 3, screening=SCREENING)


def test_what_a_full_ladder_spared_is_as_certain_as_ever() -> None:
    cells = {("tanh", "adding", 20): [False] * SEEDS, ("tanh", "adding", 40): [], ("gru", "adding", 20): ALL,
             ("gru", "adding", 40): ALL}  # fmt: skip
    sample = estimate(part(), Results(scopes(made(cells)))).sample
    assert sample.spared is None
    assert isinstance(sample.inference, BoundedMean)


def test_leaving_out_what_did_not_run_leaves_the_seeds_that_screened() -> None:
    found = compared(part("score"), Results(scopes(STORE)), only_run=True)
    assert found.sample().spared is None
    assert len(found.where({("adding", 10), ("adding", 20)}).sample().values) == SCREENING


def test_a_dial_may_have_lost_its_best_value() -> None:
    cells = {(f"tbptt:window={w}", "adding", 10): hits for w, hits in ((5, NONE), (20, ALL))}
    asked = part("score", techniques=["tbptt:window=*"], references=[], choice=True, direction="higher")
    sample = estimate(asked, Results(scopes(made(cells)))).sample
    assert sample.spared == Spared(1.0, 1.0, SCREENING)


def test_a_gradient_is_not_seen_where_nothing_ran() -> None:
    scope = select(STORE)
    assert len(scope.rows("runs", "tanh")) == SEEDS + SCREENING


@pytest.mark.parametrize("hits", [NONE, [False] * SCREENING + [True] * 3])
def test_neither_of_two_that_were_given_up_shows_that_they_are_equal(hits: list[bool]) -> None:
    """One gave up everywhere; the other did, too, or solved now and then: nothing is equal, and nothing different."""
    names = ("tanh", "clip-norm", "lstm")
    other = hits if len(hits) == SCREENING else hits + [False] * (SEEDS - len(hits))
    cells = {(name, task, 10): {"tanh": NONE, "clip-norm": other, "lstm": ALL}[name] for name in names
             for task in ("adding", "copy")}  # fmt: skip
    store = made(cells)
    asked = part("score", "equal", techniques=["clip-norm"], references=["tanh"])
    (verdict,) = [v for v in judge(store) if v.claim == "S16"]
    assert verdict.verdict in ("undecided", "cannot tell")
    if other is not hits:
        found = estimate(asked, Results(scopes(store)))
        assert found.telling is not None
        assert found.telling.inference.within(0.1) > 0.5


def test_further_than_a_baseline_that_was_given_up() -> None:
    scope = select(STORE)
    table = further(scope, horizons(summarise(scope))).set_index(["technique", "lag"])
    assert table["after"]["gru", 20] == SCREENING
    # all alike at 10 cannot be told apart; the other two are corrected for each other
    p = [rate_p(12, SEEDS, SCREENING), rate_p(6, SEEDS, SCREENING)]
    assert table["p"]["gru", 20] == pytest.approx(2 * p[0])
    assert table["p"]["gru", 40] == pytest.approx(min(1.0, max(2 * p[0], p[1])))
    assert p[0] > 2 / 2**12  # what McNemar's test would say of twelve seeds that had been seen to fail


def test_old_results_are_not_screened() -> None:
    """The column is new: rows without it follow a protocol that does not screen."""
    assert "screening_seeds" not in RULES.counted()
    assert SCREENED.hash != RULES.hash
    table = pd.DataFrame(STORE.members())
    assert set(table.screening_seeds) == {SCREENING}
    assert np.issubdtype(table.screening_seeds.dtype, np.int64)
