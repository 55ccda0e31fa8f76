import pytest
import torch

from bench.tasks.adding import Adding

task = Adding()


@pytest.mark.parametrize("lag", [2, 3, 7, 50])
def test_exactly_one_marker_lies_in_each_half(generator, lag):
    markers = task.sample(generator, 500, lag)[0][..., 1]
    assert set(markers.unique().tolist()) <= {0.0, 1.0}
    assert (markers[: lag // 2].sum(0) == 1).all()
    assert (markers[lag // 2 :].sum(0) == 1).all()


def test_markers_are_spread_evenly_over_each_half(generator):
    lag, sequences = 11, 22_000
    hits = task.sample(generator, sequences, lag)[0][..., 1].sum(1)
    expected = torch.tensor([sequences / 5] * 5 + [sequences / 6] * 6)
    assert ((hits - expected).abs() < 5 * expected.sqrt()).all()


def test_target_is_the_sum_of_the_marked_values(generator):
    inputs, targets = task.sample(generator, 40, 9)
    for sequence, target in zip(inputs.unbind(1), targets[0].tolist(), strict=True):
        assert target == pytest.approx(sum(value for value, marker in sequence.tolist() if marker == 1.0))


def test_values_are_uniform(generator):
    values = task.sample(generator, 2_000, 20)[0][..., 0]
    shares = values.histc(10, min=0.0, max=1.0) / values.numel()
    assert values.min() >= 0
    assert values.max() <= 1
    assert shares.tolist() == pytest.approx([0.1] * 10, abs=0.01)


def error(answers: torch.Tensor, targets: torch.Tensor) -> float:
    return task.metric(answers.reshape(1, 1, -1, 1), targets.unsqueeze(0)).item()


def test_levels_of_knowing_nothing_and_of_knowing_one_number(generator):
    inputs, targets = task.sample(generator, 40_000, 20)
    values, markers = inputs.unbind(-1)
    first = (values * markers)[:10].sum(0)
    second = (values * markers)[10:].sum(0)
    assert error(torch.ones_like(targets), targets) == pytest.approx(task.trivial_level(20), rel=0.03)
    plateau = task.plateaus["one number known"]
    assert error(first + 0.5, targets) == pytest.approx(plateau, rel=0.03)
    assert error(second + 0.5, targets) == pytest.approx(plateau, rel=0.03)
    assert task.solved(error(first + second, targets))


def test_error_is_the_mean_square_of_each_member():
    outputs = torch.tensor([[[[1.6], [1.0]]], [[[1.5], [0.8]]]])  # two members, one step, two sequences
    targets = torch.tensor([[[1.6, 1.0]], [[1.6, 1.0]]])
    assert task.loss(outputs, targets).tolist() == pytest.approx([0.0, (0.1**2 + 0.2**2) / 2])
