"""Clauses on what a technique changes and its unrolled network does not show, by the hooks that it overrides."""

from __future__ import annotations

from bench.languages import words
from bench.portraits.model import TechniquePortrait

NOTES = {
    "initialise": words("starts from weights of its own"),
    "initialisation": words("starts from weights of its own"),
    "accumulate": words("follows the gradient back in its own way"),
    "penalty": words("adds a penalty to the loss"),
    "clip": words("clips the gradient"),
    "optimizer": words("takes steps by an optimiser of its own"),
    "after_update": words("puts weights back after each step"),
}
"""Clauses whose subject is the technique, in the order in which hooks act."""


def notes(portrait: TechniquePortrait) -> list[str]:
    """The clauses on a technique, in English."""
    return list(dict.fromkeys(told for hook, told in NOTES.items() if hook in portrait.hooks))
