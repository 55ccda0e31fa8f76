"""Reads what this project's own techniques and tasks say of themselves from their files, without importing them.

So a machine without PyTorch finds their code and their names.
"""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path
from typing import Literal, NamedTuple

import bench

PACKAGE = Path(bench.__file__).parent

Room = Literal["techniques", "tasks"]


class OwnClass(NamedTuple):
    """A technique or a task of this project."""

    module: str
    words: dict[str, str]
    """The attributes of its body that are text: name, title and the like."""


@cache
def own_classes(room: Room) -> dict[str, OwnClass]:
    """The classes of a room by their names on the command line."""
    found = {}
    for file in sorted((PACKAGE / room).glob("*.py")):
        for cls in ast.parse(file.read_bytes()).body:
            words = _words(cls) if isinstance(cls, ast.ClassDef) else {}
            if "name" in words:
                found[words["name"]] = OwnClass(f"bench.{room}.{file.stem}", words)
    return found


def own_word(room: Room, name: str, attribute: str) -> str:
    """An attribute of the class by this name that is text; empty if it is none of this project's, or has none."""
    return own_classes(room)[name].words.get(attribute, "") if name in own_classes(room) else ""


def _words(cls: ast.ClassDef) -> dict[str, str]:
    return {
        target.id: given.value.value
        for given in cls.body
        if isinstance(given, ast.Assign) and isinstance(given.value, ast.Constant)
        if isinstance(given.value.value, str)
        for target in given.targets
        if isinstance(target, ast.Name)
    }
