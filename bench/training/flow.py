"""Gradient flow of a cohort's members, in double precision, on sequences that are the same for all."""

from __future__ import annotations

import copy
import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Literal

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from bench.engine.memory import parts
from bench.engine.probe import Decay, History, fit_decay, log_norms, recorded
from bench.engine.recurrence import Recurrence
from bench.engine.seeding import generator
from bench.records.result import GRADIENTS, PROBES, typed
from bench.records.settings import Cohort, Member
from bench.tasks.base import Task
from bench.techniques.base import Technique

Moment = Literal["start", "during", "end"]

MOST_SEQUENCES = 16
MOST_STEPS = 6400
"""Most steps that a probe takes, summed over its sequences, of which there are at least two: bounds time and memory."""
CPU_BYTES = 64 * 2**20
"""Working memory of a probe on a CPU, in bytes: with little of it the next members find theirs in cache, which halves
the time.
"""
MOST_POINTS = 128
"""Steps of a profile that are kept."""


class FlowRecorder:
    """Takes probes of members as they train, and hands out the tables.

    Where most steps are scored, gradients are those of the loss at the last step: the sum over all would show where
    losses enter, not how their gradients decay.
    """

    def __init__(self, cohort: Cohort, task: Task) -> None:
        self.cohort = cohort
        lag = cohort.setting.lag
        steps, scored = task.steps(lag), task.scored_steps(lag)
        followed = 1 if 2 * scored > steps else scored
        self.first_lag = followed - 1
        size = max(2, min(MOST_SEQUENCES, MOST_STEPS // steps))
        self.inputs, targets = task.sample(generator(task.name, lag, "probe"), size, lag, "test")
        self.targets = targets[-followed:]
        self.gradients: list[pd.DataFrame] = []
        self.probes: list[dict[str, Any]] = []

    def take(
        self, module: Technique, columns: Sequence[int], members: Sequence[int], update: int, moment: Moment
    ) -> None:
        """Probe the members at these columns of the stack; `members` are their places in the cohort."""
        steps, sequences, _ = self.inputs.shape
        each = sequences * module.bytes_each(steps, torch.float64)
        budget = min(module.budget, CPU_BYTES) if module.device.type == "cpu" else module.budget
        for part in parts(len(columns), budget / each) if columns else ():
            self._take(module, columns[part], members[part], update, moment)

    def _take(
        self, module: Technique, columns: Sequence[int], members: Sequence[int], update: int, moment: Moment
    ) -> None:
        """`take`, for as many as the memory holds at once."""
        probe = Probe(module, columns, self.inputs, self.targets)
        for (quantity, layer), norms in probe.profiles.items():
            whose = [
                _who(self.cohort.members[index], update, moment) | {"quantity": quantity, "layer": layer}
                for index in members
            ]
            self.gradients.append(_points(whose, norms))
            self.probes += [where | self._summary(probe, quantity, layer, row) for row, where in enumerate(whose)]

    def _summary(self, probe: Probe, quantity: str, layer: int, row: int) -> dict[str, Any]:
        fit = fit_decay(probe.profiles[quantity, layer][row], self.first_lag)
        found: dict[str, Any] = {"decay": fit.rate, **{f: getattr(fit, f) for f in Decay._fields if f != "rate"}}
        if quantity != "x" and quantity == probe.outputs[layer]:
            found["dead_share"] = probe.dead[layer][row].item()
            if layer == 0:
                found["kept"], found["cosine"] = probe.kept[row].item(), probe.cosine[row].item()
        return found

    def tables(self) -> dict[str, Any]:
        """`gradients` and `probes`, tidy."""
        return {
            "gradients": typed(pd.concat(self.gradients, ignore_index=True) if self.gradients else [], GRADIENTS),
            "probes": typed(self.probes, PROBES),
        }


class Probe:
    """The gradients of some members on one batch: inputs (T, B, I), targets (scored, B, …)."""

    profiles: dict[tuple[str, int], Tensor]
    """Log-norms (E, T) by quantity and layer: the lowest layer that has steps is 0."""
    outputs: list[str]
    """The name of the first state, by layer."""
    dead: list[Tensor]
    """Share of dead units (E,) by layer."""
    kept: Tensor
    cosine: Tensor
    """The technique's gradient of the parameters beside that of full BPTT, (E,) each."""

    def __init__(self, module: Technique, columns: Sequence[int], inputs: Tensor, targets: Tensor) -> None:
        self.twin = _twin(module, columns, len(targets))
        self.twin.budget = math.inf  # states are recorded in one pass
        self.full = type(module).accumulate is Technique.accumulate
        self.twin.requires_grad_(not self.full)  # then only states and inputs have gradients: the faster, by half
        self.members = len(columns)
        device = module.device
        self.inputs = inputs.to(device).double().expand(self.members, *inputs.shape).contiguous()
        targets = targets.double() if targets.is_floating_point() else targets
        self.targets = targets.to(device).expand(self.members, *targets.shape)
        with torch.enable_grad():
            self._loss_gradients()
            self._cell_jacobian()

    def _loss_gradients(self) -> None:
        twin = self.twin
        inputs = self.inputs.clone().requires_grad_()
        with recorded(twin.layers) as histories:
            if self.full:
                twin.full_bptt(inputs, self.targets)  # of the task's loss alone, without a penalty
            else:
                twin.accumulate(inputs, self.targets)
        x = inputs.grad if inputs.grad is not None else torch.zeros_like(inputs)
        self.profiles = {("x", 0): log_norms(x.unbind(1), self.members)}
        stepping = self._with_steps(histories)
        for number, (layer, history) in enumerate(stepping):
            for place, name in enumerate(layer.states):
                gradients = [state[place].grad for state in history]
                self.profiles[name, number] = log_norms(gradients, self.members)
        self.outputs = [layer.states[0] for layer, _ in stepping]
        self.dead = [_dead(history) for _, history in stepping]
        self.kept, self.cosine = self._beside_full()

    def _with_steps(self, histories: Sequence[History]) -> list[tuple[Recurrence, History]]:
        """The layers that have steps, and their histories; one without, as an encoder, does not count."""
        pairs = zip(self.twin.layers, histories, strict=True)
        return [(layer, history) for layer, history in pairs if isinstance(layer, Recurrence)]

    def _beside_full(self) -> tuple[Tensor, Tensor]:
        """Compare the technique's own gradient with the full one: its relative size and its cosine."""
        if self.full:
            return torch.ones(self.members), torch.ones(self.members)
        own = _flat(self.twin)
        self.twin.zero_grad()
        self.twin.full_bptt(self.inputs, self.targets)
        full = _flat(self.twin)
        return own.norm(dim=1) / full.norm(dim=1), torch.cosine_similarity(own, full, dim=1)

    def _cell_jacobian(self) -> None:
        """∂(v·c_T)/∂c_t of a layer's cell state, for one random unit vector v a sequence."""
        if all(layer.cell_state is None for layer in self.twin.layers):
            return
        with recorded(self.twin.layers) as histories:
            self.twin.body(self.inputs.requires_grad_())
        for number, (layer, history) in enumerate(self._with_steps(histories)):
            if layer.cell_state is None:
                continue
            cells = [state[layer.states.index(layer.cell_state)] for state in history]
            v = torch.randn(cells[-1].shape[1:], generator=generator("probe", "cell"), dtype=cells[-1].dtype)
            v = (v / v.norm(dim=-1, keepdim=True)).to(cells[-1].device)
            gradients = torch.autograd.grad((cells[-1] * v).real.sum(), cells, retain_graph=True)
            self.profiles["cell", number] = log_norms(gradients, self.members)


def _twin(module: Technique, columns: Sequence[int], scored: int) -> Technique:
    """Copy these members in double precision, with so many scored steps: probing leaves no trace in training."""
    twin = copy.deepcopy(module).double()
    twin.zero_grad()
    chosen = torch.tensor(list(columns), device=module.device)
    for parameter in twin.parameters():
        parameter.data = parameter.data[chosen]
    twin.rows, twin.rates = twin.rows[chosen], twin.rates[chosen]
    twin.blueprint = replace(twin.blueprint, scored=scored)
    return twin


def _flat(module: Technique) -> Tensor:
    return torch.cat([p.grad.flatten(1) for p in module.parameters() if p.grad is not None], dim=1)


def _dead(history: History) -> Tensor:
    """Share of units that are 0 after every step of every sequence, (E,)."""
    alive = torch.stack([(state[0] != 0).any(dim=1) for state in history]).any(dim=0)
    return 1 - alive.double().mean(dim=1)


def _who(member: Member, update: int, moment: Moment) -> dict[str, Any]:
    return member.model_dump() | {"update": update, "moment": moment}


def _points(whose: Sequence[dict[str, Any]], log_norms: Tensor) -> pd.DataFrame:
    """Profiles (E, T) by step, thinned evenly where there are many; the first and the last are among them."""
    members, steps = log_norms.shape
    kept = torch.linspace(0, steps - 1, min(steps, MOST_POINTS)).round().long()
    return pd.DataFrame(
        {
            **{name: np.repeat([who[name] for who in whose], len(kept)) for name in whose[0]},
            "step": (kept + 1).repeat(members).numpy(),
            "lag_back": (steps - 1 - kept).repeat(members).numpy(),
            "log_norm": log_norms[:, kept].flatten().numpy(),
        }
    )
