"""Finds the fonts that figures and pages are set in."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from matplotlib import font_manager

from bench.languages import Language, language, language_names

LATIN = ("Source Sans 3", "Source Sans Pro", "Noto Sans", "DejaVu Sans")
_FILES = re.compile(
    r"NotoSansCJK|NotoSansSC|SourceHanSans|wqy|PingFang|Hiragino|msyh|simhei|SourceSans|NotoSans-", re.I
)


@cache
def figure_families() -> tuple[str, ...]:
    """The installed families for figures, best first; matplotlib's own DejaVu Sans comes last.

    matplotlib caches its list of fonts and misses what was installed later, so the files are added here.
    """
    known = {font.fname for font in font_manager.fontManager.ttflist}
    for path in sorted(font_manager.findSystemFonts()):
        if _FILES.search(Path(path).name) and path not in known:
            font_manager.fontManager.addfont(path)
    names = set(font_manager.get_font_names())
    wanted = (family for code in language_names() for family in language(code).rules.fonts)
    return tuple(family for family in dict.fromkeys((*wanted, *LATIN)) if family in names)


def can_set(words: Language) -> bool:
    """Return True if a font with the characters of a language is installed."""
    wanted = words.rules.fonts
    return not wanted or any(family in wanted for family in figure_families())
