"""Results that were stored before a column was added are read as if they had it."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from bench.records.result import ADDED_LATER, MEMBERS, typed
from bench.testing.made_up import member, setting
from bench.tracking import layout, reading


def rows() -> pd.DataFrame:
    return typed([member(setting("tanh", 10), seed) for seed in (1, 2)], layout.STORED_MEMBERS)


def test_a_table_without_the_column_is_read(tmp_path: Path) -> None:
    rows().drop(columns=list(ADDED_LATER)).to_parquet(tmp_path / "old.parquet")
    rows().to_parquet(tmp_path / "new.parquet")
    old, new = (reading.table(tmp_path / name, layout.STORED_MEMBERS) for name in ("old.parquet", "new.parquet"))
    assert old.column_names == new.column_names
    assert old.to_pylist() == new.to_pylist()


def test_another_column_may_not_be_missing(tmp_path: Path) -> None:
    rows().drop(columns=["seed"]).to_parquet(tmp_path / "bad.parquet")
    with pytest.raises(ValueError, match="'seed' is missing"):
        reading.table(tmp_path / "bad.parquet", layout.STORED_MEMBERS)


def test_a_cohort_that_waited_in_an_outbox_is_typed_without_gaps() -> None:
    waited = rows().drop(columns=[*ADDED_LATER, "mlflow_run_id"])
    assert not typed(waited, MEMBERS)[list(ADDED_LATER)].isna().any(axis=None)
