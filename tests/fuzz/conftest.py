"""A folder to work in, of each test's own."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder; examples of one test share it."""
    monkeypatch.chdir(tmp_path)
    return tmp_path
