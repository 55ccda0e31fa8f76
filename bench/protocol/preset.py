"""Presets: typed, validated files that say what to run; a user's selectors override them."""

from __future__ import annotations

import difflib
from importlib import resources
from pathlib import Path
from typing import Any

import yaml
from pydantic import Field, ValidationError, field_validator

from bench.errors import BenchError
from bench.protocol.settings import Frozen, Protocol, Setting
from bench.protocol.source_hash import source_hash
from bench.protocol.study import Skip, Study, TaskPlan
from bench.tasks import tasks
from bench.techniques import Technique, techniques
from bench.techniques.base import Situation

_FOLDER = resources.files("bench.protocol") / "presets"


class TaskPreset(Frozen):
    """A task's rising lags, and what of the protocol is its own."""

    lags: tuple[int, ...] = Field(min_length=1)
    protocol: dict[str, Any] = Field(default_factory=dict)

    @field_validator("lags")
    @classmethod
    def _rising(cls, lags: tuple[int, ...]) -> tuple[int, ...]:
        return tuple(sorted(set(lags)))


class Preset(Frozen):
    """What a preset file holds."""

    name: str
    title: dict[str, str]
    description: dict[str, str]
    techniques: tuple[str, ...] = Field(min_length=1)
    tasks: dict[str, TaskPreset] = Field(min_length=1)
    measured_seeds: int = Field(ge=1)
    protocol: Protocol


class Selectors(Frozen):
    """What a user chose on the command line; None leaves the preset's word."""

    techniques: tuple[str, ...] | None = None
    tasks: tuple[str, ...] | None = None
    lags: tuple[int, ...] | None = None
    seeds: int | None = None
    updates: int | None = None
    hidden_size: int | None = None
    batch_size: int | None = None
    learning_rates: tuple[float, ...] | None = None
    optimizer: str | None = None
    clip_norm: float | None = None
    initialisation: str | None = None


def preset_names() -> list[str]:
    """The presets that come with the package, smallest first."""
    found = {Path(entry.name).stem for entry in _FOLDER.iterdir() if entry.name.endswith(".yaml")}
    order = ["smoke", "quick", "standard", "full"]
    return sorted(found, key=lambda n: (order.index(n) if n in order else len(order), n))


def load_preset(name_or_path: str) -> Preset:
    """A preset by name, or from a YAML file; raises BenchError with the key that is wrong."""
    if name_or_path.endswith((".yaml", ".yml")) or "/" in name_or_path:
        source = Path(name_or_path)
        if not source.is_file():
            raise BenchError(f"Preset file {name_or_path} does not exist: --preset takes a name or a YAML file.")
        text, name = source.read_text(encoding="utf-8", errors="replace"), source.stem
    else:
        if name_or_path not in preset_names():
            near = difflib.get_close_matches(name_or_path, preset_names(), n=1, cutoff=0.4)
            hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(preset_names())}."
            raise BenchError(f"Unknown preset '{name_or_path}': {hint}")
        text, name = (_FOLDER / f"{name_or_path}.yaml").read_text(encoding="utf-8"), name_or_path
    return _parse(text, name, name_or_path)


def resolve(preset: Preset, selectors: Selectors | None = None) -> Study:
    """Apply the selectors and spell out every setting; raises BenchError for unknown names and impossible sizes."""
    chosen = selectors or Selectors()
    found = map(parse_technique, chosen.techniques or preset.techniques)
    parsed = {spec: (spec, cls, dials) for spec, cls, dials in found}.values()
    plans = tuple(_task_plan(preset, task, chosen) for task in dict.fromkeys(chosen.tasks or preset.tasks))
    seeds = preset.measured_seeds if chosen.seeds is None else chosen.seeds
    if seeds < 1:
        raise BenchError(f"--seeds {seeds} measures nothing: give 1 or more.")
    settings, skips = [], []
    for spec, cls, dials in parsed:
        for plan in plans:
            for lag in plan.lags:
                reason = _skip(cls, dials, plan, lag)
                if reason:
                    skips.append(Skip(technique=spec, task=plan.task, lag=lag, reason=reason))
                else:
                    settings.append(_setting(spec, cls, dials, plan, lag))
    return Study(
        preset=preset.name, title=preset.title, techniques=tuple(spec for spec, _, _ in parsed), tasks=plans,
        measured_seeds=seeds, settings=tuple(settings), skips=tuple(skips),
    )  # fmt: skip


def parse_technique(spec: str) -> tuple[str, type[Technique], dict[str, float]]:
    """'tbptt:window=20' → its canonical spelling, the class, and the value of every dial."""
    name, *words = spec.split(":")
    cls = techniques.get(name)
    dials = {key: dial.default for key, dial in cls.dials.items()}
    for word in words:
        key, sign, value = word.partition("=")
        if key not in dials:
            known = ", ".join(dials) or "none"
            raise BenchError(f"Technique '{name}' has no dial '{key}': its dials are {known}.")
        try:
            dials[key] = float(value)
        except ValueError:
            raise BenchError(f"Dial '{word}' of technique '{name}' needs a number, as {key}=1.") from None
        if not sign or not 0 < dials[key] < float("inf"):
            raise BenchError(f"Dial '{word}' of technique '{name}' must be a positive number.")
    moved = [f"{k}={v:g}" for k, v in dials.items() if v != cls.dials[k].default]
    return ":".join([name, *moved]), cls, dials


def _parse(text: str, name: str, where: str) -> Preset:
    try:
        data = yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f" at line {mark.line + 1}" if mark else ""
        raise BenchError(f"Preset {where} is not valid YAML{line}.") from None
    if not isinstance(data, dict):
        raise BenchError(f"Preset {where} must be a mapping with the keys {', '.join(Preset.model_fields)}.")
    try:
        return Preset.model_validate({"name": name, **data})
    except ValidationError as error:
        raise BenchError(f"Preset {where}: {_first_fault(error)}") from None


def _first_fault(error: ValidationError) -> str:
    """One sentence on the first of a validation's faults."""
    fault = error.errors()[0]
    place = ".".join(str(part) for part in fault["loc"]) or "the preset"
    if fault["type"] == "extra_forbidden":
        return f"unknown key '{place}'; remove it or correct its spelling."
    if fault["type"] == "missing":
        return f"the key '{place}' is missing."
    return f"'{place}' is {fault['input']!r}: {fault['msg'].lower()}."


def _task_plan(preset: Preset, name: str, chosen: Selectors) -> TaskPlan:
    task = tasks.get(name)()
    given = preset.tasks.get(name)
    lags = tuple(sorted(set(chosen.lags))) if chosen.lags else given.lags if given else None
    if lags is None:
        raise BenchError(f"Preset '{preset.name}' has no lags for task '{name}': add --lag.")
    for lag in lags:
        task.check_lag(lag)
    words = preset.protocol.model_dump() | (given.protocol if given else {})
    for key in (
        "updates",
        "hidden_size",
        "batch_size",
        "learning_rates",
        "optimizer",
        "clip_norm",
        "initialisation",
    ):
        value = getattr(chosen, key)
        if value is not None:
            words[key] = value
    words["evaluate_every"] = min(words["evaluate_every"], words["updates"]) or words["evaluate_every"]
    try:
        protocol = Protocol.model_validate(words)
    except ValidationError as error:
        raise BenchError(f"The protocol for task '{name}': {_first_fault(error)}") from None
    if any(not 0 < rate < float("inf") for rate in protocol.learning_rates):
        raise BenchError(
            f"Learning rates must be positive numbers, not {', '.join(f'{r:g}' for r in protocol.learning_rates)}."
        )
    if protocol.tunes and not protocol.tuning_seeds:
        raise BenchError("Several learning rates need at least one tuning seed: set 'tuning_seeds' in the preset.")
    if task.most_held_out is not None and protocol.held_out_size > task.most_held_out:
        raise BenchError(
            f"Task '{name}' has {task.most_held_out} held-out sequences, not {protocol.held_out_size}: "
            f"lower 'held_out_size' in the preset."
        )
    return TaskPlan(task=name, lags=lags, protocol=protocol)


def _skip(cls: type[Technique], dials: dict[str, float], plan: TaskPlan, lag: int) -> str | None:
    steps = tasks.get(plan.task)().steps(lag)
    situation = Situation(task=plan.task, lag=lag, steps=steps, hidden_size=plan.protocol.hidden_size, dials=dials)
    return cls.skip(situation)


def _setting(spec: str, cls: type[Technique], dials: dict[str, float], plan: TaskPlan, lag: int) -> Setting:
    return Setting(
        technique=spec, dials=dials, task=plan.task, lag=lag, protocol=plan.protocol,
        technique_hash=source_hash(cls), task_hash=source_hash(tasks.get(plan.task)),
    )  # fmt: skip
