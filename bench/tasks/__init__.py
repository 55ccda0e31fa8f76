"""One file a task: how its sequences are drawn, its trivial level, and when it is solved."""

from bench.registry import Registry
from bench.tasks.base import Task
from bench.tasks.contract import CHECKS

# An abstract base is meant: the registry never makes an instance of it.
tasks: Registry[Task] = Registry("task", Task, "bench.tasks", "bptt_bench.tasks", CHECKS)  # type: ignore[type-abstract]

__all__ = ["Task", "tasks"]
