"""Stages 3 and 4, cut and flow: how the gradient of the last scored step travels back in time.

∂L/∂x_t exists for any module, a fused kernel or a convolution as well; step-wise twins add h_t, c_t and the gates.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from bench.diagnosis.blame import theirs
from bench.diagnosis.subject import Pass, Subject, seeded
from bench.diagnosis.twin import StepwiseTwin, with_twins
from bench.engine.probe import Decay, fit_decay, log_norms

DRAWS = 200
"""Resamples of the sequences behind an interval."""
TINY = {torch.float64: math.log(1e-280), torch.float32: math.log(1e-35)}
"""Log-norms below which a gradient that becomes 0 has run out of numbers, and is not cut."""


GROWTH = math.log(1000)
"""Growth of a gradient over the whole way, in nats, above which it explodes."""


@dataclass(frozen=True)
class Flow:
    """The gradient of the loss at the last scored step, step by step back."""

    back: np.ndarray
    """Log-norms (sequences, steps back); NaN before the first step of a sequence, −inf where the gradient is 0."""
    tiny: float
    loss: float
    finite: bool
    twins: dict[str, StepwiseTwin]
    problem: str = ""
    """The place where the first value that is not finite arose; empty if all are finite."""
    unknown: bool = False
    """True if no gradient could be followed, as where tokens reach the model without an embedding."""
    source: float = -math.inf
    """Log-norm of the gradient at the outputs, over the spread of inputs; −∞ if it is not known."""

    @property
    def profile(self) -> np.ndarray:
        """Log of the root mean square over sequences, by steps back."""
        return combined(self.back)

    @property
    def fitted(self) -> Decay:
        return fitted(self.profile)

    @property
    def growth(self) -> float:
        """Growth over the steps that the decay is fitted to, in nats."""
        decay = self.fitted
        return float(self.profile[decay.last_lag] - self.profile[decay.first_lag])

    @property
    def explodes(self) -> bool:
        """True if the gradient grows a thousandfold on its way back, beyond what it is at the outputs.

        Where a model reads sequences backwards, too, older steps are nearer to the outputs: that is no growth.
        """
        return self.fitted.rate > 0 and self.growth > GROWTH and float(np.nanmax(self.profile)) > self.source

    def cut_at(self) -> int | None:
        """Number of steps after which every sequence's gradient is exactly 0 at once; None if it is not so."""
        reached = np.isfinite(self.back)
        counts = reached.sum(1)
        counts = counts[counts > 0]
        if not len(counts):
            return None
        known = (~np.isnan(self.back)).sum(1)
        if len(set(counts)) > 1 or counts[0] >= known.max():
            return None
        count = int(counts[0])
        newest = reached[reached.any(1)][:, :count]
        last = self.back[reached.any(1)][:, count - 1]
        return count if newest.all() and last.max() > self.tiny else None

    def draws(self) -> np.ndarray:
        """Decays of resampled sequences."""
        generator = np.random.default_rng(0)
        count = len(self.back)
        if count < 2:
            return np.array([])
        rates = [fitted(combined(self.back[generator.integers(0, count, count)])).rate for _ in range(DRAWS)]
        return np.array([rate for rate in rates if math.isfinite(rate)])


def interval(draws: np.ndarray) -> tuple[float, float]:
    """The middle 95 % of draws; not a number if there are none."""
    if not len(draws):
        return math.nan, math.nan
    low, high = np.quantile(draws, (0.025, 0.975))
    return float(low), float(high)


def combined(back: np.ndarray) -> np.ndarray:
    """Root mean squares of norms over sequences, in logarithms, by steps back.

    Where some sequences have ended, the step to the next value is that of the sequences which have both: else a
    profile would change because others are in it.
    """
    if not np.isnan(back).any():
        return _root_mean_square(back)
    found = [_root_mean_square(back[:, :1])[0]]
    for k in range(1, back.shape[1]):
        both = back[~np.isnan(back[:, k])][:, k - 1 : k + 1]
        before, after = _root_mean_square(both) if len(both) else (np.nan, np.nan)
        found.append(found[-1] + after - before if np.isfinite(before) else after)
    return np.array(found)


def _root_mean_square(back: np.ndarray) -> np.ndarray:
    top = np.where(np.isfinite(back), back, -np.inf).max(0)
    safe = np.where(np.isfinite(top), top, 0)
    counts = (~np.isnan(back)).sum(0)
    with np.errstate(divide="ignore", invalid="ignore"):
        return safe + np.log(np.nansum(np.exp(2 * (back - safe)), 0) / counts) / 2


def fitted(profile: np.ndarray) -> Decay:
    """The decay of a profile by steps back."""
    known = profile[~np.isnan(profile)]
    first = int(np.isfinite(known).argmax()) if len(known) else 0
    return fit_decay(torch.from_numpy(known[::-1].copy()), first)


def measure(subject: Subject) -> Flow:
    """Follow the loss of a copy back, whose fused layers run step by step; `subject` ready for evaluation."""
    copy = subject.copied()
    copy.model.requires_grad_(False)  # gradients of states and inputs alone: the faster
    model, twins = with_twins(copy.model)
    return followed(replace(copy, model=model), twins)


def followed(copy: Subject, twins: dict[str, StepwiseTwin]) -> Flow:
    """Follow the loss back through the model itself, whose parameters then have gradients."""
    watch = _NonFinite(copy.model)
    with watch:
        passed = copy.run(followed=True, doing="when it was run step by step")
    dtype = passed.out.dtype if passed.out.is_floating_point() else torch.float32
    tiny = TINY.get(dtype, TINY[torch.float32])
    loss = float(passed.loss.detach())
    nothing = np.full((copy.sequences, copy.steps), -np.inf)
    if watch.place or not torch.isfinite(passed.loss):
        return Flow(nothing, tiny, loss, False, twins, watch.place or "the loss")
    if passed.entry is None:
        return Flow(nothing, tiny, loss, True, twins, unknown=True)
    ends = _follow(copy, passed)
    gradient = passed.entry.grad
    if gradient is None or gradient.dim() < 2:
        return Flow(nothing, tiny, loss, True, twins)
    norms = _norms(copy.front(gradient))
    if not torch.isfinite(gradient).all():
        bad = (~torch.isfinite(gradient)).reshape(norms.shape[0], norms.shape[1], -1).any(2).any(0).nonzero()
        where = f"the gradient of the inputs, from {copy.steps - 1 - int(bad[-1])} steps back on"
        return Flow(nothing, tiny, loss, False, twins, where)
    return Flow(_aligned(norms, ends), tiny, loss, True, twins, source=_source(passed, copy.sequences))


def _follow(copy: Subject, passed: Pass) -> Tensor:
    """Follow the loss at each sequence's last scored step back; return that step by sequence."""
    last = torch.full((copy.sequences,), copy.steps - 1)
    if copy.batch.lengths is not None:
        last = copy.batch.lengths.long() - 1
    if passed.out.requires_grad:
        passed.out.retain_grad()
    with theirs("when the loss was followed back"):
        if not copy.has_steps(passed.out) or not copy.stepwise or not passed.out.requires_grad:
            if passed.loss.requires_grad:
                passed.loss.backward()
            return last
        (seed,) = torch.autograd.grad(passed.loss, passed.out, retain_graph=True)
        front = copy.front(seed)
        scored = (front.reshape(*front.shape[:2], -1) != 0).any(2)
        steps = torch.arange(copy.steps)
        ends = torch.where(scored, steps, 0).max(1).values
        at_end = (steps == ends[:, None]).reshape(*scored.shape, *[1] * (front.dim() - 2))
        seed = (front * at_end).movedim((0, 1), (copy.batch_axis, copy.time))
        passed.out.backward(seed)
    return ends


def _source(passed: Pass, sequences: int) -> float:
    """Log of the root mean square over sequences of the gradient's norm at the outputs, over the spread of inputs."""
    gradient, entry = passed.out.grad, passed.entry
    if gradient is None or entry is None or not bool((gradient != 0).any()):
        return -math.inf
    spread = float(entry.detach().double().std()) or 1.0
    return float(gradient.double().norm().log()) - math.log(sequences) / 2 - math.log(spread)


def _norms(gradient: Tensor) -> Tensor:
    """Logarithms of norms (B, T) of a gradient (B, T, …)."""
    count = gradient.shape[:2].numel()
    return log_norms([gradient.reshape(count, -1)], count).reshape(gradient.shape[:2])


def _aligned(norms: Tensor, ends: Tensor) -> np.ndarray:
    """Norms by steps back from each sequence's last scored step; NaN where there is no such step."""
    values = norms.numpy()
    found = np.full(values.shape, np.nan)
    for row, end in enumerate(ends.tolist()):
        found[row, : end + 1] = values[row, end::-1]
    return found


class _NonFinite:
    """Watches a model's parts for the first output that is not finite."""

    def __init__(self, model: nn.Module) -> None:
        self.place = ""
        self.calls: dict[str, int] = {}
        self.model = model
        self.hooks: list[Any] = []

    def __enter__(self) -> None:
        for name, module in self.model.named_modules():
            if not list(module.children()) or isinstance(module, StepwiseTwin):
                self.hooks.append(module.register_forward_hook(self._look(name or type(module).__name__)))

    def __exit__(self, *error: object) -> None:
        for hook in self.hooks:
            hook.remove()

    def _look(self, name: str) -> Any:
        def look(module: nn.Module, given: Any, said: Any) -> None:
            self.calls[name] = self.calls.get(name, 0) + 1
            value = said[0] if isinstance(said, tuple) else said
            if self.place or not isinstance(value, Tensor) or not value.is_floating_point():
                return
            if bool(torch.isfinite(value).all()):
                return
            step = f", call {self.calls[name]}" if self.calls[name] > 1 else ""
            if isinstance(module, StepwiseTwin):
                step = _twin_step(module)
            self.place = f"{name}{step}"

        return look


def _twin_step(twin: StepwiseTwin) -> str:
    for track in twin.tracks:
        for t, state in enumerate(track.hidden):
            if not bool(torch.isfinite(state).all()):
                return f", layer {track.layer}, step {t}"
    return ""


def states(flow: Flow) -> dict[str, Any]:
    """The numbers of the twins: decay of h and c, gates, saturated and dead units, by layer."""
    found: dict[str, Any] = {}
    for name, twin in flow.twins.items():
        for track in twin.tracks:
            where = f"{name or twin.source.mode.lower()}.layer{track.layer}{'.reverse' if track.reverse else ''}"
            found[where] = _of_track(track)
    return found


def _of_track(track: Any) -> dict[str, Any]:
    order = -1 if not track.reverse else 1
    numbers: dict[str, Any] = {}
    for quantity, steps in (("h", track.hidden), ("c", track.cell)):
        grads = [s.grad for s in steps[::order]]
        if any(g is not None for g in grads):
            rows = log_norms(grads, len(steps[0])).numpy()
            start = int(np.isfinite(rows).any(0).argmax())
            numbers[f"decay_{quantity}"] = fitted(combined(rows[:, start:])).rate
    hidden = torch.stack([h.detach() for h in track.hidden])
    numbers["dead_share"] = float((hidden == 0).all(0).all(0).double().mean())
    for gate in track.gates[0]:
        values = torch.stack([g[gate] for g in track.gates])
        numbers[f"{gate}_gate"] = float(values.mean())
        numbers[f"{gate}_saturated"] = float(((values < 0.05) | (values > 0.95)).double().mean())
    return numbers


def clipping(subject: Subject, threshold: float) -> dict[str, float]:
    """Norms of the whole gradient over parts of the batch, and the share of them that a threshold would clip."""
    copy = subject.copied()
    parts = torch.arange(subject.sequences).chunk(8)
    norms = []
    parameters = [p for p in copy.model.parameters() if p.requires_grad]
    for part in parts:
        loss = copy.part(part).run().loss
        if not loss.requires_grad:
            return {}
        copy.model.zero_grad()
        with theirs("when the loss was followed back"), seeded():
            loss.backward()
        norms.append(math.sqrt(sum(float((p.grad.abs() ** 2).sum()) for p in parameters if p.grad is not None)))
    values = np.array(norms)
    median, high, largest = (float(q) for q in np.quantile(values, (0.5, 0.9, 1.0)))
    share = float((values > threshold).mean())
    return {"median": median, "quantile_90": high, "largest": largest, "threshold": threshold, "share": share}
