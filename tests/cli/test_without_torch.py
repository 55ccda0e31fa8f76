"""What is stored can be judged and reported where no library that trains can be imported."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from made_up.cohorts import result

import bench
from bench.history.record import record
from bench.protocol.preset import Selectors, load_preset, resolve
from bench.tracking import Store

ROOT = Path(bench.__file__).parents[1]
BLOCK = """
import sys


class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("torch", "pytorch_lightning", "lightning"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


sys.meta_path.insert(0, Absent())
"""
"""Read by every Python that starts with its folder on the path, so by processes that draw figures, too."""
EACH = """
import sys
from bench.cli import main
from bench.evidence import verdicts

few = verdicts.source_claims()[:3]  # all their figures would take ten seconds
verdicts.source_claims = lambda: few
for line in sys.argv[1:]:
    status = main(line.split())
    print(f"{line}: {status}", flush=True)
"""


@pytest.fixture
def trained(store: Store) -> Store:
    """A store with the runs of two techniques, and a snapshot."""
    chosen = Selectors(techniques=("tanh", "lstm"), tasks=("adding",), learning_rates=(0.01,), seeds=6)
    study = resolve(load_preset("smoke"), chosen)
    store.write_studies([study])
    for setting in study.settings:
        store.write_cohort(result(study.measured_cohort(setting, 0.01)))
    record(store, lambda: None)
    return store


def test_judging_needs_no_library_that_trains(trained: Store, tmp_path: Path) -> None:
    (tmp_path / "absent").mkdir()
    (tmp_path / "absent" / "sitecustomize.py").write_text(BLOCK)
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(tmp_path / "absent"), str(ROOT)])}
    where = f"--store {trained.uri}"
    lines = [
        f"verdicts {where}",
        f"history {where}",
        f"compare latest latest {where}",
        f"snapshot latest {where}",
        f"export --format csv {where}",
        f"report {where} --output {tmp_path}/report --language en",
        "list claims",
        "show S06",
    ]
    done = subprocess.run(
        [sys.executable, "-c", EACH, *lines], env=environment, cwd=tmp_path, capture_output=True, text=True, check=False
    )
    said = [line for line in done.stdout.splitlines() if line.rpartition(": ")[0] in lines]
    assert said == [f"{line}: 0" for line in lines], done.stderr
    assert {"report.en.html", "report.en.pdf"} <= {file.name for file in (tmp_path / "report").iterdir()}
    absent = subprocess.run([sys.executable, "-c", "import torch"], env=environment, capture_output=True, text=True)
    assert "No module named 'torch'" in absent.stderr, "else this test says nothing"
