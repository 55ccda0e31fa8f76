"""Whole runs measure costs; how precisely is no matter here."""

import pytest


@pytest.fixture(scope="module", autouse=True)
def _few_timings(two_processes_time: None) -> None:
    """See `two_processes_time`."""
