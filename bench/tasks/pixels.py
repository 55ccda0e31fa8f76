"""Images of handwritten digits that are shown one pixel a step."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

import torch.nn.functional as F
from torch import Generator, Tensor

from bench.batch import Batch
from bench.tasks.base import Split, Task
from bench.tasks.images import Images, draw


class Pixels(Task, ABC):
    """Name the digit of an image after its pixels, one a step, and blank steps; a subclass orders the pixels."""

    inputs, outputs = 1, 10
    least_lag = 0
    metric_name = "share of images classified correctly"

    pixels: ClassVar[int]
    """Pixels of an image."""

    @abstractmethod
    def images(self) -> dict[Split, Images]:
        """The images by split."""

    @abstractmethod
    def arrange(self, pixels: Tensor) -> Tensor:
        """Put the pixels (pixels, batch) into the order in which they are shown."""

    def sample(self, generator: Generator, batch_size: int, lag: int, split: Split = "train") -> Batch:
        """Draw images (pixels + lag, batch, 1) and their digits (1, batch).

        Raises BenchError if more held-out images are asked for than there are.
        """
        self.check_lag(lag)
        pixels, labels = draw(self.images()[split], generator, batch_size, split, self.name)
        return Batch(F.pad(self.arrange(pixels), (0, 0, 0, lag)).unsqueeze(-1), labels.unsqueeze(0))

    def steps(self, lag: int) -> int:
        """The pixels and the blank steps."""
        return self.pixels + lag

    def trivial_level(self, lag: int) -> float:
        """The share of the commonest digit in the test set."""
        return self.images()["test"].commonest
