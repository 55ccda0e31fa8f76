"""Finds the fonts that figures and pages are set in."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from matplotlib import font_manager

CHINESE = (
    "Noto Sans CJK SC",
    "Source Han Sans SC",
    "Noto Sans SC",
    "WenQuanYi Micro Hei",
    "WenQuanYi Zen Hei",
    "PingFang SC",
    "Hiragino Sans GB",
    "Microsoft YaHei",
    "SimHei",
    "Noto Sans CJK JP",  # has the characters, in Japanese shapes: matplotlib before 3.11 sees no other face
)
"""Families that can set simplified Chinese, best first."""
LATIN = ("Source Sans 3", "Source Sans Pro", "Noto Sans", "DejaVu Sans")
_FILES = re.compile(
    r"NotoSansCJK|NotoSansSC|SourceHanSans|wqy|PingFang|Hiragino|msyh|simhei|SourceSans|NotoSans-", re.I
)


@cache
def figure_families() -> tuple[str, ...]:
    """The installed families for figures, best first; matplotlib's own DejaVu Sans comes last.

    matplotlib caches its list of fonts and misses what was installed later, so the files are added anew.
    """
    known = {font.fname for font in font_manager.fontManager.ttflist}
    for path in sorted(font_manager.findSystemFonts()):
        if _FILES.search(Path(path).name) and path not in known:
            font_manager.fontManager.addfont(path)
    names = set(font_manager.get_font_names())
    return tuple(family for family in (*CHINESE, *LATIN) if family in names)


def can_set_chinese() -> bool:
    """Whether a font with Chinese characters is installed."""
    return any(family in CHINESE for family in figure_families())
