"""One look for all figures: colours, type, and how a figure becomes part of a page."""

from __future__ import annotations

import base64
import io
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

from bench.report.draw.fonts import figure_families
from bench.report.draw.marks import Value, values
from bench.report.draw.slim import slim

INK, MUTED, RULE = "#1f2328", "#6b7280", "#d5d8dd"
PAPER = "#ffffff"
LINES = ("#0072b2", "#d55e00", "#009e73", "#b5548a", "#8a6d00", "#3f4f9f")
"""Colours after Okabe and Ito, distinct with any kind of colour vision."""
DASHES = ("-", (0, (4, 1.3)), (0, (1, 1)), (0, (6, 1.2, 1, 1.2)), (0, (2.2, 1.2)), (0, (4, 1, 1, 1, 1, 1)))
"""Tell lines apart without their colours."""
BASELINE_LINE = "#8b9099"
SOLVE_RATE = LinearSegmentedColormap.from_list("solve_rate", ["#fbe3d0", "#e4dfdd", "#a9c8e2", "#3b83bd", "#0b4f8a"])
_PNG_DPI = ContextVar("png_dpi", default=0)
WIDTH = 6.7
"""Inches: the text width of an A4 page."""


_NOT_XML = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
"""Characters that XML does not allow: with one of them in a name, no reader of XML takes the drawing."""


def line_look(i: int) -> tuple[str, Any]:
    """Colour and dash of the line number i: in a second round the same colours have other dashes."""
    return LINES[i % len(LINES)], DASHES[(i + i // len(LINES)) % len(DASHES)]


@dataclass(frozen=True)
class Picture:
    """A figure as a page carries it."""

    source: str
    """data: URI of an SVG."""
    alt: str
    """The finding, as a sentence."""
    width: float
    """Inches."""
    values: tuple[Value, ...] = ()
    """Texts for a reader who points at it, with their places."""
    png: bytes = b""
    """The same in pixels, where `as_png` asks for it."""


@contextmanager
def house_style() -> Iterator[None]:
    """Type sizes, fonts and lines of every figure; text becomes paths, and ids are the same every time."""
    settings: Any = {
        "font.family": list(figure_families()),
        "font.size": 8,
        "axes.labelsize": 8,
        "xtick.labelsize": 7,
        "ytick.labelsize": 7,
        "axes.edgecolor": MUTED,
        "axes.labelcolor": INK,
        "text.color": INK,
        "xtick.color": MUTED,
        "ytick.color": MUTED,
        "axes.linewidth": 0.6,
        "xtick.major.width": 0.6,
        "ytick.major.width": 0.6,
        "xtick.major.size": 2.5,
        "ytick.major.size": 2.5,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.unicode_minus": False,
        "text.usetex": False,  # names are text: neither TeX nor mathtext, whatever a user's own settings say
        "text.parse_math": False,
        "svg.fonttype": "none",
        "path.simplify": False,
        "svg.hashsalt": "bptt-bench",
    }
    with mpl.rc_context(settings), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing")  # a name may hold anything; the fonts are checked before
        yield


def as_svg(figure: Figure) -> str:
    """A finished figure as SVG, the same text for the same figure."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="svg", metadata={"Date": None}, facecolor=PAPER)
    return slim(_NOT_XML.sub("?", buffer.getvalue().decode()))


def picture(figure: Figure, alt: str) -> Picture:
    """A finished figure as an SVG data URI."""
    encoded = base64.b64encode(as_svg(figure).encode()).decode("ascii")
    return Picture(f"data:image/svg+xml;base64,{encoded}", alt, figure.get_figwidth(), values(figure), _pixels(figure))


def _pixels(figure: Figure) -> bytes:
    if not _PNG_DPI.get():
        return b""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=_PNG_DPI.get(), metadata={"Software": None}, facecolor=PAPER)
    return buffer.getvalue()


@contextmanager
def as_png(dpi: int) -> Iterator[None]:
    """Make pictures as PNG, too, within this context, with this resolution (dots per inch); 0: do not."""
    before = _PNG_DPI.set(dpi)
    try:
        yield
    finally:
        _PNG_DPI.reset(before)
