"""The protocol's fields have one source: what keeps, shows, times and documents them follows from the model."""

from __future__ import annotations

import json
import math
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

import bench
from bench.records.columns import Column
from bench.records.fields import as_columns, from_columns, protocol_columns, work
from bench.records.result import MEMBERS, typed
from bench.records.settings import Protocol

PROTOCOL = Protocol(
    hidden_size=8, batch_size=4, updates=60, evaluate_every=10, held_out_size=16, learning_rates=(0.1, 0.01),
    tuning_seeds=2,
)  # fmt: skip
TOLD = {"learning_rates": (0.1, 0.01), "tuning_seeds": 2}
"""The fields that no column holds."""


@pytest.mark.parametrize("changes", [{}, {"clip_norm": 1.5, "optimizer": "sgd", "recurrent_gain": 3.0}])
def test_a_protocol_comes_back_from_a_runs_row(changes: dict[str, object]) -> None:
    protocol = PROTOCOL.model_copy(update=changes)
    (row,) = typed([as_columns(protocol)], {c.name: c.kind for c in protocol_columns()}).to_dict("records")
    assert from_columns(row, **TOLD) == protocol
    assert row["budget"] == 60


def test_an_updates_time_depends_on_some_fields_alone() -> None:
    """These values name the work in stores that there are: they must not change."""
    assert work(PROTOCOL) == [8, 4, "adam", None]
    assert work(PROTOCOL.model_copy(update={"updates": 1})) == work(PROTOCOL)


@pytest.mark.parametrize(
    ("column", "value", "fault"),
    [
        (Column("a", "str", "", words=("x", "y")), "z", "holds 'z', not one of x, y"),
        (Column("a", "str", "", holds=dict), "[1]", "holds '[1]', not numbers as JSON"),
        (Column("a", "str", "", holds=list), '["1"]', "not numbers as JSON"),
        (Column("a", "str", "", holds=list), "[1", "not numbers as JSON"),
    ],
)
def test_a_column_knows_what_it_cannot_hold(column: Column, value: str, fault: str) -> None:
    (said,) = column.faults([value])
    assert fault in said


def test_a_column_takes_what_it_can_hold() -> None:
    assert not [*Column("a", "str", "", words=("x", "y")).faults(["x", "y", "x"])]
    assert not [*Column("a", "str", "", holds=dict).faults(['{"a": 1.5}', "{}"])]
    assert not [*Column("a", "float64", "").faults([math.nan])]


def test_a_row_that_lacks_a_later_column_has_its_value() -> None:
    later = {column.name: column.older for column in MEMBERS if column.older is not None}
    assert later
    blank = {"str": "", "int64": 0, "float64": 0.0, "bool": False}
    row = {name: blank[kind] for name, kind in MEMBERS.types.items() if name not in later}
    found = typed(pd.DataFrame([row]), MEMBERS)
    assert found[list(later)].iloc[0].to_dict() == later


# A further field

FIELD = """
    weight_decay: Annotated[float, Kept(timed=True)] = Field(
        default=0.0, ge=0, title="Weight decay", description="share of each weight that an update takes away"
    )
"""
ACTS = "    weight_decay: float = 0.0\n"
LOOK = """
import inspect, json, sys
sys.path.insert(0, "tests")
import generated_documents
from bench.cli import protocol_options
from bench.protocol.preset import Selectors, load_preset, resolve_arms
from bench.records.fields import as_columns, work
from bench.records.result import MEMBERS, typed
from bench.records.settings import Protocol
from bench.report.protocols import entries
from bench.tracking.layout import params
from bench.training.cohort import build

studies = resolve_arms(load_preset("smoke"), Selectors(protocol=protocol_options.chosen({"weight_decay": "0.1"})), None)
plain = resolve_arms(load_preset("smoke"), Selectors(), None)
study, setting = studies[0], studies[0].settings[0]
row = {name: {"str": "", "int64": 0, "float64": 0.5, "bool": False}[kind] for name, kind in MEMBERS.types.items()}
old = typed([{k: v for k, v in row.items() if k != "weight_decay"}], MEMBERS)
print(json.dumps({
    "option": "weight_decay" in protocol_options.options(),
    "blueprint": build(setting, study.measured_cohort(setting, 0.1).members).blueprint.weight_decay,
    "column": as_columns(setting.protocol)["weight_decay"],
    "older": float(old["weight_decay"].iloc[0]),
    "parameter": {p.key: p.value for p in params(row)}["weight_decay"],
    "ledger": "Weight decay" in [entry.title for entry in entries()],
    "document": "| `weight_decay` | `--weight-decay X` | `weight_decay` |" in generated_documents.fields(),
    "time": [work(setting.protocol)[4:], work(plain[0].settings[0].protocol)[4:]],
    "hash": plain[0].settings[0].protocol.hash,
}))
"""


def test_a_further_field_is_written_down_once_and_where_it_acts(tmp_path: Path) -> None:
    """Weight decay, added to a copy of the program: nothing but the model and the engine's blueprint is edited."""
    source = Path(bench.__file__).parent
    shutil.copytree(source, tmp_path / "bench", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(Path(__file__).parents[1], tmp_path / "tests", ignore=shutil.ignore_patterns("__pycache__", "*_*/"))
    model, acting = (tmp_path / "bench" / name for name in ("records/settings.py", "engine/blueprint.py"))
    text = model.read_text(encoding="utf-8")
    behind = "\n    @property\n    def tunes"
    model.write_text(text.replace(behind, FIELD + behind), encoding="utf-8")
    acting.write_text(acting.read_text(encoding="utf-8") + ACTS, encoding="utf-8")
    where = {**os.environ, "PYTHONPATH": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", LOOK], cwd=tmp_path, env=where, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found.pop("hash") == _plain_hash(), "results that are stored keep their protocol's hash"
    assert found == {
        "option": True, "blueprint": 0.1, "column": 0.1, "older": 0.0, "parameter": "0.5", "ledger": True,
        "document": True, "time": [[{"weight_decay": 0.1}], []],
    }  # fmt: skip


def _plain_hash() -> str:
    from bench.protocol.preset import Selectors, load_preset, resolve_arms

    return resolve_arms(load_preset("smoke"), Selectors(), None)[0].settings[0].protocol.hash
