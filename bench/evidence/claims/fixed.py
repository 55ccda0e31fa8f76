"""Hashes of claims: they stand in every snapshot and report, so that nobody changes a test unseen."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from bench.evidence.claims.book import families
from bench.evidence.claims.model import Claim
from bench.records.settings import digest

WORDS = {"label", "says"}
"""The fields of a part that decide nothing."""


def claims_hash(claims: Iterable[Claim]) -> str:
    """Twelve hexadecimal digits that name all that decides the verdicts on these claims, and no words.

    These are each claim's id and rules of combining, and of its parts everything but WORDS, margins included. The order
    of claims does not count, and neither does a field at its default, so that a new one leaves the hash alone.
    """
    every = {
        claim.id: [
            claim.combine,
            claim.within,
            [part.model_dump(mode="json", exclude=WORDS, exclude_defaults=True) for part in claim.parts],
        ]
        for claim in claims
    }
    return digest(every)


def family_hashes() -> dict[str, str]:
    """The hash of every family of claims that is judged, the source's first; a user's file goes by its name."""
    found: dict[str, str] = {}
    for family, claims in families().items():
        name = Path(family).name
        found[family if name in found else name] = claims_hash(claims)
    return found
