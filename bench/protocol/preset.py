"""Presets: typed, validated files that say what to run; a user's selectors override them."""

from __future__ import annotations

import difflib
import reprlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml
from pydantic import Field, ValidationError, field_validator, model_validator

from bench import plain_yaml
from bench.errors import BenchError
from bench.records import matrices
from bench.records.settings import MOST_SEEDS, MOST_STEPS, Frozen, Protocol, Setting
from bench.records.source_hash import source_hash
from bench.records.study import MAIN, Skip, Study, TaskPlan
from bench.tasks import tasks
from bench.tasks.installed import NeedsPackages
from bench.techniques import Technique, techniques
from bench.techniques.base import Situation

MOST_BYTES = 100_000
MOST_MEMBERS = 1_000_000
"""Most members that a study may have, since it has to fit into memory."""

_SHORT = reprlib.Repr()
_SHORT.maxstring = _SHORT.maxother = 80


class TaskPreset(Frozen):
    """A task's rising lags, and what of the protocol is its own."""

    lags: tuple[int, ...] = ()
    """Lags of the task; in an arm, None means the main matrix's."""
    protocol: dict[str, Any] = Field(default_factory=dict)

    @field_validator("lags")
    @classmethod
    def _rising(cls, lags: tuple[int, ...]) -> tuple[int, ...]:
        return tuple(sorted(set(lags)))


class Arm(Frozen):
    """A further matrix with words of the protocol of its own, kept apart from the main one."""

    title: dict[str, str]
    """The preset's purpose, by language."""
    techniques: tuple[str, ...] = ()
    """None means the main matrix's."""
    tasks: dict[str, TaskPreset] = Field(min_length=1)
    measured_seeds: int | None = Field(default=None, ge=1, le=MOST_SEEDS)
    protocol: dict[str, Any] = Field(default_factory=dict)


class Preset(Frozen):
    """The contents of a preset file."""

    name: str
    title: dict[str, str]
    description: dict[str, str]
    techniques: tuple[str, ...] = Field(min_length=1)
    tasks: dict[str, TaskPreset] = Field(min_length=1)
    measured_seeds: int = Field(ge=1, le=MOST_SEEDS)
    first_seed: int = Field(default=1, ge=1, le=MOST_SEEDS)
    """The first of the measured seeds, in every arm."""
    protocol: Protocol
    arms: dict[str, Arm] = Field(default_factory=dict)

    @field_validator("tasks")
    @classmethod
    def _with_lags(cls, tasks: dict[str, TaskPreset]) -> dict[str, TaskPreset]:
        for name, task in tasks.items():
            if not task.lags:
                raise ValueError(f"task {name} needs lags")
        return tasks

    def arm(self, name: str) -> Arm:
        """An arm with everything that it takes from the main matrix, which MAIN is itself; the protocol apart.

        Raises BenchError if there is no such arm.
        """
        if name == MAIN:
            lags = {task: TaskPreset(lags=words.lags) for task, words in self.tasks.items()}
            return Arm(title={}, techniques=self.techniques, tasks=lags, measured_seeds=self.measured_seeds)
        if name not in self.arms:
            known = ", ".join([MAIN, *self.arms])
            raise BenchError(f"Preset '{self.name}' has no arm '{name}': its arms are {known}.")
        arm = self.arms[name]
        own = {
            "techniques": arm.techniques or self.techniques,
            "measured_seeds": arm.measured_seeds or self.measured_seeds,
            "tasks": {
                task: TaskPreset(lags=words.lags or self._lags(task), protocol=words.protocol)
                for task, words in arm.tasks.items()
            },
        }
        return arm.model_copy(update=own)

    def _lags(self, task: str) -> tuple[int, ...]:
        return self.tasks[task].lags if task in self.tasks else ()


class Selectors(Frozen):
    """A user's choices, which override a preset; None leaves the preset's own.

    Every field of `Protocol` may be given beside these by its name, and is gathered in `protocol`.
    """

    techniques: tuple[str, ...] | None = None
    tasks: tuple[str, ...] | None = None
    lags: tuple[int, ...] | None = None
    seeds: int | None = None
    first_seed: int | None = None
    protocol: dict[str, Any] = Field(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def _gathered(cls, given: dict[str, Any]) -> dict[str, Any]:
        own = {name: value for name, value in given.items() if name in Protocol.model_fields}
        words = {name: value for name, value in own.items() if value is not None}
        others = {name: value for name, value in given.items() if name not in own}
        return others | {"protocol": given.get("protocol", {}) | words}

    @property
    def choose_matrix(self) -> bool:
        """Return True if selectors name settings, which makes a matrix of its own."""
        return bool(self.techniques or self.tasks or self.lags)


def preset_names() -> list[str]:
    """The presets that come with the package, smallest first."""
    return matrices.preset_names()


def load_preset(name_or_path: str) -> Preset:
    """A preset by name, or from a YAML file; raises BenchError with the key that is wrong."""
    if name_or_path.endswith((".yaml", ".yml")) or "/" in name_or_path:
        text, name = _read(Path(name_or_path)), Path(name_or_path).stem
    else:
        text, name = preset_text(name_or_path), name_or_path
    return _parse(text, name, name_or_path)


def preset_text(name: str) -> str:
    """A preset that comes with the package as YAML, its name included; raises BenchError if there is none."""
    if name not in preset_names():
        near = difflib.get_close_matches(name, preset_names(), n=1, cutoff=0.6)
        hint = f"did you mean {near[0]}?" if near else f"choose from {', '.join(preset_names())}."
        raise BenchError(f"Unknown preset '{name}': {hint}")
    return f"name: {name}\n{(matrices.FOLDER / f'{name}.yaml').read_text(encoding='utf-8')}"


def _read(source: Path) -> str:
    try:
        if not source.is_file():
            wrong = "is not a file" if source.exists() else "does not exist"
            raise BenchError(f"Preset file {source} {wrong}: --preset takes a name or a YAML file.")
        if source.stat().st_size > MOST_BYTES:
            raise BenchError(f"Preset file {source} has more than {MOST_BYTES} bytes: it is not a preset.")
        return source.read_text(encoding="utf-8", errors="replace")
    except (OSError, ValueError) as error:  # no permission, too long a name, a null byte in it
        raise BenchError(f"Preset file {source} cannot be read: {getattr(error, 'strerror', error)}.") from None


def resolve_arms(preset: Preset, selectors: Selectors | None = None, arms: Sequence[str] | None = None) -> list[Study]:
    """A study an arm. Without a word on arms: all of them, or the main one alone where selectors choose a matrix."""
    chosen = selectors or Selectors()
    if arms is None:
        arms = [MAIN] if chosen.choose_matrix else [MAIN, *preset.arms]
    return [resolve(preset, chosen, arm) for arm in dict.fromkeys(arms)]


def resolve(preset: Preset, selectors: Selectors | None = None, arm: str = MAIN) -> Study:
    """Apply the selectors to an arm and spell out every setting.

    What an arm says of the protocol stands, for that is what makes it one. Raises BenchError for unknown names and
    impossible sizes.
    """
    chosen, matrix = selectors or Selectors(), preset.arm(arm)
    found = map(parse_technique, chosen.techniques or matrix.techniques)
    parsed = {spec: (spec, cls, dials) for spec, cls, dials in found}.values()
    names = dict.fromkeys(chosen.tasks or matrix.tasks)
    plans = tuple(_task_plan(preset, matrix, task, chosen) for task in names)
    seeds = matrix.measured_seeds if chosen.seeds is None else chosen.seeds
    if seeds is None or seeds < 1:
        raise BenchError(f"--seeds {seeds} would measure nothing: give 1 or more.")
    asked = len(parsed) * sum(len(p.lags) * _members(p.protocol, seeds) for p in plans)
    if seeds > MOST_SEEDS or asked > MOST_MEMBERS:
        raise BenchError(
            f"This would take {asked} runs with {seeds} seeds: use at most {MOST_MEMBERS} runs and {MOST_SEEDS} seeds."
        )
    first = preset.first_seed if chosen.first_seed is None else chosen.first_seed
    if not 1 <= first <= MOST_SEEDS - seeds + 1:
        raise BenchError(f"--first-seed {first} with {seeds} seeds: measured seeds are 1 to {MOST_SEEDS}.")
    settings, skips = [], []
    for spec, cls, dials in parsed:
        for plan in plans:
            for lag in plan.lags:
                reason = skipped(cls, dials, plan.task, lag, plan.protocol)
                if reason:
                    skips.append(Skip(technique=spec, task=plan.task, lag=lag, reason=reason))
                else:
                    settings.append(_setting(spec, cls, dials, plan, lag))
    study = Study(
        preset=preset.name, title=preset.title, arm=arm, arm_title=matrix.title,
        techniques=tuple(spec for spec, _, _ in parsed), tasks=plans, measured_seeds=seeds, first_seed=first,
        settings=tuple(settings), skips=tuple(skips),
    )  # fmt: skip
    return study.model_copy(update={"changed": _changed(preset, matrix, chosen, study)})


def _changed(preset: Preset, matrix: Arm, chosen: Selectors, study: Study) -> dict[str, tuple[int, ...]]:
    """The selectors that made a difference, with the preset's own numbers: see `Study.changed`."""
    usual = {task: _task_plan(preset, matrix, task, Selectors()) for task in matrix.tasks}
    both = [(plan, usual.get(plan.task, plan)) for plan in study.tasks]
    found: dict[str, tuple[int, ...]] = {}
    if {*study.techniques} != {parse_technique(spec)[0] for spec in matrix.techniques}:
        found["techniques"] = ()
    if {plan.task for plan in study.tasks} != usual.keys():
        found["tasks"] = ()
    if any(plan.lags != before.lags for plan, before in both):
        found["lags"] = ()
    if study.measured_seeds != matrix.measured_seeds:
        found["seeds"] = (matrix.measured_seeds or 0,)
    for name in chosen.protocol:
        if any(getattr(plan.protocol, name) != getattr(before.protocol, name) for plan, before in both):
            values = tuple(getattr(before.protocol, name) for _, before in both)
            found[name] = values if all(isinstance(value, int) for value in values) else ()
    return found


def _members(protocol: Protocol, seeds: int) -> int:
    """Count the most runs of a setting that are asked for."""
    each = len(protocol.learning_rates) * protocol.tuning_seeds
    return seeds + each * (seeds if protocol.tuning == "own" else 1)


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
            raise BenchError(f"Dial '{word}' of technique '{name}' needs a number, for example {key}=1.") from None
        if not sign or not cls.dials[key].allows(dials[key]):
            raise BenchError(f"Dial '{word}' of technique '{name}' must be {cls.dials[key].range}.")
    moved = [f"{k}={v:g}" for k, v in dials.items() if v != cls.dials[k].default]
    return ":".join([name, *moved]), cls, dials


def _parse(text: str, name: str, where: str) -> Preset:
    try:
        data = plain_yaml.load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        if isinstance(error, plain_yaml.Refused) and mark:
            raise BenchError(f"Preset {where}, line {mark.line + 1}: {error.problem}.") from None
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
    return f"'{place}' is {_SHORT.repr(fault['input'])}: {fault['msg'].lower()}."


def _task_plan(preset: Preset, matrix: Arm, name: str, chosen: Selectors) -> TaskPlan:
    task = tasks.get(name)()
    given = matrix.tasks.get(name, TaskPreset())
    lags = tuple(sorted(set(chosen.lags))) if chosen.lags else given.lags
    if not lags:
        raise BenchError(f"Preset '{preset.name}' has no lags for task '{name}': add --lag.")
    for lag in lags:
        task.check_lag(lag)
        if lag > MOST_STEPS:
            raise BenchError(f"Lag {lag} is too long for task '{name}': give at most {MOST_STEPS}.")
    words = preset.protocol.model_dump() | preset.tasks.get(name, TaskPreset()).protocol
    words |= chosen.protocol | matrix.protocol | given.protocol
    try:
        protocol = Protocol.model_validate(words)
    except ValidationError as error:
        raise BenchError(f"The protocol for task '{name}': {_first_fault(error)}") from None
    if protocol.updates < protocol.evaluate_every and protocol.updates:
        protocol = protocol.model_copy(update={"evaluate_every": protocol.updates})
    for what, numbers in (("Learning rates", protocol.learning_rates), ("Test lags", protocol.test_lags)):
        if any(not 0 < number < float("inf") for number in numbers):
            raise BenchError(f"{what} must be positive numbers, not {', '.join(f'{n:g}' for n in numbers)}.")
    if protocol.tunes and not protocol.tuning_seeds:
        raise BenchError("Several learning rates need at least one tuning seed: set 'tuning_seeds' in the preset.")
    if task.most_held_out is not None and protocol.held_out_size > task.most_held_out:
        raise BenchError(
            f"Task '{name}' has {task.most_held_out} held-out sequences, not {protocol.held_out_size}: "
            f"give --held-out-size {task.most_held_out} or less."
        )
    return TaskPlan(task=name, lags=lags, protocol=protocol)


def skipped(cls: type[Technique], dials: dict[str, float], task: str, lag: int, protocol: Protocol) -> str | None:
    """The task's or the technique's reason for declining this setting; None if they can do it.

    Where sizes are matched, its own is not known yet, so that it has to decline all of several.
    """
    asked = tasks.get(task)
    if issubclass(asked, NeedsPackages) and (reason := asked.missing()):
        return reason
    units = protocol.hidden_size
    sizes = range(units, units + 16) if protocol.matched else (units,)
    reasons = [declines(cls, dials, task, lag, size) for size in sizes]
    return reasons[0] if all(reasons) else None


def declines(cls: type[Technique], dials: dict[str, float], task: str, lag: int, hidden_size: int) -> str | None:
    """The technique's reason for declining this size; None if it can do it."""
    steps = tasks.get(task)().steps(lag)
    seen = {name: cls.dials[name].read(value) for name, value in dials.items()}
    return cls.skip(Situation(task=task, lag=lag, steps=steps, hidden_size=hidden_size, dials=seen))


def _setting(spec: str, cls: type[Technique], dials: dict[str, float], plan: TaskPlan, lag: int) -> Setting:
    return Setting(
        technique=spec, dials=dials, task=plan.task, lag=lag, protocol=plan.protocol, rate_factor=cls.rate_factor,
        technique_hash=source_hash(cls), task_hash=source_hash(tasks.get(plan.task)),
    )  # fmt: skip
