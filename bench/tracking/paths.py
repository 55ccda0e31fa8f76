"""Gives the paths at which MLflow's interface shows things, which hold wherever it is served."""

from __future__ import annotations

from urllib.parse import quote, urlencode

MODE = urlencode({"workflowType": "machine_learning"})
"""Without it the interface may open on what it has for language models."""
EXPERIMENTS = f"#/experiments?{MODE}"
"""The list of experiments."""


def of_run(experiment: str, run: str, file: str = "") -> str:
    """Return where a run is shown or, if a file of it is named, that file."""
    files = f"/artifacts/{quote(file)}" if file else ""
    return f"#/experiments/{experiment}/runs/{run}{files}?{MODE}"


def of_runs(experiment: str, **query: str) -> str:
    """Return where an experiment's runs are listed."""
    asked = f"&{urlencode(query, quote_via=quote)}" if query else ""
    return f"#/experiments/{experiment}/runs?{MODE}{asked}"
