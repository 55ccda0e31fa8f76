"""Unrolled networks: shares of the gradient equal the probe's, and ways between states are those of the papers."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from bench.portraits.model import TechniquePortrait
from bench.portraits.unrolled import NEAREST, SEEDS, STEPS, network, sequences, unrolled
from bench.protocol.preset import parse_technique
from bench.techniques.base import Dial
from bench.techniques.tanh_network import TanhNetwork
from bench.training.flow import Probe


def portrait(spec: str) -> TechniquePortrait:
    return unrolled(*parse_technique(spec))


def ways(spec: str) -> dict[tuple[str, str, int], str]:
    return {(w.start, w.end, w.back): w.how for layer in portrait(spec).layers for w in layer.wires}


@pytest.mark.parametrize("spec", ["tanh", "lstm", "cornn", "tbptt", "residual-depth", "zoneout", "mingru"])
def test_shares_are_the_probes(spec: str) -> None:
    _, cls, dials = parse_technique(spec)
    inputs, targets = sequences()
    probe = Probe(network(cls, dials), range(len(SEEDS)), inputs[0].float(), targets[0].float())
    found = portrait(spec)
    stepping = [layer for layer in found.layers if layer.lanes]
    entry = probe.profiles[probe.outputs[-1], len(stepping) - 1][:, -1:]
    for number, layer in enumerate(stepping):
        for lane in layer.lanes:
            logs = (probe.profiles[lane.state, number] - entry).mean(0).flip(0)
            assert decimal(logs) == pytest.approx(numbers(lane.log10), abs=0.02, nan_ok=True)
            shares = [math.exp(logs[lag]) for lag in found.shown]
            assert lane.shares == pytest.approx(shares, rel=0.02)
    read = (probe.profiles["x", 0] - entry).mean(0).flip(0)
    assert decimal(read) == pytest.approx(numbers(found.inputs), abs=0.02, nan_ok=True)


def decimal(logs: Tensor) -> list[float]:
    return [log / math.log(10) if math.isfinite(log) else math.nan for log in logs.tolist()]


def numbers(logs: tuple[float | None, ...]) -> list[float]:
    return [math.nan if log is None else log for log in logs]


@pytest.mark.parametrize("spec", ["tanh", "gru", "relu", "mingru", "residual-time"])
def test_what_comes_back_on_the_only_way_is_all_that_is_left(spec: str) -> None:
    (layer,) = portrait(spec).layers
    (lane,), (wire,) = layer.lanes, layer.wires
    assert wire.shares[:-1] == lane.shares[1:]
    assert lane.shares[0] == 1
    assert wire.shares[0] < 1 or spec == "residual-time"


def test_the_ways_of_an_lstm_are_those_of_its_equations() -> None:
    """c_t = f ∘ c_{t−1} + i ∘ g and h_t = o ∘ tanh(c_t), where all gates read h_{t−1}."""
    expected = {
        ("c", "c", 1): "elementwise",
        ("c", "h", 0): "elementwise",
        ("h", "c", 1): "matrix",
        ("h", "h", 1): "matrix",
    }
    assert ways("lstm") == expected
    assert ways("lstm-no-forget") == expected | {("c", "c", 1): "unchanged"}, "the constant error carousel"


def test_ways_are_told_by_any_weights_and_not_by_those_of_the_start() -> None:
    assert ways("tanh") == {("h", "h", 1): "matrix"}
    assert ways("irnn") == {("h", "h", 1): "mixed"}, "diagonal at the start alone"
    assert ways("gru") == ways("residual-time") == {("h", "h", 1): "mixed"}
    assert ways("indrnn") == ways("mingru") == {("h", "h", 1): "elementwise"}
    assert ways("cornn")["y", "y", 1] == "unchanged"


def test_the_share_on_a_forget_gate_is_what_it_lets_through() -> None:
    """An LSTM whose forget gates are nearly open passes on nearly all of the cell's gradient."""
    (layer,) = portrait("lstm:forget_bias=8").layers
    (cell,) = [lane for lane in layer.lanes if lane.state == "c"]
    (kept,) = [wire for wire in layer.wires if wire.start == wire.end == "c"]
    for came, left in zip(kept.shares, cell.shares, strict=True):
        assert came == pytest.approx(left, rel=0.01)


@pytest.mark.parametrize("window", [3, 5, 10])
def test_truncation_is_a_cut_at_its_window(window: int) -> None:
    found = portrait(f"tbptt:window={window}")
    assert found.cut == window
    near = found.shown.index(window - 1)
    assert found.shown[near + 1] == window
    (layer,) = found.layers
    (lane,), (wire,) = layer.lanes, layer.wires
    assert lane.shares[near] > 0
    assert lane.shares[near + 1] == wire.shares[near] == 0
    assert lane.log10[window:] == (None,) * (STEPS - window)
    assert "accumulate" in found.hooks


@pytest.mark.parametrize("spec", ["tanh", "lstm", "transformer"])
def test_what_is_not_truncated_shows_its_last_steps(spec: str) -> None:
    found = portrait(spec)
    assert found.cut is None
    assert found.shown == tuple(range(NEAREST))


def test_layers_stand_from_the_input_up_and_tell_what_is_passed_on_beside_them() -> None:
    assert [layer.skip for layer in portrait("residual-depth").layers] == [False, True, True]
    assert [layer.skip for layer in portrait("deep-tanh").layers] == [False, False, False]
    deep = portrait("deep-tanh").layers
    assert deep[-1].lanes[0].shares[0] == 1, "the loss enters at the top"


def test_attention_has_no_steps_and_a_gradient_at_all_of_them() -> None:
    found = portrait("transformer")
    (layer,) = found.layers
    assert not layer.lanes
    assert not layer.wires
    assert all(share > 0 for share in layer.inputs)
    assert portrait("transformer:heads=3").layers[0].inputs, "at a size that three heads divide"


def test_hooks_that_are_overridden_are_named() -> None:
    assert portrait("tanh").hooks == ()
    assert "clip" in portrait("clip-norm").hooks
    assert "penalty" in portrait("omega").hooks
    assert "initialisation" in portrait("orthogonal").hooks
    assert "optimizer" in portrait("sgd").hooks


class Silent(TanhNetwork):
    """No gradient at all: a technique that forgets to follow it back."""

    name = "silent"
    title = called = family = changes = reference = "silent"
    much = Dial(1.0)

    def accumulate(self, inputs: Tensor, targets: Tensor) -> Tensor:
        with torch.no_grad():
            return self.task.loss(self(inputs), targets)


def test_a_gradient_of_nothing_is_nothing() -> None:
    found = unrolled("silent", Silent, {"much": 1.0})
    assert set(found.layers[0].lanes[0].shares) == {0.0}
    assert set(found.layers[0].wires[0].shares) == {0.0}
