"""Members take turns where the memory does not hold all: they train as they would together."""

from dataclasses import replace

import pytest
import torch

from bench.techniques import Technique, techniques
from bench.testing.techniques import BATCH, BLUEPRINT, STEPS, TOLERANCE, EasyTask

MEMBERS = 4
BLUEPRINT_OF_FOUR = replace(BLUEPRINT, seeds=(1, 2, 1, 3), learning_rates=(0.01, 0.01, 0.001, 0.1), clip_norm=0.5)


def train(name, at_once, monkeypatch, share_of_batch=1.0):
    """Three updates with so many members at once: each update's losses, norms and clipped; the module at the end."""
    module = techniques.get(name)(
        BLUEPRINT_OF_FOUR, EasyTask()
    ).double()  # Adam's first steps are signs: of rounding, where a gradient is 0
    module.budget = share_of_batch * at_once * BATCH * module.bytes_each(STEPS, torch.float64)
    sizes = []
    accumulate = type(module).accumulate

    def counted(self, inputs, targets):
        sizes.append(len(inputs))
        return accumulate(self, inputs, targets)

    monkeypatch.setattr(type(module), "accumulate", counted)
    optimizer, draw, records = module.configure_optimizers(), torch.Generator().manual_seed(1), []
    for _ in range(3):
        inputs = torch.randn(MEMBERS, STEPS, BATCH, BLUEPRINT.inputs, generator=draw, dtype=torch.float64)
        records.append(module.update(optimizer, inputs, inputs[:, -2:, :, : BLUEPRINT.outputs]))
    monkeypatch.undo()
    return [torch.stack(each) for each in zip(*records, strict=True)], module, sizes[: len(sizes) // 3]


def assert_same(first, second):
    """Up to rounding: a product of one member and one of several may add up in another order."""
    (losses, norms, clipped), one = first
    (other_losses, other_norms, other_clipped), other = second
    torch.testing.assert_close(losses, other_losses, rtol=0, atol=TOLERANCE)
    torch.testing.assert_close(norms, other_norms, rtol=0, atol=TOLERANCE)
    assert torch.equal(clipped, other_clipped)
    for p, q in zip(one.parameters(), other.parameters(), strict=True):
        torch.testing.assert_close(p.grad, q.grad, rtol=0, atol=TOLERANCE)
        torch.testing.assert_close(p, q, rtol=0, atol=TOLERANCE)


@pytest.mark.parametrize("name", techniques.names())
def test_members_in_turns_train_as_together(name, monkeypatch):
    *whole, sizes = train(name, MEMBERS, monkeypatch)
    assert sizes == [MEMBERS]
    for at_once, expected in ((1, [1] * 4), (2, [2, 2]), (3, [3, 1])):
        *turns, sizes = train(name, at_once, monkeypatch)
        assert sizes == expected
        assert_same(whole, turns)


@pytest.mark.parametrize("name", ["tanh", "lstm", "transformer"])
def test_a_member_too_large_alone_takes_its_sequences_in_turns(name, monkeypatch):
    *whole, _ = train(name, MEMBERS, monkeypatch)
    seen = []
    forward = Technique.forward

    def counted(self, inputs):
        seen.append(tuple(inputs.shape[:3]))
        return forward(self, inputs)

    with monkeypatch.context() as patch:
        patch.setattr(Technique, "forward", counted)
        *turns, _ = train(name, 1, patch, share_of_batch=0.7)
    assert_same(whole, turns)
    assert not seen or seen[0] == (1, STEPS, 4)  # of six sequences


def test_a_parameter_without_a_gradient_keeps_none(monkeypatch):
    module = techniques.get("tanh")(BLUEPRINT_OF_FOUR, EasyTask())
    module.readout.bias.requires_grad_(False)
    module.budget = 1
    inputs = torch.ones(MEMBERS, STEPS, BATCH, BLUEPRINT.inputs)
    module.update(module.configure_optimizers(), inputs, inputs[:, -2:, :, : BLUEPRINT.outputs])
    assert module.readout.bias.grad is None
    assert module.readout.weight.grad is not None
