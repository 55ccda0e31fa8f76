"""Nothing on a page of the PDF is larger than the page's text, and no heading stands alone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from made_up.whole import TASKS, whole_study
from rendering import LANGUAGES, page
from weasyprint import HTML
from weasyprint.formatting_structure import boxes

from bench.languages import language as language_of
from bench.report.draw.learning_curves import GAP, row_heights
from bench.report.findings import gather

HEADINGS = {"h2", "h3", "h4"}
ROUNDING = 0.5  # CSS pixels


def misfits(html: str) -> Iterator[str]:
    """What sticks out of its page or of its cell."""
    checked = 0
    for number, sheet in enumerate(HTML(string=html).render().pages, start=1):
        body = sheet._page_box
        shown = [box.element_tag for box in body.descendants() if isinstance(box, boxes.TextBox | boxes.ReplacedBox)]
        tags = {tag.partition("::")[0] for tag in shown if tag is not None}  # None: the margins' running heads
        if tags and tags <= HEADINGS:
            yield f"page {number}: a heading alone"
        right, bottom = body.content_box_x() + body.width, body.content_box_y() + body.height
        for box in body.descendants():
            if isinstance(box, boxes.TableCellBox | boxes.TableBox | boxes.ReplacedBox):
                checked += 1
                if box.position_x + box.border_width() > right + ROUNDING:
                    yield f"page {number}: a {type(box).__name__} is too wide"
                if box.position_y + box.border_height() > bottom + ROUNDING:
                    yield f"page {number}: a {type(box).__name__} is too tall"
            if isinstance(box, boxes.TableCellBox):
                edge = box.position_x + box.border_width() + ROUNDING
                words = [b for b in box.descendants() if isinstance(b, boxes.TextBox)]
                out = [b.text for b in words if b.position_x + b.width > edge]
                yield from (f"page {number}: {word!r} sticks out of its cell" for word in out)
    assert checked > 100


@pytest.mark.parametrize("language", LANGUAGES)
def test_tables_and_figures_fit_their_page(language: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(TASKS["adding"], "lags", tuple(range(100, 1100, 100)))
    store = whole_study(seeds=1, tasks=("adding",), techniques=("tanh", "lstm-clip-norm"))
    assert not [*misfits(page(gather(store), language_of(language)))]


@pytest.mark.parametrize("language", LANGUAGES)
def test_all_claims_fit_their_pages(language: str, rendered: Path) -> None:
    assert not [*misfits((rendered / f"report.{language}.html").read_text(encoding="utf-8"))]


@pytest.mark.parametrize("sizes", [[1], [1] * 9, [2, 2, 3, 3, 1, 4, 1, 4, 1], [1, 12, 1, 12, 1], [20, 20, 20]])
def test_rows_of_a_figure_share_what_is_left(sizes: list[int]) -> None:
    needs = [0.3 + 0.145 * size for size in sizes]
    heights = row_heights({str(i): [None] * size for i, size in enumerate(sizes)}, 7.9)  # type: ignore[list-item]
    assert all(height >= need for height, need in zip(heights, needs, strict=True))
    assert sum(heights) + GAP * len(sizes) <= max(7.9, sum(needs) + GAP * len(sizes)) + 1e-9
