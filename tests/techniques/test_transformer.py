"""The Transformer: causal, torch's own layer for each member, and able to go on from what it has kept."""

import math
from dataclasses import replace

import pytest
import torch

from bench.engine.attention import Block, Encoder, positions
from bench.techniques.base import Situation
from bench.techniques.transformer import Transformer
from bench.testing.techniques import BLUEPRINT, EasyTask

E, T, B, N, H, HEADS, DEPTH = 3, 9, 4, 5, 8, 2, 2


def drawn(module):
    """The module in double precision with every parameter, gains and biases too, drawn at random."""
    torch.manual_seed(0)
    for parameter in module.parameters():
        parameter.data = torch.randn(parameter.shape, dtype=torch.float64) * 0.5
    return module


def test_no_step_sees_a_later_one():
    encoder = drawn(Encoder(E, N, H, DEPTH, HEADS))
    x = torch.randn(E, T, B, N, dtype=torch.float64)
    changed = x.clone()
    changed[:, 5] += 1
    before, after = encoder(x)[0], encoder(changed)[0]
    torch.testing.assert_close(after[:, :5], before[:, :5], rtol=0, atol=1e-12)
    assert ((after[:, 5:] - before[:, 5:]).abs().amax((2, 3)) > 1e-6).all()  # and every later one sees it


def test_a_gradient_reaches_the_first_step():
    encoder = drawn(Encoder(1, N, H, DEPTH, HEADS))
    x = torch.randn(1, 400, 1, N, dtype=torch.float64, requires_grad=True)
    (gradient,) = torch.autograd.grad(encoder(x)[0][:, -1].square().sum(), x)
    assert gradient[:, 0].abs().max() > 1e-8


def test_a_block_equals_torchs_layer():
    block = drawn(Block(E, H, HEADS))
    h = torch.randn(E, T, B, H, dtype=torch.float64)
    outputs, _, _ = block(h)
    for e in range(E):
        torchs = torch.nn.TransformerEncoderLayer(H, HEADS, 4 * H, dropout=0.0, norm_first=True).double()
        pairs = [
            (torchs.self_attn.in_proj_weight, torchs.self_attn.in_proj_bias, block.projections),
            (torchs.self_attn.out_proj.weight, torchs.self_attn.out_proj.bias, block.merge),
            (torchs.linear1.weight, torchs.linear1.bias, block.widen),
            (torchs.linear2.weight, torchs.linear2.bias, block.narrow),
        ]
        with torch.no_grad():
            for weight, bias, ours in pairs:
                weight.copy_(ours.weight[e].T)
                bias.copy_(ours.bias[e])
            for norm, ours in ((torchs.norm1, block.before_attention), (torchs.norm2, block.before_map)):
                norm.weight.copy_(ours.gain[e])
                norm.bias.copy_(ours.bias[e])
        mask = torch.nn.Transformer.generate_square_subsequent_mask(T, dtype=torch.float64)
        torch.testing.assert_close(outputs[e], torchs(h[e], src_mask=mask, is_causal=True))


def test_kept_keys_and_values_continue_the_sequence():
    encoder = drawn(Encoder(E, N, H, DEPTH, HEADS))
    x = torch.randn(E, T, B, N, dtype=torch.float64)
    whole, kept = encoder(x)
    first, state = encoder(x[:, :4])
    second, end = encoder(x[:, 4:], state)
    torch.testing.assert_close(torch.cat([first, second], dim=1), whole)
    torch.testing.assert_close(end, kept)
    assert sum(s[0, :, 0].numel() for s in kept) == T * encoder.state_size


def test_positions_are_the_papers():
    table = positions(3, 5, 6)
    for row, step in enumerate((3, 4)):
        for i in range(3):
            angle = step / 10000 ** (2 * i / 6)
            assert table[row, 2 * i].item() == pytest.approx(math.sin(angle))
            assert table[row, 2 * i + 1].item() == pytest.approx(math.cos(angle))


def test_one_members_nan_stays_its_own():
    encoder = drawn(Encoder(E, N, H, DEPTH, HEADS))
    encoder.embedding.weight.data[1] = float("nan")
    encoder(torch.randn(E, T, B, N, dtype=torch.float64))[0].sum().backward()
    for parameter in encoder.parameters():
        assert parameter.grad[[0, 2]].isfinite().all()


def test_dials_set_depth_and_heads_and_impossible_heads_are_declined():
    module = Transformer(replace(BLUEPRINT, dials={"depth": 1, "heads": 2}), EasyTask())
    (encoder,) = module.layers
    assert [block.heads for block in encoder.blocks] == [2]
    known = {"task": "adding", "lag": 20, "steps": 20}
    assert Transformer.skip(Situation(**known, hidden_size=8, dials={"heads": 4})) is None
    assert (
        Transformer.skip(Situation(**known, hidden_size=6, dials={"heads": 4}))
        == "6 units cannot be divided into 4 heads"
    )
