"""Finds the users' own files that a piece of work needs: no others are run in its process."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from bench.own_files import declared
from bench.protocol.preset import parse_technique
from bench.records.foreign_code import files_of
from bench.records.settings import Setting
from bench.records.source_hash import source_hash
from bench.registry import loaded, plugin_of
from bench.tasks import tasks


def needed(setting: Setting, plugins: Sequence[str]) -> tuple[str, ...]:
    """Select the plugin files that define the setting's technique or task."""
    homes = {plugin_of(parse_technique(setting.technique)[1]), plugin_of(tasks.get(setting.task))}
    return tuple(file for file in plugins if Path(file).resolve() in homes)


def by_need(settings: Iterable[Setting], plugins: Sequence[str]) -> dict[tuple[str, ...], list[Setting]]:
    """Settings grouped by the plugin files that they need."""
    groups: dict[tuple[str, ...], list[Setting]] = {}
    for setting in settings:
        groups.setdefault(needed(setting, plugins), []).append(setting)
    return groups


def packed(plugin: str) -> dict[str, bytes]:
    """All files of a plugin that was loaded, for another machine: its own code, and what its classes declare.

    By their paths from its folder.
    """
    module = loaded(plugin)
    folder = Path(plugin).resolve().parent
    files = list(files_of(module).values())
    for cls in vars(module).values():
        if isinstance(cls, type) and cls.__module__ == module.__name__:
            files += declared(cls).values()
    return {file.relative_to(folder).as_posix(): file.read_bytes() for file in files if file.is_relative_to(folder)}


def changed(setting: Setting) -> str:
    """A sentence without its full stop, if technique or task are not what the setting was planned with; or ''."""
    cls, task = parse_technique(setting.technique)[1], tasks.get(setting.task)
    for kind, name, found, planned in (
        ("technique", setting.technique, cls, setting.technique_hash),
        ("task", setting.task, task, setting.task_hash),
    ):
        if source_hash(found) != planned:
            home = plugin_of(found) or "its package"
            return f"The {kind} '{name}' has changed since the run began ({home} was edited); start the run again"
    return ""
