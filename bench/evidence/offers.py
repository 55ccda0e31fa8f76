"""Remedies for a network that does not learn: lines of PyTorch, as text, and the claims that speak for them."""

from __future__ import annotations

from dataclasses import dataclass

from bench.languages import words


@dataclass(frozen=True)
class Offer:
    """A remedy, and what it is for."""

    technique: str
    """Its name in the benchmark."""
    verdicts: tuple[str, ...]
    """The verdicts of a diagnosis that it is for."""
    baseline: str
    """The technique of the benchmark that it would replace."""
    claims: tuple[str, ...]
    """Claims of the benchmark that speak of it."""
    says: str
    code: str
    """Lines of Python, in which `model.LAYER` stands for the layer, LAG for the steps and NORM for a threshold."""
    changes_model: bool = True

    def lines(self, layer: str, lag: str, norm: str) -> str:
        """The code for a layer, as `model.rnn`, that many steps and a threshold."""
        return self.code.replace("model.LAYER", layer).replace("LAG", lag).replace("NORM", norm)


OFFERS = (
    Offer(
        "lstm-chrono", ("vanishes",), "lstm", ("S07", "E03"),
        words("Let forget gates begin open, spread over the lags that matter (chrono start)."),
        "n = model.LAYER.hidden_size\n"
        "with torch.no_grad():\n"
        "    model.LAYER.bias_hh_l0.zero_()\n"
        "    model.LAYER.bias_ih_l0[n:2 * n] = torch.log(1 + LAG * torch.rand(n))\n"
        "    model.LAYER.bias_ih_l0[:n] = -model.LAYER.bias_ih_l0[n:2 * n]",
    ),
    Offer(
        "gru", ("vanishes",), "lstm", ("S06",),
        words("Try a GRU in the place of the LSTM."),
        "model.LAYER = nn.GRU(model.LAYER.input_size, model.LAYER.hidden_size, batch_first=model.LAYER.batch_first)",
    ),
    Offer(
        "gru", ("vanishes",), "tanh", ("S06",),
        words("Try a GRU in the place of the plain layer."),
        "model.LAYER = nn.GRU(model.LAYER.input_size, model.LAYER.hidden_size, batch_first=model.LAYER.batch_first)",
    ),
    Offer(
        "orthogonal", ("vanishes", "explodes"), "tanh", ("E02", "E05"),
        words("Start the recurrent weights of a plain layer orthogonal."),
        "nn.init.orthogonal_(model.LAYER.weight_hh_l0)",
    ),
    Offer(
        "residual-time", ("vanishes",), "tanh", ("S21",),
        words("Add the old state to the new one, scaled: a residual connection over time."),
        "h = h + 0.1 * step(x_t, h)  # in a loop of your own, where h = step(x_t, h) stood",
        changes_model=False,
    ),
    Offer(
        "clip-norm", ("explodes",), "tanh", ("S15", "S17"),
        words("Clip gradients by their norm."),
        "nn.utils.clip_grad_norm_(model.parameters(), NORM)  # after backward(), before step()",
        changes_model=False,
    ),
    Offer(
        "tbptt", ("cut",), "tbptt", ("S26",),
        words("Follow the gradient further: a window longer than the lag that matters."),
        "h = h.detach()  # only between windows, each of more than LAG steps",
        changes_model=False,
    ),
)  # fmt: skip


def offer(technique: str, baseline: str) -> Offer:
    """The offer of a technique in the place of another; raises StopIteration if there is none."""
    return next(one for one in OFFERS if (one.technique, one.baseline) == (technique, baseline))
