"""Runs a study's cohorts on this machine: processes, resume, failures, progress."""

from bench.execution.local import RunSummary, account, run_studies
from bench.execution.order import Budget
from bench.execution.plan import Plan, make_plan
from bench.execution.sampling import sample_speeds

__all__ = ["Budget", "Plan", "RunSummary", "account", "make_plan", "run_studies", "sample_speeds"]
