"""Checkpoints: the gradient of full back-propagation, in the memory of the root of its steps."""

from dataclasses import replace

import pytest
import torch

from bench.protocol.preset import Selectors, load_preset, resolve
from bench.techniques.checkpointing import Checkpointing
from bench.techniques.contract import TINY, EasyTask
from bench.techniques.tanh import Tanh
from bench.training.cohort import build
from bench.training.cost import one_member, peak_bytes
from bench.training.flow import Probe


@pytest.mark.parametrize(("dtype", "error"), [(torch.float64, 1e-12), (torch.float32, 1e-6)])
@pytest.mark.parametrize(("steps", "scored"), [(1, 1), (2, 1), (16, 3), (23, 2), (101, 101)])
def test_the_gradient_is_that_of_full_back_propagation(steps, scored, dtype, error):
    sizes = {"lag": steps, "steps": steps, "scored": scored}
    own, full = (cls(replace(TINY, **sizes), EasyTask()).to(dtype) for cls in (Checkpointing, Tanh))
    x = torch.randn(3, steps, 7, TINY.inputs, generator=torch.Generator().manual_seed(1)).to(dtype)
    targets = x[:, -scored:, :, : TINY.outputs]
    torch.testing.assert_close(own.accumulate(x, targets), full.accumulate(x, targets), rtol=error, atol=error)
    for one, other in zip(own.parameters(), full.parameters(), strict=True):
        torch.testing.assert_close(one.grad, other.grad, rtol=10 * error, atol=error)


def peak(technique, lag, task):
    chosen = Selectors(techniques=(technique,), tasks=(task,), lags=(lag,), batch_size=8, hidden_size=32)
    return peak_bytes(one_member(resolve(load_preset("smoke"), chosen).settings[0])[1])


@pytest.mark.parametrize("task", ["adding", "parity"], ids=["scored at the end", "scored everywhere"])
def test_its_memory_grows_as_the_root_of_the_length(task):
    """In a sequence sixteen times as long it is about four times as much."""
    short, long = (peak("checkpointing", lag, task) for lag in (400, 6400))
    assert 2 < long / short < 6
    assert peak("tanh", 6400, task) > 10 * long


def test_a_probe_sees_the_baselines_gradients():
    study = resolve(
        load_preset("smoke"), Selectors(techniques=("checkpointing", "tanh"), tasks=("adding",), lags=(20,))
    )
    profiles = []
    for setting in study.settings:
        module = build(setting, study.measured_cohort(setting, 0.01).members)
        inputs, targets = module.task.sample(torch.Generator().manual_seed(1), 3, 20)
        probe = Probe(module, [0], inputs, targets)
        torch.testing.assert_close(probe.cosine, torch.ones(1), check_dtype=False)
        profiles.append(probe.profiles)
    assert profiles[0].keys() == profiles[1].keys()
    for key, profile in profiles[0].items():
        torch.testing.assert_close(profile, profiles[1][key])
