import numpy as np
import pytest
import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits

from bench.errors import BenchError
from bench.tasks.digits import Digits
from bench.tasks.digits_permuted import ORDER, DigitsPermuted
from bench.tasks.images import load_digits as load_images

SIZES = {"train": 997, "validation": 400, "test": 400}
both = pytest.mark.parametrize("task", [Digits(), DigitsPermuted()], ids=lambda task: task.name)


def keys(pixels: torch.Tensor) -> list[bytes]:
    """Names each image (a column) by its pixels; the data hold no image twice."""
    return [column.numpy().tobytes() for column in pixels.T.contiguous()]


def test_the_parts_share_no_image_and_leave_none_out():
    parts = {split: set(keys(images.pixels)) for split, images in load_images().items()}
    assert {split: len(part) for split, part in parts.items()} == SIZES
    assert len(set.union(*parts.values())) == 1797


def test_the_parts_have_the_same_mix_of_digits():
    for images in load_images().values():
        shares = images.labels.bincount() / len(images.labels)
        assert shares.tolist() == pytest.approx((np.bincount(load_digits().target) / 1797).tolist(), abs=0.003)


@pytest.mark.parametrize("split", SIZES)
@pytest.mark.parametrize("lag", [0, 5])
def test_an_image_is_shown_pixel_by_pixel_and_then_blanks(generator, split, lag):
    known = {
        (image / 16).astype(np.float32).tobytes(): label
        for image, label in zip(*load_digits(return_X_y=True), strict=True)
    }
    inputs, targets = Digits().sample(generator, 30, lag, split)
    assert [known[key] for key in keys(inputs[:64, :, 0])] == targets[0].tolist()
    assert set(keys(inputs[:64, :, 0])) <= set(keys(load_images()[split].pixels))
    assert (inputs[64:] == 0).all()
    assert len(inputs) == 64 + lag


def test_the_scrambled_order_is_fixed_and_the_same_for_every_image():
    plain, labels = Digits().sample(torch.Generator().manual_seed(3), 50, 4)
    scrambled, same_labels = DigitsPermuted().sample(torch.Generator().manual_seed(3), 50, 4)
    assert sorted(ORDER.tolist()) == list(range(64))
    assert ORDER[:8].tolist() == [45, 29, 43, 61, 34, 33, 31, 40]
    assert torch.equal(scrambled[:64], plain[ORDER])
    assert torch.equal(scrambled[64:], plain[64:])
    assert torch.equal(labels, same_labels)


@both
@pytest.mark.parametrize("split", ["validation", "test"])
def test_held_out_images_are_drawn_at_most_once(generator, task, split):
    for count in (50, SIZES[split]):
        inputs, _ = task.sample(generator, count, 0, split)
        assert len(set(keys(inputs[..., 0]))) == count
    with pytest.raises(BenchError, match=f"'{task.name}' has 400 {split} images, not 401: .* 400 or less"):
        task.sample(generator, 401, 0, split)


def test_training_may_draw_more_than_there_are(generator):
    inputs, _ = Digits().sample(generator, 5_000, 0, "train")
    assert 980 < len(set(keys(inputs[..., 0]))) <= SIZES["train"]


@both
def test_the_trivial_level_is_the_best_constant_answer_to_the_whole_test(generator, task):
    _, targets = task.sample(generator, SIZES["test"], 0, "test")
    constants = torch.arange(10).view(10, 1, 1).expand(10, 1, SIZES["test"])
    shares = task.metric(F.one_hot(constants, 10).float(), targets.expand(10, 1, -1))
    assert shares.max().item() == pytest.approx(task.trivial_level(0))


def test_the_images_are_loaded_once_and_a_batch_is_a_copy(generator):
    state = generator.get_state()
    inputs, targets = Digits().sample(generator, 20, 0)
    expected = inputs.clone(), targets.clone()
    inputs.zero_()
    targets.zero_()
    again = Digits().sample(generator.set_state(state), 20, 0)
    assert torch.equal(again[0], expected[0])
    assert torch.equal(again[1], expected[1])
    assert load_images() is load_images()
