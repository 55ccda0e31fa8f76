"""The report's words: one catalogue a language, beside the templates."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

from bench import plain_yaml
from bench.errors import BenchError

LANGUAGES = ("en", "zh")
_BORDER = re.compile(r"(?<=[\u4e00-\u9fff])(?=[A-Za-z0-9])|(?<=[A-Za-z0-9])(?=[\u4e00-\u9fff])")
"""Where a Chinese character meets a letter or digit: a space belongs there."""


def templates_folder() -> Path:
    """Where the templates lie: inside the installed package, or at the top of a checkout."""
    here = Path(__file__).parent / "templates"
    return here if here.is_dir() else Path(__file__).parents[2] / "templates"


class Catalogue:
    """A language's sentences by dotted key, with braces to fill."""

    def __init__(self, language: str) -> None:
        if language not in LANGUAGES:
            raise BenchError(f"There is no report in language '{language}': known are {', '.join(LANGUAGES)}.")
        self.language = language
        self.entries = _load(language)

    def __call__(self, key: str, **values: Any) -> str:
        """The sentence at `key`, filled; a missing key or value is an error, never a gap in the report."""
        entry: Any = self.entries
        for part in key.split("."):
            entry = entry[part]
        text = str(entry).format(**values)
        return _BORDER.sub(" ", text) if self.language == "zh" else text

    def name(self, kind: str, identifier: str, title: str = "") -> str:
        """What a reader calls a technique, task, family, metric or plateau of results.

        `title` is the results' own English name; a name that the catalogue does not know stays as it is.
        """
        own = title if self.language == "en" else ""
        return own or self.entries["names"][kind].get(identifier) or title or identifier


@cache
def _load(language: str) -> dict[str, Any]:
    file = templates_folder() / f"catalogue.{language}.yaml"
    return plain_yaml.load_own(file.read_text(encoding="utf-8"))
