"""The tables of a report as CSV: those that a page shows, and what stands behind the claims."""

from __future__ import annotations

import csv
import io
from html.parser import HTMLParser

import pandas as pd

from bench.evidence.verdicts import ClaimVerdict
from bench.files import as_cell


def shown(html: str) -> dict[str, bytes]:
    """The numbered tables of a page, cell for cell as it shows them, by file name: table-03.csv."""
    reader = _Tables()
    reader.feed(html)
    return {f"table-{number:02}.csv": _csv(rows) for number, rows in reader.found.items()}


def values(verdicts: list[ClaimVerdict]) -> bytes:
    """Every value behind the effects: claim, part, technique, task, lag, seed, value, arm, moment."""
    parts = [
        part.data.assign(claim=part.claim, part=part.part)
        for claim in verdicts
        for part in claim.parts
        if not part.data.empty
    ]
    columns = ["claim", "part", "technique", "task", "lag", "seed", "value", "arm", "moment"]
    table = pd.concat(parts)[columns] if parts else pd.DataFrame(columns=columns)
    table = table.assign(technique=table["technique"].map(as_cell), task=table["task"].map(as_cell))
    return table.to_csv(index=False, lineterminator="\n").encode()


def runs(verdicts: list[ClaimVerdict]) -> bytes:
    """Every training run behind the effects by its id in MLflow: claim, part, run."""
    rows = [[part.claim, part.part, run] for claim in verdicts for part in claim.parts for run in part.runs]
    return _csv([["claim", "part", "run"], *rows])


def _csv(rows: list[list[str]]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([as_cell(cell) for cell in row] for row in rows)
    return text.getvalue().encode()


class _Tables(HTMLParser):
    """Reads what stands in the cells of elements with the id table-<number>."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: dict[int, list[list[str]]] = {}
        self._rows: list[list[str]] | None = None
        self._cell: list[str] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        name = dict(attrs).get("id") or ""
        if name.startswith("table-"):
            self._rows = self.found[int(name.removeprefix("table-"))] = []
        elif tag == "tr" and self._rows is not None:
            self._rows.append([])
        elif tag in ("td", "th") and self._rows is not None:
            self._cell = []
        elif self._cell is not None and tag in ("br", "p", "li", "div", "ul", "small", "span"):
            self._cell.append(" ")

    def handle_data(self, data: str) -> None:
        if self._cell is not None:
            self._cell.append(data)

    def handle_endtag(self, tag: str) -> None:
        if tag == "table":
            self._rows = None
        elif tag in ("td", "th") and self._cell is not None and self._rows is not None:
            self._rows[-1].append(" ".join("".join(self._cell).split()))
            self._cell = None
        elif self._cell is not None and tag in ("p", "li", "div"):
            self._cell.append(" ")
