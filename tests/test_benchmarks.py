"""Every part of every benchmark does what it says, in its smallest form."""

import ast
import json
import os
import re
import subprocess
import sys
from typing import Any

import all_benchmarks
import pytest
from all_benchmarks import BENCHMARKS, PARTS

ROWS = {
    "speed update": ["tanh", "gru", "lstm", "clip-norm"],
    "speed matrix": ["tanh adding lag 10", "clip-norm adding lag 10", "tanh temporal-order lag 10", "all"],
    "speed lag": ["tanh", "tanh", "tanh", "tanh"],
    "speed jobs": ["tanh"],
    "shares": ["tanh"],
    "overhead": ["tanh"],
    "calibration": ["typical"],
}
"""How rows of each part's table begin."""


@pytest.fixture(scope="module")
def done() -> dict[str, dict[str, Any]]:
    """What each part printed, and its error."""
    pytest.importorskip("jax", reason="JAX is not installed: python -m pip install 'bptt-bench[peers]'")
    pytest.importorskip("optax", reason="optax is not installed: python -m pip install 'bptt-bench[peers]'")
    command = [sys.executable, all_benchmarks.__file__]
    paths = {"PYTHONPATH": os.pathsep.join([*sys.path, str(BENCHMARKS)])}  # also of the servers that it forks from
    ran = subprocess.run(command, env=os.environ | paths, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout.splitlines()[-1])


@pytest.mark.parametrize("part", PARTS)
def test_every_part_prints_its_table(done: dict[str, dict[str, Any]], part: str) -> None:
    assert not done[part]["error"], done[part]["error"]
    lines = [line.strip() for line in done[part]["lines"]]
    for row in ROWS[part]:
        found = next((line for line in lines if line.startswith(row)), None)
        assert found, f"no row of {row}: {lines}"
        lines.remove(found)
        numbers = [float(number) for number in re.findall(r"-?\d+\.\d+", found)]
        assert numbers
        assert "nan" not in found
        assert "inf" not in found


def test_no_part_is_forgotten() -> None:
    """Every script is run, and every part of one that has parts."""
    scripts = {part.split()[0] for part in PARTS} | {"cluster"}
    assert scripts == {file.stem for file in BENCHMARKS.glob("*.py") if "__main__" in file.read_text(encoding="utf-8")}
    tree = ast.parse((BENCHMARKS / "speed.py").read_text(encoding="utf-8"))
    (parts,) = [n.value for n in ast.walk(tree) if isinstance(n, ast.AnnAssign) and ast.unparse(n.target) == "PARTS"]
    assert {f"speed {ast.unparse(key)}" for key in parts.keys} == {p for p in PARTS if p.startswith("speed ")}
