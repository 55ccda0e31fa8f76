"""The temporal convolutional network: causal, torch's own convolutions for each member, and it sees the first step."""

from dataclasses import replace

import pytest
import torch
from stacks_by_hand import formula

from bench.engine.temporal_convolution import TemporalConvolution, levels
from bench.techniques.contract import TINY, EasyTask
from bench.techniques.tcn import TCN

E, T, B, N, H, LEVELS, KERNEL = 2, 13, 3, 4, 6, 2, 3


def drawn(scale=0.5):
    """The network in double precision, every parameter moved away from where it starts."""
    network = TemporalConvolution(E, N, H, LEVELS, KERNEL)
    draw = torch.Generator().manual_seed(1)
    for parameter in network.parameters():
        parameter.data = scale * torch.randn(parameter.shape, generator=draw, dtype=torch.float64)
    return network, torch.randn(E, T, B, N, generator=draw, dtype=torch.float64, requires_grad=True)


def convolved(conv, e, x):
    """torch's convolution of one member's sequences (B, ·, T), padded by hand."""
    v = conv.direction[e]
    norm = (v**2).sum((0, 1)) ** 0.5
    weight = (v * conv.gain[e] / norm).permute(2, 1, 0).flip(-1)
    padded = torch.nn.functional.pad(x, (conv.reach, 0))
    return torch.nn.functional.conv1d(padded, weight, conv.bias[e], dilation=conv.dilation)


def by_torch(network, x):
    found = []
    for e in range(E):
        h = x[e].permute(1, 2, 0)
        for block in network.blocks:
            y = torch.relu(convolved(block.second, e, torch.relu(convolved(block.first, e, h))))
            if block.shortcut is not None:
                h = torch.einsum("bit,io->bot", h, block.shortcut.weight[e]) + block.shortcut.bias[e][:, None]
            h = torch.relu(h + y)
        found.append(h.permute(2, 0, 1))
    return torch.stack(found)


def test_values_and_gradients_equal_torchs_convolutions():
    network, x = drawn()
    leaves = [x, *network.parameters()]
    outputs = network(x)[0], by_torch(network, x)
    torch.testing.assert_close(*outputs, rtol=1e-10, atol=1e-12)
    weights = torch.randn(outputs[0].shape, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    gradients = [torch.autograd.grad((y * weights).sum(), leaves) for y in outputs]
    torch.testing.assert_close(*gradients, rtol=1e-9, atol=1e-11)


def test_a_public_implementation_gives_the_same_numbers():
    """The numbers are those of locuslab/TCN, TCN/tcn.py, TemporalConvNet without dropout, at its last step."""
    network = TemporalConvolution(1, N, H, LEVELS, KERNEL)
    for place, (_, parameter) in enumerate(sorted(network.named_parameters())):
        parameter.data = formula(parameter.shape, place)
    outputs, _ = network(formula((1, T, 1, N), 0.5))
    numbers = torch.tensor(
        [1.319658729085, 0.677866868, 2.017332863507, 1.568164732179, 2.220694751677, 2.978858178228],
        dtype=torch.float64,
    )
    torch.testing.assert_close(outputs[0, -1, 0], numbers, rtol=0, atol=1e-11)


def test_no_step_sees_a_later_one():
    network, x = drawn()
    changed = x.detach().clone()
    changed[:, 5] += 1
    before, after = network(x)[0], network(changed)[0]
    assert torch.equal(after[:, :5], before[:, :5])
    assert not torch.equal(after[:, 5], before[:, 5])


@pytest.mark.parametrize("first", [3, 11])
def test_kept_inputs_continue_the_sequence(first):
    """They do so also where the first part is shorter than what a convolution sees."""
    network, x = drawn()
    whole, last = network(x)
    begin, state = network(x[:, :first])
    rest, ends = network(x[:, first:], state)
    torch.testing.assert_close(torch.cat([begin, rest], dim=1), whole, rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(ends, last, rtol=1e-12, atol=1e-12)
    assert sum(kept[0, :, 0].numel() for kept in ends) == network.state_size


@pytest.mark.parametrize("kernel", [2, 3, 7])
@pytest.mark.parametrize("steps", [1, 5, 6, 29, 100])
def test_the_last_step_sees_the_first_with_as_few_blocks_as_that_takes(steps, kernel):
    count = levels(steps, kernel)
    reach = 2 * (kernel - 1) * sum(2**level for level in range(count))
    assert reach >= steps - 1
    assert count == 1 or reach - 2 * (kernel - 1) * 2 ** (count - 1) < steps - 1
    module = TCN(replace(TINY, steps=steps, lag=steps, dials={"kernel": kernel}), EasyTask()).double()
    for parameter in module.parameters():
        parameter.data.abs_()
    x = torch.rand(len(TINY.seeds), steps, 2, TINY.inputs, generator=torch.Generator().manual_seed(1)).double()
    x.requires_grad_()
    (gradient,) = torch.autograd.grad(module.body(x)[0][:, -1].sum(), x)
    assert (gradient[:, 0] > 0).all(), "with weights above 0 every path counts"


def test_weights_start_as_they_are_drawn():
    network = TCN(TINY, EasyTask()).layers[0]
    for block in network.blocks:
        for conv in block.convolutions():
            torch.testing.assert_close(conv.gain, conv.direction.square().sum((1, 2)).sqrt())
            assert conv.direction.abs().max() <= (conv.direction.shape[1] * conv.direction.shape[2]) ** -0.5
            assert not conv.bias.any()
