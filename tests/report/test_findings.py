"""Evidence's tables end at the findings: sections and figures get typed rows and ask by methods."""

from __future__ import annotations

import ast
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import bench
from bench.records.cell import Cell, SettingKey
from bench.report.rows import Horizon, LearningCurve, grouped, rows_of

BENCH = Path(bench.__file__).parent
MOST = 10
"""Strings that name a field, in a thousand lines."""


def named_fields(tree: ast.AST) -> int:
    """Count how often something is looked up by a string that is written out: row["lag"]."""
    found = [node.slice for node in ast.walk(tree) if isinstance(node, ast.Subscript)]
    return sum(isinstance(place, ast.Constant) and isinstance(place.value, str) for place in found)


def test_fields_are_named_by_attributes_not_by_strings() -> None:
    files = [file for room in ("evidence", "report") for file in (BENCH / room).rglob("*.py")]
    lines = sum(len(file.read_text(encoding="utf-8").splitlines()) for file in files)
    count = sum(named_fields(ast.parse(file.read_bytes())) for file in files)
    assert named_fields(ast.parse('row["a"] + x[1] + y.b')) == 1
    assert 1000 * count / lines < MOST


@pytest.mark.parametrize("folder", ["sections", "draw"])
def test_no_table_goes_beyond_the_findings(folder: str) -> None:
    for file in (BENCH / "report" / folder).glob("*.py"):
        imported = {
            alias.name
            for node in ast.walk(ast.parse(file.read_bytes()))
            if isinstance(node, ast.Import)
            for alias in node.names
        }
        assert "pandas" not in imported, file.name


def test_rows_have_the_types_of_python() -> None:
    table = pd.DataFrame(
        {"technique": ["tanh"], "task": ["adding"], "horizon": [np.nan], "low": [np.nan], "high": [np.nan],
         "shortest": np.array([20]), "open": [True],
         "another": [0]}
    )  # fmt: skip
    (row,) = rows_of(table, Horizon)
    assert (row.technique, row.task, row.shortest, row.open) == ("tanh", "adding", 20, True)
    assert type(row.shortest) is int
    assert not row.known
    assert rows_of(table[:0], Horizon) == []
    with pytest.raises(KeyError):
        rows_of(table.drop(columns="open"), Horizon)


def test_a_key_knows_its_cell() -> None:
    key = SettingKey("tanh", "adding", 20)
    assert key.cell == Cell("adding", 20) == ("adding", 20)


@pytest.mark.parametrize(("medians", "last"), [([1.0, 0.5], 0.5), ([1.0, math.nan], 1.0)])
def test_a_curve_ends_at_its_last_finite_median(medians: list[float], last: float) -> None:
    points = [(update, median, 0.0, 2.0) for update, median in enumerate(medians)]
    assert LearningCurve.of(SettingKey("tanh", "adding", 20), points).last == last
    assert math.isnan(LearningCurve.of(SettingKey("tanh", "adding", 20), [(0, math.nan, 0.0, 1.0)]).last)


def test_groups_keep_the_order_of_what_comes() -> None:
    assert list(grouped([3, 1, 4, 1, 5], lambda number: number % 2).items()) == [(1, [3, 1, 1, 5]), (0, [4])]
