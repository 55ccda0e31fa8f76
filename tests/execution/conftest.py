"""Whole runs measure costs; how precisely is no matter here."""

import pytest


@pytest.fixture(scope="module", autouse=True)
def _few_timings(few_timings: None) -> None:
    """See `few_timings`."""
