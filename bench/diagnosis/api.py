"""The diagnosis as a function of Python objects."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from bench.diagnosis import chain
from bench.diagnosis.evidence import Evidence
from bench.diagnosis.findings import Diagnosis
from bench.diagnosis.seen import Settings
from bench.diagnosis.subject import TRAINING_STEP, Batch, Loss, Subject, checked, seeded
from bench.errors import BenchError

LOSSES = ("mse", "cross-entropy")


def diagnose(
    model: nn.Module,
    batch: Batch | Sequence[Any],
    loss: str | Loss | None = None,
    *,
    time_dim: int = 1,
    lengths: Any = None,
    causal: bool = False,
    trained: bool = False,
    lag: int | None = None,
    seeds: int = 5,
    seconds: float = 60.0,
    updates: int = 200,
    clip: float = 1.0,
    fresh: Callable[[int], nn.Module] | None = None,
    evidence: Evidence | None = None,
    ladder: bool = False,
    attempts: bool = False,
) -> Diagnosis:
    """Find out why a sequence model does not learn: its wiring, its task, its gradient over time, or what it uses.

    The model and its state are left as they are, and so are the process's random numbers; copies are run.

    model: called with x (sequences, steps, …), or with lengths, too, if its `forward` has an argument of that name.
    batch: (x, y) or (x, y, lengths), tensors or arrays. y has a target for each sequence, or for each step.
    loss: 'mse', 'cross-entropy' or a function of what the model returns and y; by default what the targets ask for, or
    a LightningModule's own `training_step`.
    time_dim: axis of the steps. causal: an output must not see later inputs. trained: the weights are a training's end.
    lag: number of steps back at which what matters lies, if that is known. fresh: makes the model anew from a seed.
    updates, seconds: most of both for the short training of a copy. clip: threshold whose share is told. evidence: what
    remedies rest on, if not on what comes with the program. ladder: also set the module tasks of ours at rising lags.
    attempts: also train copies with each remedy, for `seeds` seeds. Either takes up to `seconds` more.

    Raises BenchError where something does not fit together, or where the user's own code raises an error.
    """
    if not isinstance(model, nn.Module):
        raise BenchError(f"The model is {type(model).__name__}, not a torch.nn.Module.")
    if isinstance(loss, str) and loss not in LOSSES:
        raise BenchError(f"Unknown loss '{loss}': choose from {', '.join(LOSSES)}, or give a function.")
    if time_dim < 0:
        raise BenchError("The axis of steps is counted from 0.")
    given = _as_the_model(as_batch(batch, lengths), model)
    with torch.enable_grad(), seeded():
        subject = checked(Subject(model, given, loss or _usual(model, given), time_dim, causal, trained, fresh))
        if lag is not None and not 0 < lag < subject.steps:
            raise BenchError(f"The lag is {lag}: it has to be at least 1, and less than the number of steps.")
        settings = Settings(lag, max(1, seeds), seconds, updates, clip, ladder, attempts, evidence or Evidence())
        found = chain.run(subject, settings)
    _log(found)
    return found


def _as_the_model(batch: Batch, model: nn.Module) -> Batch:
    """The batch in the model's precision and on its device."""
    weights = next((p for p in model.parameters() if p.is_floating_point()), None)
    if weights is None:
        return batch
    x, y = (v.to(weights.device, weights.dtype if v.is_floating_point() else v.dtype) for v in (batch.x, batch.y))
    return Batch(x, y, batch.lengths)


def _log(found: Diagnosis) -> None:
    """Log to the user's active run of MLflow, if there is one; without MLflow there is none."""
    if "mlflow" in sys.modules:
        from bench.tracking.diagnoses import log_to_active_run

        log_to_active_run(found.to_dict())


def as_batch(batch: Batch | Sequence[Any], lengths: Any = None) -> Batch:
    """A batch from tensors, arrays or lists. Raises BenchError if they are none."""
    if isinstance(batch, Batch):
        return batch
    if not isinstance(batch, list | tuple) or len(batch) not in (2, 3):
        raise BenchError("A batch is (x, y) or (x, y, lengths).")
    lengths = batch[2] if len(batch) == 3 else lengths
    x, y = _tensor("x", batch[0]), _tensor("y", batch[1])
    return Batch(x, y, None if lengths is None else _tensor("lengths", lengths).long())


def _tensor(name: str, values: Any) -> Tensor:
    if not isinstance(values, Tensor):
        try:
            array = np.asarray(values)
            values = torch.from_numpy(np.ascontiguousarray(array))
        except (TypeError, ValueError) as error:
            raise BenchError(f"{name} is no array of numbers: {error}.") from None
    if values.is_complex() or values.is_sparse:
        raise BenchError(f"{name} must be an ordinary array of real numbers.")
    values = values.detach()
    if values.dtype == torch.bool:
        return values.long() if name != "x" else values.float()
    if values.is_floating_point():
        return values.to(torch.get_default_dtype())
    return values.long()


def _usual(model: nn.Module, batch: Batch) -> str:
    if _is_lightning(model) and callable(getattr(model, "training_step", None)):
        return TRAINING_STEP
    return "mse" if batch.y.is_floating_point() else "cross-entropy"


def _is_lightning(model: nn.Module) -> bool:
    return any(base.__name__ == "LightningModule" for base in type(model).__mro__)
