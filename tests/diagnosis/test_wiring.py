"""Each mistake of wiring is found, and a right model is left alone."""

from collections.abc import Callable

import pytest
import torch
from made_up.sequence_models import Linear, Reader, noise
from torch import Tensor, nn

import bench
from bench.diagnosis import wiring
from bench.diagnosis.subject import Batch, Subject

ONE = noise(inputs=2, targets=1)
LENGTHS = Batch(ONE.x, ONE.y, torch.tensor([20, 3, 7] * 4))


class Stateful(Reader):
    state: Tensor | None = None

    def forward(self, x: Tensor) -> Tensor:
        out, (self.state, _) = self.rnn(x, None if self.state is None else (self.state, torch.zeros_like(self.state)))
        return self.readout(out[:, -1])


class Ignoring(Reader):
    def forward(self, x: Tensor) -> Tensor:
        return super().forward(torch.zeros_like(x))


class Detached(Reader):
    def forward(self, x: Tensor) -> Tensor:
        return self.readout(self.rnn(x)[0][:, -1].detach())


class Stepwise(Reader):
    def forward(self, x: Tensor) -> Tensor:
        return nn.functional.pad(self.readout(self.rnn(x)[0]), (0, 1))  # two columns, as x has


class Noisy(Reader):
    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x) + torch.randn(1)


def found(model: nn.Module, batch: Batch = ONE, loss: object = "mse", **more: object) -> str:
    finding = wiring.examine(Subject(model, batch, loss, **more).doubled())  # type: ignore[arg-type]
    assert finding.verdict == ("healthy" if finding.says.startswith("Outputs depend on the") else "wiring")
    return finding.says


@pytest.mark.parametrize("kind", [nn.RNN, nn.LSTM, nn.GRU])
def test_right_models_are_left_alone(kind: type[nn.RNNBase]) -> None:
    assert "no others" in found(Reader(kind))
    assert "no others" in found(Noisy(kind)), "random numbers are the same in each run"
    assert "no others" in found(Linear(0.9, 2), Batch(ONE.x, ONE.x[:, 0]))


WRONG: dict[str, tuple[Callable[[], str], str]] = {
    "state": (lambda: found(Stateful()), "keeps a state"),
    "ignored": (lambda: found(Ignoring()), "do not depend on the inputs"),
    "equal": (lambda: found(Reader(), Batch(ONE.x[:1].expand(12, 20, 2), ONE.y)), "All sequences"),
    "mixed": (lambda: found(Reader(batch_first=False)), "Give rnn batch_first=True"),
    "dead": (lambda: found(Detached()), "No parameter of rnn has"),
    "backward": (lambda: found(Reader(bidirectional=True)), "seen one step alone"),
    "nan": (lambda: found(Reader(), Batch(ONE.x / 0, ONE.y)), "x holds 480 values"),
    "padding": (lambda: found(Reader(), LENGTHS), "stands behind the end"),
    "broadcast": (
        lambda: found(Reader(), Batch(ONE.x, ONE.y[:, 0]), lambda out, y: ((out - y) ** 2).mean()),
        "by broadcasting",
    ),
    "rounded": (lambda: found(Reader(), loss=lambda out, y: (out.round().detach() - y).abs().mean()), "no gradient"),
    "future": (lambda: found(Stepwise(bidirectional=True), Batch(ONE.x, ONE.x), causal=True), "see the future"),
    "next": (lambda: found(Stepwise(bidirectional=True), Batch(ONE.x, ONE.x.roll(-1, 1))), "each target is the next"),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
@pytest.mark.filterwarnings("ignore:Using a target size")
def test_mistakes_are_found(name: str) -> None:
    run, says = WRONG[name]
    torch.manual_seed(0)
    assert says in run()


def test_a_readout_of_zeros_is_no_mistake() -> None:
    model = Reader()
    nn.init.zeros_(model.readout.weight)
    assert "no others" in found(model)


def test_diagnosing_leaves_no_trace() -> None:
    model, before = Stateful(), torch.get_rng_state()
    weights = {name: value.clone() for name, value in model.state_dict().items()}
    bench.diagnose(model, (ONE.x, ONE.y))
    assert torch.equal(before, torch.get_rng_state())
    assert model.state is None
    assert model.training
    assert all(p.grad is None for p in model.parameters())
    assert all(torch.equal(weights[name], value) for name, value in model.state_dict().items())
