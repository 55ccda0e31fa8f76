"""A run that is cut off wherever it may be goes on, in the end, to the results of one that was not."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import cutting
import pytest
from alike import assert_alike

from bench.tracking import Store

CUTS = 24
SEED = 20260
PRESET = """
title: {en: Cut off, zh: 中断}
description: {en: Cut off., zh: 中断。}
techniques: [tanh]
tasks: {adding: {lags: [2]}, copy: {lags: [1]}}
measured_seeds: 2
protocol:
  {hidden_size: 4, batch_size: 4, updates: 8, evaluate_every: 4, held_out_size: 8,
   learning_rates: [0.03, 0.01], tuning_seeds: 1}
"""


@pytest.fixture(scope="module")
def cut(tmp_path_factory: pytest.TempPathFactory, empty_database: Path) -> tuple[Path, dict[str, list]]:
    """A folder of stores, and for each the starts that it took: how each was cut off, and ended."""
    folder = tmp_path_factory.mktemp("cut")
    shutil.copyfile(empty_database, folder / "mlflow.db")
    (folder / "preset.yaml").write_text(PRESET, encoding="utf-8")
    command = [sys.executable, cutting.__file__, folder, folder / "preset.yaml", str(CUTS), str(SEED)]
    paths = os.pathsep.join(sys.path)
    done = subprocess.run(command, env=os.environ | {"PYTHONPATH": paths}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    starts = defaultdict(list)
    for store, how, status in map(json.loads, done.stdout.splitlines()):
        starts[store].append((how, status))
    return folder, starts


def test_runs_are_cut_off_at_many_points(cut):
    _, starts = cut
    assert starts["store-0"] == [("", 0)]
    cuts = [end for store in starts.values() for end in store if end[1]]
    assert len(cuts) >= CUTS
    assert {status for _, status in cuts} <= {-signal.SIGKILL, 128 + signal.SIGTERM, 128 + signal.SIGINT}
    assert len({how for how, _ in cuts if "write" in how}) >= CUTS / 4


def test_what_was_cut_off_ends_as_if_it_had_not_been(cut):
    folder, starts = cut
    undisturbed = Store.open(str(folder / "store-0"))
    for name in starts:
        assert_alike(Store.open(str(folder / name)), undisturbed)
