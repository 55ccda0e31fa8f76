"""Remedies, by verdict and by what the model is made of; each with the evidence that it helps."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from torch import nn

from bench.diagnosis.evidence import Evidence
from bench.diagnosis.findings import Diagnosis, Remedy
from bench.languages import Message, words

OPEN = 2.0
"""Sum of the two forget biases below which gates begin rather closed: σ(2) is 0.88."""


WILD = 10.0
"""Median norm from which a gradient is too large to take a threshold from it."""


@dataclass(frozen=True)
class Offer:
    """A remedy, and when it fits."""

    technique: str
    """Its name in the benchmark."""
    verdicts: tuple[str, ...]
    baseline: str
    """The technique of the benchmark that it would replace."""
    fits: Callable[[nn.Module], str | None]
    """Name of the layer of a model that it would change; None if there is no such layer."""
    claims: tuple[str, ...]
    """Claims of the benchmark that speak of it."""
    says: str
    code: str
    """Lines of Python, in which LAYER stands for the layer, LAG for the steps and NORM for a threshold."""
    changes_model: bool = True


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


OFFERS = (
    Offer(
        "lstm-chrono", ("vanishes",), "lstm", _closed_lstm, ("S07", "E03"),
        words("Let forget gates begin open, spread over the lags that matter (chrono start)."),
        "n = model.LAYER.hidden_size\n"
        "with torch.no_grad():\n"
        "    model.LAYER.bias_hh_l0.zero_()\n"
        "    model.LAYER.bias_ih_l0[n:2 * n] = torch.log(1 + LAG * torch.rand(n))\n"
        "    model.LAYER.bias_ih_l0[:n] = -model.LAYER.bias_ih_l0[n:2 * n]",
    ),
    Offer(
        "gru", ("vanishes",), "lstm", _lstm, ("S06",),
        words("Try a GRU in the place of the LSTM."),
        "model.LAYER = nn.GRU(model.LAYER.input_size, model.LAYER.hidden_size, batch_first=model.LAYER.batch_first)",
    ),
    Offer(
        "gru", ("vanishes",), "tanh", _plain, ("S06",),
        words("Try a GRU in the place of the plain layer."),
        "model.LAYER = nn.GRU(model.LAYER.input_size, model.LAYER.hidden_size, batch_first=model.LAYER.batch_first)",
    ),
    Offer(
        "orthogonal", ("vanishes", "explodes"), "tanh", _plain, ("E02", "E05"),
        words("Start the recurrent weights orthogonal."),
        "nn.init.orthogonal_(model.LAYER.weight_hh_l0)",
    ),
    Offer(
        "residual-time", ("vanishes",), "tanh", _own, ("S21",),
        words("Add the old state to the new one, scaled: a residual connection over time."),
        "h = h + 0.1 * step(x_t, h)  # in place of h = step(x_t, h)",
        changes_model=False,
    ),
    Offer(
        "clip-norm", ("explodes",), "tanh", _any, ("S15", "S17"),
        words("Clip gradients by their norm."),
        "torch.nn.utils.clip_grad_norm_(model.parameters(), NORM)  # after backward, before the step",
        changes_model=False,
    ),
    Offer(
        "tbptt", ("cut",), "tbptt", _any, ("S26",),
        words("Follow the gradient further: a window longer than the lag that matters."),
        "# carry the state within a window of more than LAG steps, and detach only between windows",
        changes_model=False,
    ),
)  # fmt: skip


def remedies(found: Diagnosis, model: nn.Module, needed: int, evidence: Evidence) -> tuple[Remedy, ...]:
    """Choose the remedies that fit a verdict and a model. needed: number of steps that a gradient has to travel."""
    return tuple(_chosen(found, model, needed, evidence))


def _chosen(found: Diagnosis, model: nn.Module, needed: int, evidence: Evidence) -> Iterator[Remedy]:
    norm = found.clip.get("median", 1.0)
    norm = norm if 0 < norm < WILD else 1.0
    for offer in OFFERS:
        if found.verdict not in offer.verdicts or (layer := offer.fits(model)) is None:
            continue
        place = f"model.{layer}" if layer else "model"
        code = offer.code.replace("model.LAYER", place).replace("LAG", str(needed)).replace("NORM", f"{norm:.2g}")
        basis = evidence.of(offer.technique, offer.baseline, offer.claims)
        yield Remedy(offer.technique, Message(offer.says), basis, code, offer.changes_model)
