"""How old a result is, though clocks were wrong."""

from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest

from bench.evidence.retention import unneeded
from bench.testing.made_up import RULES, SmallStore, member, setting, study

NOW = datetime(2026, 6, 1, tzinfo=UTC)
MONTH_AGO = NOW - timedelta(days=30)
OLD, YOUNG, AHEAD, BEHIND = "2026-01-01", "2026-05-30", "2031-01-01", "2006-01-01"


@pytest.mark.parametrize(
    ("started", "gone"),
    [
        ([OLD, YOUNG], [0]),
        ([AHEAD, OLD, YOUNG], [0, 1]),  # what came into the store before an old one is no younger
        ([OLD, AHEAD, YOUNG], [0]),
        ([OLD, AHEAD], [0]),
        ([YOUNG, BEHIND], []),  # nor is older what came after a young one
        ([OLD, BEHIND, YOUNG], [0, 1]),
    ],
)
def test_what_a_wrong_clock_dated_is_as_old_as_its_neighbours(started, gone):
    shown = setting("tanh", 10)
    superseded = [
        setting("tanh", 10, rules=RULES.model_copy(update={"hidden_size": 20 + n})) for n in range(len(started))
    ]
    rows = [member(of, 1, started=f"{when}T00:00:00+00:00") for of, when in zip(superseded, started, strict=True)]
    store = SmallStore([*rows, member(shown, 1, started=NOW.isoformat())], [study(shown)])
    found = unneeded(store, MONTH_AGO, NOW).cohorts
    assert found["cohort"].tolist() == [rows[n]["cohort"] for n in gone]
    assert pd.api.types.is_string_dtype(found["started"]), "as it was written"
