"""Associative recall with several queries."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Generator

from bench.batch import Batch
from bench.tasks.base import IGNORED, Split, Task

PAIRS = 8
KEYS = VALUES = 16
BLANK = KEYS + VALUES


class Recall(Task):
    """Say which value stood beside each key, whenever a key is shown again.

    With two pairs, keys as letters and values as digits (· blank, ? not scored):

        input   B 7 D 3 · D · · B
        answer  ? ? ? ? ? 3 ? ? 7

    Eight pairs of unlike keys come first, a key and its value in turn; then each key once more, in any order and at
    any of the steps that are left. The lag is the sequence's length. The eight values have to be kept apart by their
    keys: so the size of the state matters, which stands beside every technique.

    To know which values were shown, but not beside which keys, is right one time in eight or somewhat more.

    Source: multi-query associative recall of Arora et al. 2024, with vocabularies of 16 keys and 16 values in place of
    4,096 and with queries that are equally likely at each step.
    """

    name = "recall"
    title = "Associative recall"
    short = "pairs"
    about = (
        "Eight pairs of a key and a value are shown; later each key comes once more, and the network has to say which "
        "value belongs to it."
    )
    lag_means = "the length of the sequence"
    reference = "Arora et al. 2024 (multi-query associative recall)"
    symbols = "A B C D E F G H I J K L M N O P a b c d e f g h i j k l m n o p ·"
    answers = "a b c d e f g h i j k l m n o p"
    inputs, outputs = KEYS + VALUES + 1, VALUES
    least_lag = 3 * PAIRS
    metric_name = "share of queries answered correctly"

    def sample(self, generator: Generator, batch_size: int, lag: int, split: Split = "train") -> Batch:
        """Draw one-hot symbols (lag, batch, 33) and the values (lag − 16, batch), IGNORED but where a key is asked."""
        self.check_lag(lag)
        keys = torch.rand(KEYS, batch_size, generator=generator).argsort(0)[:PAIRS]
        values = torch.randint(VALUES, (PAIRS, batch_size), generator=generator)
        places = torch.rand(self.scored_steps(lag), batch_size, generator=generator).argsort(0)[:PAIRS]
        asked = torch.full((self.scored_steps(lag), batch_size), BLANK).scatter_(0, places, keys)
        answers = torch.full((self.scored_steps(lag), batch_size), IGNORED).scatter_(0, places, values)
        shown = torch.stack([keys, KEYS + values], dim=1).flatten(0, 1)
        return Batch(F.embedding(torch.cat([shown, asked]), torch.eye(self.inputs)), answers)

    def scored_steps(self, lag: int) -> int:
        """Count the steps after the pairs, of which only queries have an answer."""
        return lag - 2 * PAIRS

    def trivial_level(self, lag: int) -> float:
        """One of 16 equally likely values."""
        return 1 / VALUES
