"""Trains one cohort, from its setting to its tidy tables."""

from __future__ import annotations

import ctypes
import json
import logging
import math
import sys
import time
import warnings
from datetime import UTC, datetime
from typing import Any

import pytorch_lightning as pl
import torch

from bench.collector import collect_seldom
from bench.engine.native import library
from bench.protocol.preset import parse_technique
from bench.records.fields import as_columns
from bench.records.provenance import provenance
from bench.records.result import CURVES, GRADIENTS, MEMBERS, PROBES, CohortResult, typed
from bench.records.settings import Cohort, Member, Setting
from bench.tasks import Task, tasks
from bench.tasks.base import Split
from bench.techniques import Technique
from bench.training.confirmation import Confirmation
from bench.training.data import BlockStream, held_out
from bench.training.flow import FlowRecorder
from bench.training.matching import hidden_size
from bench.training.monitor import Monitor, Report, Trace
from bench.training.network import network
from bench.training.other_lags import OtherLags

M_TRIM_THRESHOLD, M_MMAP_MAX = -1, -4
"""Parameters of mallopt, numbered as in glibc's malloc.h."""

GPU_SHARE = 1 / 4
"""Share of a GPU's memory that one cohort may use: several may run at once, and large groups pay off there."""


def train_cohort(cohort: Cohort, report: Report | None = None, accelerator: str = "auto") -> CohortResult:
    """Train the members side by side in one `Trainer.fit`; each ends as solved, unsolved or diverged.

    With a budget of 0 nothing is trained, and they end as untrained. The gradient flow of measured members is taken.

    report: called after each evaluation with (updates done, members still training).
    """
    setting, protocol = cohort.setting, cohort.setting.protocol
    task = tasks.get(setting.task)()
    seeds = [m.seed for m in cohort.members]
    split: Split = "validation" if cohort.role == "tuning" else "test"
    started, clock = datetime.now(UTC), time.perf_counter()
    module = build(setting, cohort.members)
    parameters, state = module.parameters_each, module.state_each
    sequences = held_out(task, setting.lag, split, protocol.held_out_size, seeds)
    flow = FlowRecorder(cohort, task)
    confirmation = Confirmation(cohort, task, split)
    measured = cohort.role == "measured"
    monitor = Monitor(
        cohort, task, sequences, report, flow if measured else None, confirmation,
        OtherLags(cohort, task) if measured else None,
    )  # fmt: skip
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module="pytorch_lightning")  # advice on data loaders, torch's renamings
        trainer = _trainer(monitor, accelerator)
        device = trainer.strategy.root_device
        if device.type == "cuda":
            module.budget = GPU_SHARE * torch.cuda.get_device_properties(device).total_memory
        if protocol.updates:
            trainer.fit(module, BlockStream(task, setting.lag, protocol, seeds))
        else:
            monitor.begin(module)
    common = _common(cohort, task, task.trivial_level(setting.lag)) | {
        "parameters": parameters,
        "state_size": state,
        "wall_seconds": time.perf_counter() - clock,
        "accelerator": _accelerator(trainer),
        "started": started.isoformat(timespec="seconds"),
    }
    rows = [common | _row(m, t) for m, t in zip(cohort.members, monitor.traces, strict=True)]
    points = [point for trace in monitor.traces for point in trace.curve]
    return CohortResult(cohort, typed(rows, MEMBERS), typed(points, CURVES), **flow.tables())


def failed_cohort(cohort: Cohort, reason: str) -> CohortResult:
    """The tables of a cohort that an error ended: every member failed, for this reason."""
    started = datetime.now(UTC).isoformat(timespec="seconds")
    task = tasks.get(cohort.setting.task)()
    try:
        trivial = task.trivial_level(cohort.setting.lag)
    except Exception:  # this may be what has failed
        trivial = math.nan
    common = _common(cohort, task, trivial) | {
        "parameters": 0, "state_size": 0, "wall_seconds": 0.0, "accelerator": "", "started": started,
        "outcome": "failed", "updates": 0, "test_metrics": "{}", "by_age": "[]",
        "reason": " ".join(reason.split()),
    }  # fmt: skip
    rows = [common | m.model_dump() for m in cohort.members]
    flow = {"gradients": typed([], GRADIENTS), "probes": typed([], PROBES)}
    return CohortResult(cohort, typed(rows, MEMBERS), typed([], CURVES), **flow)


def build(setting: Setting, members: tuple[Member, ...]) -> Technique:
    """The technique of a setting, initialised for these members."""
    return network(setting, members, hidden_size(setting))


def prepare_process() -> None:
    """Settle a training process: one thread, denormals flushed, which a vanishing gradient is full of, memory kept."""
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    _keep_freed_memory()
    collect_seldom()


def processor() -> str:
    """Name the CPU with or without native kernels, so that their results and costs are kept apart."""
    return "cpu" if library() is None else "cpu, native kernels"


def _keep_freed_memory() -> None:
    """Have glibc keep what is freed for the next update, in place of giving large tensors back to the system.

    Getting them again, page by page, takes up to half of the time of an update with a long lag.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None) if sys.platform == "linux" else None
    if mallopt:  # musl has none
        mallopt(M_MMAP_MAX, 0)
        mallopt(M_TRIM_THRESHOLD, 2**31 - 1)


def _trainer(monitor: Monitor, accelerator: str) -> pl.Trainer:
    """Lightning's Trainer with nothing in it that a cohort has no use for."""
    logging.getLogger("pytorch_lightning").setLevel(logging.ERROR)
    return pl.Trainer(
        accelerator=accelerator, devices=1, max_epochs=1, callbacks=[monitor], logger=False,
        enable_checkpointing=False, enable_progress_bar=False, enable_model_summary=False,
    )  # fmt: skip


def _common(cohort: Cohort, task: Task, trivial: float) -> dict[str, Any]:
    """The columns that all members of a cohort share and that are known before training."""
    setting, protocol = cohort.setting, cohort.setting.protocol
    _, cls, dials = parse_technique(setting.technique)
    return provenance() | {
        "technique": setting.technique,
        "title": ", ".join([cls.title, *(f"{dial} {value:g}" for dial, value in setting.spec.dials.items())]),
        "called": cls.called,
        "family": cls.family,
        "source_row": cls.source_row or "",
        "dials": json.dumps(dials, sort_keys=True),
        "task": setting.task,
        "task_title": task.title,
        "task_short": task.short,
        "task_about": task.about,
        "task_lag_means": task.lag_means,
        "lag": setting.lag,
        "role": cohort.role,
        "reason": "",
        "trivial_level": trivial,
        "solved_at": task.solved_at,
        "plateaus": json.dumps(task.plateaus),
        "metric_name": task.metric_name,
        "steps": task.steps(setting.lag),
        **as_columns(protocol),
        "setting_hash": setting.hash,
        "protocol_hash": protocol.hash,
        "technique_hash": setting.technique_hash,
        "task_hash": setting.task_hash,
        "cohort": cohort.key,
        "threads": torch.get_num_threads(),
    }


def _row(member: Member, trace: Trace) -> dict[str, Any]:
    return {
        "seed": member.seed,
        "learning_rate": member.learning_rate,
        "outcome": trace.outcome or "untrained",
        "updates": trace.updates,
        "metric": trace.metric,
        "loss": trace.loss,
        "test_metrics": json.dumps(trace.test_metrics),
        "by_age": json.dumps(trace.by_age),
    }


def _accelerator(trainer: pl.Trainer) -> str:
    device = trainer.strategy.root_device
    return torch.cuda.get_device_name(device) if device.type == "cuda" else processor()
