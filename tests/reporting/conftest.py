"""One report of one made-up store, rendered once."""

from __future__ import annotations

from pathlib import Path

import pytest
from fake_store import FakeStore, make_store

from bench.reporting import write_report


@pytest.fixture(scope="session")
def store() -> FakeStore:
    """A small whole study with everything that can happen in one."""
    return make_store(
        seeds=3,
        tasks=("adding", "temporal-order"),
        techniques=("tanh", "relu", "lstm", "clip-value", "tbptt"),
    )


@pytest.fixture(scope="session")
def rendered(store: FakeStore, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with the four files."""
    folder = tmp_path_factory.mktemp("report")
    write_report(store, folder)
    return folder
