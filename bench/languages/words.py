"""Marks English text that readers see, so that translations can be checked against it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


def words(text: str) -> str:
    """The text itself: the mark by which `bench.languages.check` finds what has to be translated.

    Braces are filled when the text is put into a language: "no run of {technique} was solved".
    """
    return text


@dataclass(frozen=True)
class Message:
    """A sentence before it is put into a language: a marked text, and the values that fill its braces.

    A value may be a message itself. Whoever makes one need not know which languages there are.
    """

    text: str
    values: dict[str, Any] = field(default_factory=dict)
