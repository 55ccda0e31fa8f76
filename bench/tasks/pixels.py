"""Images of handwritten digits that are shown one pixel a step."""

from __future__ import annotations

from abc import ABC, abstractmethod
from functools import cache
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import Generator, Tensor

from bench.batch import Batch
from bench.errors import BenchError
from bench.tasks.base import Split, Task

PIXELS = 64
HELD_OUT = 400


class Images(NamedTuple):
    """One split: pixels (64, images) in [0, 1], row by row from the top left; labels (images,)."""

    pixels: Tensor
    labels: Tensor


@cache
def load_images() -> dict[Split, Images]:
    """All 1797 images in three parts that share none and have one mix of digits; always the same parts."""
    # scikit-learn takes a second to import, which listing the tasks should not cost.
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    pixels, labels = load_digits(return_X_y=True)
    rest, test = train_test_split(np.arange(len(labels)), test_size=HELD_OUT, stratify=labels, random_state=0)
    train, validation = train_test_split(rest, test_size=HELD_OUT, stratify=labels[rest], random_state=0)
    parts: dict[Split, np.ndarray] = {"train": train, "validation": validation, "test": test}
    return {
        split: Images(torch.tensor(pixels[part].T / 16, dtype=torch.float32), torch.tensor(labels[part]))
        for split, part in parts.items()
    }


class Pixels(Task, ABC):
    """Name the digit of an 8×8 image after its pixels, one a step, and blank steps; a subclass orders the pixels."""

    inputs, outputs = 1, 10
    least_lag = 0
    most_held_out = HELD_OUT
    metric_name = "share of images classified correctly"

    def sample(self, generator: Generator, batch_size: int, lag: int, split: Split = "train") -> Batch:
        """Draw images (64 + lag, batch, 1) and their digits (1, batch).

        Raises BenchError if more held-out images are asked for than there are.
        """
        self.check_lag(lag)
        images = load_images()[split]
        count = len(images.labels)
        if split == "train":
            drawn = torch.randint(count, (batch_size,), generator=generator)
        elif batch_size <= count:
            drawn = torch.randperm(count, generator=generator)[:batch_size]
        else:
            raise BenchError(
                f"Task '{self.name}' has {count} {split} images, not {batch_size}: "
                f"give --held-out-size {count} or less."
            )
        pixels = self.arrange(images.pixels[:, drawn])
        return Batch(F.pad(pixels, (0, 0, 0, lag)).unsqueeze(-1), images.labels[drawn].unsqueeze(0))

    @abstractmethod
    def arrange(self, pixels: Tensor) -> Tensor:
        """Put the pixels (64, batch) into the order in which they are shown."""

    def steps(self, lag: int) -> int:
        """The pixels and the blank steps."""
        return PIXELS + lag

    def trivial_level(self, lag: int) -> float:
        """The share of the commonest digit in the test set."""
        labels = load_images()["test"].labels
        return labels.bincount().max().item() / len(labels)
