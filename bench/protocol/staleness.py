"""Which results the code of today would not reproduce, and why."""

from __future__ import annotations

from functools import cache

from bench.errors import BenchError
from bench.protocol.preset import parse_technique
from bench.protocol.source_hash import source_hash
from bench.tasks import tasks


@cache
def why_stale(technique: str, task: str, technique_hash: str, task_hash: str) -> str:
    """What has changed since a result with these hashes: one word of technique, task, unknown; empty if nothing has.

    unknown: this technique or this task is not there any more (or is a plugin's that was not named).
    """
    try:
        technique_now = source_hash(parse_technique(technique)[1])
        task_now = source_hash(tasks.get(task))
    except BenchError:
        return "unknown"
    if technique_now != technique_hash:
        return "technique"
    return "" if task_now == task_hash else "task"
