"""Runs a study's cohorts, in processes here or on a cluster: resume, failures, progress.

Names are imported when they are asked for: a cluster's workers need none of them, and none of their libraries.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bench.execution.order import Budget
    from bench.execution.plan import Plan, make_plan
    from bench.execution.run import RunSummary, account, run_studies
    from bench.execution.sampling import sample_speeds
    from bench.execution.workforce import hiring

__all__ = ["Budget", "Plan", "RunSummary", "account", "hiring", "make_plan", "run_studies", "sample_speeds"]

_HOMES = {
    "run": ("RunSummary", "account", "run_studies"),
    "order": ("Budget",),
    "plan": ("Plan", "make_plan"),
    "sampling": ("sample_speeds",),
    "workforce": ("hiring",),
}


def __getattr__(name: str) -> Any:
    home = next((module for module, names in _HOMES.items() if name in names), None)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{home}"), name)
