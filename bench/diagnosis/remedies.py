"""Remedies, by verdict and by what the model is made of; each with the evidence that it helps."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from torch import nn

from bench.diagnosis.evidence import Evidence
from bench.diagnosis.findings import Diagnosis, Remedy
from bench.evidence.offers import OFFERS
from bench.languages import Message

OPEN = 2.0
"""Sum of the two forget biases below which gates begin rather closed: σ(2) is 0.88."""


WILD = 10.0
"""Median norm from which a gradient is too large to take a threshold from it."""


def _first(model: nn.Module, wanted: Callable[[nn.Module], bool]) -> str | None:
    return next((name for name, module in model.named_modules() if wanted(module)), None)


def _closed_lstm(model: nn.Module) -> str | None:
    """The first LSTM whose forget gates begin rather closed."""
    return _first(model, lambda m: type(m) is nn.LSTM and _forget_bias(m) < OPEN)


def _forget_bias(layer: nn.LSTM) -> float:
    if not layer.bias:
        return 0.0
    whole = layer.get_parameter("bias_ih_l0") + layer.get_parameter("bias_hh_l0")
    return float(whole[layer.hidden_size : 2 * layer.hidden_size].detach().mean())


def _lstm(model: nn.Module) -> str | None:
    return _first(model, lambda m: type(m) is nn.LSTM)


def _plain(model: nn.Module) -> str | None:
    return _first(model, lambda m: type(m) is nn.RNN)


def _own(model: nn.Module) -> str | None:
    """The model itself, if it is recurrent without a layer of torch's."""
    fused = _first(model, lambda m: isinstance(m, nn.RNNBase | nn.Conv1d | nn.MultiheadAttention))
    return "" if fused is None else None


def _any(model: nn.Module) -> str | None:
    return ""


FITS: dict[tuple[str, str], Callable[[nn.Module], str | None]] = {
    ("lstm-chrono", "lstm"): _closed_lstm,
    ("gru", "lstm"): _lstm,
    ("gru", "tanh"): _plain,
    ("orthogonal", "tanh"): _plain,
    ("residual-time", "tanh"): _own,
    ("clip-norm", "tanh"): _any,
    ("tbptt", "tbptt"): _any,
}
"""The name of the layer of a model that an offer would change, None if there is none: by its technique and baseline."""


def remedies(found: Diagnosis, model: nn.Module, needed: int, evidence: Evidence) -> tuple[Remedy, ...]:
    """Choose the remedies that fit a verdict and a model. needed: number of steps that a gradient has to travel."""
    return tuple(_chosen(found, model, needed, evidence))


def _chosen(found: Diagnosis, model: nn.Module, needed: int, evidence: Evidence) -> Iterator[Remedy]:
    norm = found.clip.get("median", 1.0)
    norm = norm if 0 < norm < WILD else 1.0
    for offer in OFFERS:
        if found.verdict not in offer.verdicts or (layer := FITS[offer.technique, offer.baseline](model)) is None:
            continue
        place = f"model.{layer}" if layer else "model"
        code = offer.lines(place, str(needed), f"{norm:.2g}")
        basis = evidence.of(offer.technique, offer.baseline, offer.claims)
        yield Remedy(offer.technique, Message(offer.says), basis, code, offer.changes_model)
