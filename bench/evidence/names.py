"""Names techniques as sentences about evidence call them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files

from bench import plain_yaml
from bench.evidence.claims import find_claim
from bench.languages import Language
from bench.records.own_classes import own_classes


def own_names() -> dict[str, str]:
    """Return what sentences call this project's own techniques, in English."""
    names = {name: own.words.get("called", "") for name, own in own_classes("techniques").items()}
    return {name: called for name, called in names.items() if called}


@cache
def turned() -> dict[str, str]:
    """Names of techniques with a dial turned, in English."""
    return plain_yaml.load_own(files("bench.evidence").joinpath("names.yaml").read_text(encoding="utf-8"))


def names_in(claim: str, called: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return what sentences about the claim with this id call techniques, in English.

    called: what results have them called; without, what they are called here.
    """
    return {**(called or own_names()), **turned(), **find_claim(claim).names}


def all_called(techniques: tuple[str, ...], names: Mapping[str, str], say: Language) -> str:
    """Name techniques by their English names, or as they are spelled."""
    return say.all_of([_called(name, names, say) for name in techniques])


def _called(technique: str, names: Mapping[str, str], say: Language) -> str:
    if technique in names:
        return say(names[technique])
    base, _, dials = technique.partition(":")
    return say("{technique} ({dials})", technique=say(names[base]), dials=dials) if base in names else technique
