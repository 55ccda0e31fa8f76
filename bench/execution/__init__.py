"""Runs a study's cohorts on this machine: processes, resume, failures, progress."""

from bench.execution.local import RunSummary, run_studies
from bench.execution.plan import Plan, make_plan

__all__ = ["Plan", "RunSummary", "make_plan", "run_studies"]
