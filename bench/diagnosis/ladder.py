"""The user's own module on tasks of the benchmark, at rising lags: the longest lag that it learns to carry.

Two linear maps, trained with it, fit the task's inputs and outputs to the module's.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace

import torch
from torch import Tensor, nn

from bench.diagnosis.blame import theirs
from bench.diagnosis.findings import Finding
from bench.diagnosis.subject import Subject, copied, seeded, tensor_of
from bench.languages import Message
from bench.tasks import tasks
from bench.tasks.base import Task

LAGS = (4, 8, 16, 32, 64, 128, 256)
AT_END, EACH_STEP = ("adding", "temporal-order"), ("copy", "parity", "selective-copy")
"""Tasks whose answer is given at the end, which every module can do, and those with several answers."""
BATCH, HELD_OUT = 32, 256
LOOK = 50
"""Updates between two evaluations."""
MOST_UPDATES = 1500
"""Updates at one lag."""
RATE = 0.003
"""Adam's rate for a module without an optimiser of its own."""


class Adapter(nn.Module):
    """A copy of the user's module between two linear maps: inputs (B, T, I) to outputs (B, S, O).

    The second map takes the place of the module's own readout, which may be as narrow as one number.
    """

    def __init__(self, subject: Subject, task: Task) -> None:
        super().__init__()
        self.core, self.subject, self.features = copied(subject.model), subject, list[Tensor]()
        if (readout := _readout(subject)) is not None:
            self.core.get_submodule(readout).register_forward_pre_hook(
                lambda module, given: self.features.append(given[0])
            )
        x = subject.front(subject.batch.x)
        with torch.no_grad():
            narrow = self._run(x).shape[-1]
        self.into, self.out = nn.Linear(task.inputs, x.shape[2]), nn.Linear(narrow, task.outputs)

    def forward(self, x: Tensor, scored: int) -> Tensor:
        """Outputs at the last `scored` steps."""
        found = self._run(self.into(x))
        if found.dim() > 2 and found.shape[:2] == x.shape[:2]:
            found = found[:, -scored:]
        return self.out(found.reshape(len(x), -1, found.shape[-1]))

    def _run(self, x: Tensor) -> Tensor:
        """Give what the readout reads, or what the module returns: (B, F), or (B, T, F) with steps second."""
        subject = self.subject.with_x(x)
        given = {"lengths": torch.full((len(x),), x.shape[1])} if subject.takes_lengths else {}
        self.features.clear()
        with theirs("when it was run on a task of the benchmark"):
            said = tensor_of(self.core(subject.batch.x, **given))
        found = self.features[-1] if self.features else said
        return subject.front(found) if subject.has_steps(found) else found


def _readout(subject: Subject) -> str | None:
    """The name of the linear layer that was called last, if it was called once; None if there is none."""
    model = copied(subject.model)
    calls: list[str] = []
    for name, module in model.named_modules():
        if name and isinstance(module, nn.Linear):
            module.register_forward_hook(lambda module, given, said, name=name: calls.append(name))
    replace(subject, model=model).run()
    return calls[-1] if calls and calls.count(calls[-1]) == 1 else None


def climb(subject: Subject, seconds: float, needed: int) -> Finding:
    """Climb the lags of each task until one is not solved in time; needed: the lag that the user's data ask for.

    A LightningModule's own optimiser is taken with its settings.
    """
    front = subject.front(subject.batch.x)
    out = subject.copied().run().out
    if subject.tokens or front.dim() != 3:
        message = Message("Only a module whose inputs are sequences of numbers can be set our tasks.")
        return Finding("ladder", "cannot tell", message)
    names = [*AT_END, *(EACH_STEP if subject.has_steps(out) else ())]
    end = time.monotonic()
    longest: dict[str, int] = {}
    for number, name in enumerate(names, 1):
        deadline = end + seconds * number / len(names)
        longest[name] = max(_solved(subject, tasks.get(name)(), deadline), default=0)
    best = max(longest.values())
    listed = ", ".join(f"{name} {lag}" for name, lag in longest.items())
    message = Message(
        "The module itself learns to carry these many steps on tasks of the benchmark: {listed} (0: fewer than "
        "{least}).",
        {"listed": listed, "least": LAGS[0]},
    )
    return Finding(
        "ladder", "healthy" if best >= min(needed, LAGS[-1]) else "cannot tell", message, {"longest": longest}
    )


def _solved(subject: Subject, task: Task, deadline: float) -> Iterator[int]:
    """Yield the lags that are solved one after the other."""
    for lag in LAGS:
        if lag < task.least_lag:
            continue
        if not _learns(subject, task, lag, deadline):
            return
        yield lag


def _learns(subject: Subject, task: Task, lag: int, deadline: float) -> bool:
    generator, scored = torch.Generator().manual_seed(lag), task.scored_steps(lag)
    held = task.sample(torch.Generator().manual_seed(lag + 1), HELD_OUT, lag, "validation")
    with seeded(lag):
        model = Adapter(subject, task)
    optimizer = _optimizer(model)
    for update in range(1, MOST_UPDATES + 1):
        batch = task.sample(generator, BATCH, lag)
        outputs = model(batch.inputs.transpose(0, 1), scored)
        loss = task.loss(outputs.transpose(0, 1)[None], batch.targets[None]).sum()
        optimizer.zero_grad()
        with theirs("when the loss was followed back"):
            loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        over = time.monotonic() > deadline
        if update % LOOK == 0 or over:
            with torch.no_grad():
                outputs = model(held.inputs.transpose(0, 1), scored)
                if task.solved(float(task.metric(outputs.transpose(0, 1)[None], held.targets[None]))):
                    return True
        if over:
            return False
    return False


def _optimizer(model: Adapter) -> torch.optim.Optimizer:
    configure = getattr(model.core, "configure_optimizers", None)
    if callable(configure):
        with theirs("when configure_optimizers was called"):
            own = configure()
        if isinstance(own, torch.optim.Optimizer):
            return type(own)(model.parameters(), **own.defaults)
    return torch.optim.Adam(model.parameters(), lr=RATE)
