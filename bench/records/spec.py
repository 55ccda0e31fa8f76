"""A technique with its dials, as the command line and the tables spell it."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache


@dataclass(frozen=True)
class Spec:
    """A technique by name, and those of its dials that are not at their default: 'tbptt:window=20'."""

    name: str
    dials: dict[str, float] = field(default_factory=dict, hash=False)

    @staticmethod
    @cache
    def parse(text: str) -> Spec:
        """The inverse of `str`. Raises ValueError, which names the word, for a dial without a number."""
        name, *words = text.split(":")
        dials = {}
        for word in words:
            dial, _, value = word.partition("=")
            try:
                dials[dial] = float(value)
            except ValueError:
                raise ValueError(word) from None
        return Spec(name, dials)

    @staticmethod
    def base(text: str) -> str:
        """The technique's name alone, whatever stands behind it: dials that are left open ('tbptt:window=*'), too."""
        return text.partition(":")[0]

    def __str__(self) -> str:
        return ":".join([self.name, *(f"{dial}={value:g}" for dial, value in self.dials.items())])
