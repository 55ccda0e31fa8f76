"""Gives the processes that help to write a report what it needs of users' own files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from bench.collector import collect_seldom
from bench.evidence.claims import add_claims
from bench.evidence.estimands import estimands
from bench.registry import run_plugin
from bench.report.sections import sections


def get_ready(plugins: Sequence[Path], claims: Sequence[Path]) -> None:
    """Make a fresh process ready to help: it knows the estimands and sections of plugins, and the claims of files."""
    collect_seldom()
    for file in plugins:
        module = run_plugin(file)
        estimands.add(module)
        sections.add(module)
    for file in claims:
        add_claims(file)
