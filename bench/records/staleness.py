"""Tells which results the code of today would not reproduce, and why."""

from __future__ import annotations

import sys
from functools import cache
from importlib.metadata import entry_points

from bench.errors import BenchError
from bench.records.own_classes import Room, own_classes
from bench.records.source_hash import is_made, own_hash, source_hash
from bench.records.spec import Spec


@cache
def why_stale(technique: str, task: str, technique_hash: str, task_hash: str) -> str:
    """Return what has changed since a result with these hashes: technique, task or unknown; empty if nothing has.

    unknown: this technique or this task is not there any more (or is a plugin's that was not named). What was made
    from a file counts without it, as long as the code that it runs on is the same.
    """
    try:
        made = is_made(technique_hash)
        technique_now = technique_hash if made else hash_now("techniques", Spec.parse(technique).name)
        task_now = task_hash if is_made(task_hash) else hash_now("tasks", task)
    except (BenchError, ValueError):
        return "unknown"
    if technique_now != technique_hash:
        return "technique"
    return "" if task_now == task_hash else "task"


def hash_now(room: Room, name: str) -> str:
    """The hash of a class by name. This project's own are not imported for it: reading results does without PyTorch."""
    own = own_classes(room).get(name)
    return source_hash(_foreign_class(room, name)) if own is None else own_hash(own.module)


def _foreign_class(room: Room, name: str) -> type:
    """The class of a plugin that was loaded, or of a package. Raises BenchError where neither has it."""
    if f"bench.{room}" not in sys.modules and not entry_points(group=f"bptt_bench.{room}"):
        raise BenchError(f"'{name}' is not one of this project's {room}, and no plugin was loaded.")
    if room == "tasks":
        from bench.tasks import tasks

        return tasks.get(name)
    from bench.techniques import techniques

    return techniques.get(name)
