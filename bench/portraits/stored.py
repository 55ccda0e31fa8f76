"""The portraits of this project's own classes, which come with it.

`python tests/generated_documents.py` writes them.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from bench.portraits.model import TaskPortrait, TechniquePortrait
from bench.records.settings import Frozen

FILE = Path(__file__).with_name("portraits.json")


class Portraits(Frozen):
    """Portraits by name."""

    tasks: dict[str, TaskPortrait]
    techniques: dict[str, TechniquePortrait]


@cache
def stored() -> Portraits:
    """Read the portraits that come with the project."""
    return Portraits.model_validate_json(FILE.read_bytes())


def as_text(portraits: Portraits) -> str:
    """The text of the file: a portrait a line, so that a change shows where it is."""
    parts = [
        ",\n".join(f'"{name}":{portrait.model_dump_json()}' for name, portrait in sorted(group.items()))
        for group in (portraits.tasks, portraits.techniques)
    ]
    return f'{{"tasks":{{\n{parts[0]}\n}},"techniques":{{\n{parts[1]}\n}}}}\n'
