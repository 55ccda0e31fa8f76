"""One file a task: how its sequences are drawn, its trivial level, and when it is solved."""

from bench.registry import Registry
from bench.tasks.base import Task

tasks: Registry[Task] = Registry("task", Task, "bench.tasks", "bptt_bench.tasks")

__all__ = ["Task", "tasks"]
