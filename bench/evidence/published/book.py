"""Finds the published results by their folder."""

from __future__ import annotations

import difflib
import re
from functools import cache
from importlib.resources import files

from bench import plain_yaml
from bench.errors import BenchError
from bench.evidence.published.model import Published

SUFFIX = ".yaml"


@cache
def published_results() -> tuple[Published, ...]:
    """All published results, in the order of their ids."""
    own = [file for file in files(__package__).iterdir() if file.name.endswith(SUFFIX)]
    found = [Published.model_validate(plain_yaml.load_own(file.read_text(encoding="utf-8"))) for file in own]
    return tuple(sorted(found, key=lambda one: _place(one.id)))


def find_result(name: str) -> Published:
    """The published result with this id, in upper or lower case; raises BenchError, naming what is near."""
    known = {one.id.upper(): one for one in published_results()}
    if name.upper() in known:
        return known[name.upper()]
    near = difflib.get_close_matches(name.upper(), known, n=3, cutoff=0.5)
    hint = f"did you mean {' or '.join(near)}?" if near else "see bptt-bench list published."
    raise BenchError(f"Unknown published result '{name}': {hint}")


def _place(name: str) -> tuple[str, int]:
    """R2 stands before R10."""
    found = re.fullmatch(r"(\D*)(\d*)", name)
    return (found[1], int(found[2] or 0)) if found else (name, 0)
