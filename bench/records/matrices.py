"""The techniques that the presets of the package train, arm by arm: read off their files, without PyTorch."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

from bench import plain_yaml
from bench.records.spec import Spec
from bench.records.study import MAIN

FOLDER = resources.files("bench.protocol") / "presets"
ORDER = ("smoke", "quick", "standard", "full")


def preset_names() -> list[str]:
    """The presets that come with the package, smallest first."""
    found = {Path(entry.name).stem for entry in FOLDER.iterdir() if entry.name.endswith(".yaml")}
    return sorted(found, key=lambda n: (ORDER.index(n) if n in ORDER else len(ORDER), n))


def first_with(arm: str, techniques: Iterable[str]) -> str:
    """The smallest preset that trains these techniques, whatever their dials, in an arm; empty if none does.

    The smallest of all is left out: it is there to try whether everything runs.
    """
    wanted = {Spec.base(technique) for technique in techniques}
    return next((name for name in preset_names() if name != ORDER[0] and wanted <= _trained(name, arm)), "")


@cache
def _trained(preset: str, arm: str) -> frozenset[str]:
    """The techniques of a preset's arm, without their dials; none if it has no such arm."""
    found: dict[str, Any] = plain_yaml.load_own((FOLDER / f"{preset}.yaml").read_text(encoding="utf-8"))
    arms = {MAIN: found, **found.get("arms", {})}
    techniques = arms[arm].get("techniques") or found["techniques"] if arm in arms else ()
    return frozenset(Spec.base(technique) for technique in techniques)
