"""Limits how much is worked on at once, so that the working set keeps to a budget whatever the lag."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from torch import Tensor, nn

BUDGET = 2 * 2**30
"""Bytes of the tensors that one update, evaluation or probe works with; docs/design.md has the whole sum."""


def parts(count: int, at_once: float) -> list[slice]:
    """Split `count` things, in order, into parts of at least one; the last part takes the remainder."""
    size = int(min(count, max(1, at_once)))
    return [slice(begin, min(count, begin + size)) for begin in range(0, count, size)]


@contextmanager
def narrowed(parameters: Iterable[nn.Parameter], members: slice | Tensor) -> Iterator[None]:
    """Restrict the parameters (E, …) to these members (indices) in this context; gradients set meanwhile are lost."""
    whole = [(p, p.data) for p in parameters]
    for p, data in whole:
        p.data, p.grad = data[members], None
    try:
        yield
    finally:
        for p, data in whole:
            p.data, p.grad = data, None
