"""Records where a result came from: code, libraries, machine."""

from __future__ import annotations

import platform
import subprocess
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import bench


@cache
def provenance() -> dict[str, Any]:
    """Return the provenance columns of a member, except for `accelerator`, `threads` and `started`."""
    commit, dirty = _commit(Path(bench.__file__).parent)
    return {
        "commit": commit,
        "dirty": dirty,
        "bench": bench.__version__,
        "python": platform.python_version(),
        "torch": version("torch"),
        "lightning": version("pytorch-lightning"),
        "mlflow": version("mlflow"),
        "platform": platform.platform(terse=True),
        "cpu": _processor(),
    }


def _commit(folder: Path) -> tuple[str, bool]:
    """The commit of this project's checkout around `folder` and whether files differ from it; else 'unknown'."""
    top = _git(folder, "rev-parse", "--show-toplevel")
    project = Path(top, "pyproject.toml") if top else None
    if project is None or not project.is_file() or 'name = "bptt-bench"' not in project.read_text():
        return "unknown", False
    commit = _git(folder, "rev-parse", "HEAD")
    return commit or "unknown", bool(_git(Path(top), "status", "--porcelain", "--", "bench"))


def _git(folder: Path, *words: str) -> str:
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), "-c", "core.fsmonitor=false", *words],  # else a program that the checkout names
            capture_output=True,
            text=True,
            timeout=10,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.machine())
