"""Finds the files for the report's form: templates, style sheets, script and references."""

from __future__ import annotations

from pathlib import Path


def templates_folder() -> Path:
    """The templates: inside the installed package, or at the top of a checkout."""
    here = Path(__file__).parent / "templates"
    return here if here.is_dir() else Path(__file__).parents[2] / "templates"
