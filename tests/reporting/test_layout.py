"""Nothing on a page of the PDF is wider than the page's text."""

from __future__ import annotations

import pytest
from fake_store import TASKS, make_store
from weasyprint import HTML
from weasyprint.formatting_structure import boxes

from bench.reporting.catalogue import LANGUAGES, Catalogue
from bench.reporting.findings import gather
from bench.reporting.pages import page

ROUNDING = 0.5  # CSS pixels


@pytest.mark.parametrize("language", LANGUAGES)
def test_tables_and_figures_fit_their_page(language: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(TASKS["adding"], "lags", tuple(range(100, 1100, 100)))
    store = make_store(seeds=1, tasks=("adding",), techniques=("tanh", "lstm-clip-norm"))
    document = HTML(string=page(gather(store), Catalogue(language))).render()
    checked = 0
    for sheet in document.pages:
        body = sheet._page_box
        right = body.content_box_x() + body.width
        for box in body.descendants():
            if isinstance(box, boxes.TableCellBox | boxes.TableBox | boxes.ReplacedBox):
                assert box.position_x + box.border_width() <= right + ROUNDING
                assert box.position_y + box.border_height() <= body.content_box_y() + body.height + ROUNDING
                checked += 1
            if isinstance(box, boxes.TableCellBox):
                inner = [b for b in box.descendants() if isinstance(b, boxes.TextBox)]
                edge = box.position_x + box.border_width() + ROUNDING
                assert all(b.position_x + b.width <= edge for b in inner), "a word sticks out of its cell"
    assert checked > 100
