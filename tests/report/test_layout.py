"""Nothing on a page of the PDF is larger than the page's text, and no heading stands alone."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from made_up.whole import TASKS, whole_study
from misfits import misfits
from rendering import LANGUAGES, page
from weasyprint import HTML

from bench.languages import language as language_of
from bench.report.draw.learning_curves import GAP, row_heights
from bench.report.findings import gather


@pytest.mark.parametrize("language", LANGUAGES)
def test_tables_and_figures_fit_their_page(language: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(TASKS["adding"], "lags", tuple(range(100, 1100, 100)))
    store = whole_study(seeds=1, tasks=("adding",), techniques=("tanh", "lstm-clip-norm"))
    html = page(gather(store), language_of(language))
    assert not [*misfits(HTML(string=html).render())]


@pytest.mark.parametrize("language", LANGUAGES)
def test_all_claims_fit_their_pages(language: str, rendered: Path) -> None:
    """Looked at when `rendered` was written, for laying it out again would take as long."""
    seen = json.loads(Path(f"{rendered}.misfits.json").read_text(encoding="utf-8"))
    assert seen[language] == []


@pytest.mark.parametrize("sizes", [[1], [1] * 9, [2, 2, 3, 3, 1, 4, 1, 4, 1], [1, 12, 1, 12, 1], [20, 20, 20]])
def test_rows_of_a_figure_share_what_is_left(sizes: list[int]) -> None:
    needs = [0.3 + 0.145 * size for size in sizes]
    heights = row_heights({str(i): [None] * size for i, size in enumerate(sizes)}, 7.9)  # type: ignore[list-item]
    assert all(height >= need for height, need in zip(heights, needs, strict=True))
    assert sum(heights) + GAP * len(sizes) <= max(7.9, sum(needs) + GAP * len(sizes)) + 1e-9
