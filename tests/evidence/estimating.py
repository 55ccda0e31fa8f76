"""Parts of claims, and what their estimands say of a small store."""

from __future__ import annotations

from typing import Any

import pytest

from bench.evidence.claims import Part
from bench.evidence.contrasts import NotEstimable, Results, draw
from bench.evidence.scope import scopes
from bench.testing.made_up import SmallStore, member, probe, setting


def part(kind: str, own: str | tuple[str, ...], reference: str | float | None = None, **words: Any) -> Part:
    """Of a technique against a reference or a number."""
    techniques = (own,) if isinstance(own, str) else own
    contrast: dict[str, Any] = {}
    if isinstance(reference, str):
        contrast = {"references": (reference,)}
    elif reference is not None:
        contrast = {"against": reference}
    fixed = {"id": "x", "label": "-", "says": "-", "margin": 0.1, "direction": "higher"}
    return Part.model_validate({**fixed, "kind": kind, "techniques": techniques, **contrast, **words})


def values(store: SmallStore, of: Part) -> list[float]:
    return list(draw(of, Results(scopes(store))).values)


def refused(store: SmallStore, of: Part) -> str:
    with pytest.raises(NotEstimable) as caught:
        draw(of, Results(scopes(store)))
    return caught.value.why


def flowing(**decays: list[float]) -> SmallStore:
    """Techniques with decays by seed, at the end of training."""
    store = SmallStore([])
    for name, by_seed in decays.items():
        for seed, decay in enumerate(by_seed, start=1):
            row = member(setting(name, 10), seed)
            store.rows.append(row)
            store.probe_rows += [probe(row, decay=decay), probe(row, "start", decay=decay - 1)]
    return store
