"""Recurrences whose state is a matrix for each of several heads: keys say where values are written."""

from __future__ import annotations

from torch import Tensor

from bench.engine.rerun import Rerun


class MatrixMemory(Rerun):
    """A recurrence whose state begins with a matrix a head, of d rows, for keys, and d columns, for values.

    d = H / heads. A subclass says in `fallback` how all steps are taken at once where a kernel runs. It then gives
    what is read of the memory, H numbers a step, in place of the memory itself, and `read` tells them apart by width.
    """

    recurrent = ()  # what is kept of a memory is at most 1 by its form: no gain may change that

    def __init__(self, members: int, inputs: int, hidden: int, heads: int) -> None:
        super().__init__(members, inputs, hidden)
        self.heads, self.size = heads, hidden // heads

    @property
    def matrix_size(self) -> int:
        """Count the numbers of a memory: d² a head."""
        return self.hidden * self.size

    def split(self, x: Tensor) -> Tensor:
        """Give each head its part: (…, H) → (…, heads, d)."""
        return x.unflatten(-1, (self.heads, self.size))

    def matrices(self, state: Tensor) -> Tensor:
        """Give each head its matrix: (…, heads · d · d) → (…, heads, d, d)."""
        return state.unflatten(-1, (self.heads, self.size, self.size))

    def was_read(self, states: Tensor) -> bool:
        """Return True for what has been read of memories, (…, H), False for the memories (…, state_size)."""
        return states.shape[-1] == self.hidden

    def recalled(self, matrices: Tensor, query: Tensor) -> Tensor:
        """Read Sᵀ q: (…, heads, d, d), (…, heads, d) → (…, H)."""
        return (query.unsqueeze(-2) @ matrices).flatten(-3)


def outer(key: Tensor, value: Tensor) -> Tensor:
    """Multiply k vᵀ: (…, heads, d) each → (…, heads, d, d), as a product, for FLOPs are counted there."""
    return key.unsqueeze(-1) @ value.unsqueeze(-2)


def units_of_heads(hidden: int, heads: int) -> str | None:
    """Say in a sentence why so many units cannot be divided into heads of at least two; None if they can."""
    if hidden % heads:
        return f"{hidden} units cannot be divided into {heads} heads"
    if hidden < 2 * heads:
        return f"{heads} heads of {hidden} units have one unit each, whose key would be a sign"
    return None
