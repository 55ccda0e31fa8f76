"""The gradient's flow in a training loop of one's own."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from bench.diagnosis.glance import Norms, concern, few, glance
from bench.diagnosis.subject import Batch, Subject, tensor_of
from bench.errors import BenchError

if TYPE_CHECKING:
    import pandas as pd

FIRST_UPDATES = 3
"""Updates after which it is checked whether gradients were zeroed."""


@dataclass
class Watch:
    """The numbers of a watched loop so far."""

    records: list[dict[str, float]] = field(default_factory=list)
    """One by look: `step`, `flow/decay`, `flow/half_life`, `flow/reach`, `flow/used`, `clip/engaged`."""
    warnings: list[str] = field(default_factory=list)
    """Sentences, each of which was told once."""

    def to_frame(self) -> pd.DataFrame:
        """The records as a table."""
        import pandas as pd

        return pd.DataFrame(self.records)

    def tell(self, sentence: str) -> None:
        """Warn of something once."""
        if sentence.partition(":")[0] not in {said.partition(":")[0] for said in self.warnings}:
            self.warnings.append(sentence)
            warnings.warn(sentence, stacklevel=2)


@contextmanager
def watch(
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    every_n_steps: int = 200,
    time_dim: int = 1,
    clip: float | None = None,
) -> Iterator[Watch]:
    """Look at a model every so many updates while the loop within trains it; yields what has been seen.

    The flow is that of the outputs at the last step, for the loss is not known here. clip: the norm that the loop clips
    gradients at. Warns once of a gradient that does not travel through time, and once if gradients are never zeroed.
    Raises BenchError for an every_n_steps below 1.
    """
    if every_n_steps < 1:
        raise BenchError("every_n_steps has to be at least 1.")
    watcher = _Watcher(model, optimizer, every_n_steps, time_dim, Norms(clip))
    try:
        yield watcher.seen
    finally:
        watcher.remove()


class _Watcher:
    """The hooks of a watched loop; none of them changes anything."""

    def __init__(self, model: nn.Module, optimizer: torch.optim.Optimizer, every: int, time: int, norms: Norms) -> None:
        self.model, self.every, self.time, self.norms = model, every, time, norms
        self.seen, self.updates, self.looking, self.just_stepped = Watch(), 0, False, False
        self.batch: Batch | None = None
        parameters = [p for group in optimizer.param_groups for p in group["params"] if p.requires_grad]
        self.hooks: list[Any] = [
            model.register_forward_pre_hook(self._before_forward),
            optimizer.register_step_pre_hook(self._before_step),
            optimizer.register_step_post_hook(self._after_step),
            *(p.register_hook(self._at_gradient(p)) for p in parameters[:1]),
        ]

    def remove(self) -> None:
        for hook in self.hooks:
            hook.remove()

    def _before_forward(self, module: nn.Module, given: tuple[Any, ...]) -> None:
        if self.batch is not None or self.looking or not given or not isinstance(given[0], Tensor):
            return
        if given[0].dim() > max(1, self.time) and module.training:
            x = given[0]
            self.batch = few(Batch(x, torch.zeros(x.shape[1 if self.time == 0 else 0])), self.time, False)

    def _at_gradient(self, parameter: nn.Parameter) -> Any:
        def check(gradient: Tensor) -> None:
            first = self.just_stepped and self.updates <= FIRST_UPDATES
            if first and parameter.grad is not None and bool((parameter.grad != 0).any()):
                self.seen.tell(
                    "Gradients are not zeroed between updates: each adds to those of all before; call "
                    "optimizer.zero_grad()."
                )
            self.just_stepped = False

        return check

    def _before_step(self, optimizer: Any, *rest: Any) -> None:
        if self.norms.threshold:
            self.norms.take(p for group in optimizer.param_groups for p in group["params"])

    def _after_step(self, optimizer: Any, *rest: Any) -> None:
        self.updates, self.just_stepped = self.updates + 1, True
        if self.batch is None or self.updates % self.every:
            return
        subject = Subject(self.model, self.batch, self._projected, self.time)
        self.looking = True
        try:
            numbers, flow = glance(subject)
        except BenchError as error:
            self.batch = None
            self.seen.tell(f"Nothing is measured: {error}")
            return
        finally:
            self.looking = False
        self.seen.records.append({"step": self.updates, **numbers, "clip/engaged": self.norms.engaged()})
        if said := concern(flow, subject.steps):
            self.seen.tell(f"{said} 'bptt-bench diagnose' finds out whether that matters, and what helps.")

    def _projected(self, said: Any, y: Tensor) -> Tensor:
        """A linear function of the outputs at the last step, the same each time."""
        out = tensor_of(said)
        subject = Subject(self.model, self.batch or Batch(y, y), "mse", self.time)
        out = subject.newest(out)
        weights = torch.cos(torch.arange(out.shape[-1], device=out.device, dtype=out.dtype) + 1)
        return (out * weights).sum()
