"""English text, character by character."""

from __future__ import annotations

from functools import cache

import torch
import torch.nn.functional as F
from torch import Generator, Tensor

from bench.batch import Batch
from bench.errors import BenchError
from bench.tasks.base import Split, Task

ALPHABET = " abcdefghijklmnopqrstuvwxyz.,()'\"-_=:*\0"
"""The characters that are told apart; \\0 stands for any other."""
OTHER = len(ALPHABET) - 1


class EnglishText(Task):
    """Say which character comes next, of English prose.

    The text is what Python's own `help()` says of the language, some 460,000 characters that come with every CPython,
    in lower case, with all white space as single blanks: the first 80 % to train with, then 10 % to validate and 10 %
    to test. It differs between versions of Python, so that it counts as part of this task's code: results from
    different texts are never pooled.

    The lag is the length of the window that is seen. Its second half is scored, so that every answer has at least half
    the lag to look back on. Half of the characters foreseen count as solved, about what the last three tell.

    Source: next-character prediction as in Sutskever et al. 2011, on the help text of CPython (PSF licence).
    """

    name = "text"
    title = "English text"
    short = "text"
    about = "English prose about Python; after each character the network has to say which one comes next."
    lag_means = "the length of the window that is seen, in characters"
    reference = "Sutskever, Martens & Hinton 2011; the text is CPython's"
    symbols = "␣ a b c d e f g h i j k l m n o p q r s t u v w x y z . , ( ) ' \" - _ = : * □"
    answers = "␣ a b c d e f g h i j k l m n o p q r s t u v w x y z . , ( ) ' \" - _ = : * □"
    inputs = outputs = len(ALPHABET)
    least_lag = 2
    metric_name = "share of characters foreseen"
    solved_at = 0.5
    installed = ("pydoc_data.topics",)

    def sample(self, generator: Generator, batch_size: int, lag: int, split: Split = "train") -> Batch:
        """Draw one-hot characters (lag, batch, 39) and the next ones of their second halves (lag / 2, batch)."""
        self.check_lag(lag)
        text = characters()[split]
        first = torch.randint(len(text) - lag, (batch_size,), generator=generator)
        windows = text[first + torch.arange(lag + 1).unsqueeze(1)]
        return Batch(F.embedding(windows[:-1], torch.eye(self.inputs)), windows[-self.scored_steps(lag) :])

    def check_lag(self, lag: int) -> None:
        """Raise BenchError if the lag is too short, or longer than the held-out text."""
        super().check_lag(lag)
        longest = len(characters()["test"]) - 1
        if lag > longest:
            raise BenchError(f"Lag {lag} is too long for task '{self.name}': its held-out text has {longest} steps.")

    def scored_steps(self, lag: int) -> int:
        """Count the second half of the window."""
        return lag - lag // 2

    def trivial_level(self, lag: int) -> float:
        """The share of blanks, the commonest character, in the test text."""
        return (characters()["test"] == 0).float().mean().item()


@cache
def characters() -> dict[Split, Tensor]:
    """The text as numbers of the characters of ALPHABET, by split."""
    try:
        from pydoc_data.topics import topics
    except ImportError:
        raise BenchError("This Python comes without its help text (pydoc_data), which task 'text' reads.") from None
    text = " ".join(" ".join(topics[topic] for topic in sorted(topics)).lower().split())
    numbers = {character: number for number, character in enumerate(ALPHABET)}
    whole = torch.tensor([numbers.get(character, OTHER) for character in text])
    held_out = len(whole) // 10
    parts = whole.split([len(whole) - 2 * held_out, held_out, held_out])
    return dict(zip(("train", "validation", "test"), parts, strict=True))
