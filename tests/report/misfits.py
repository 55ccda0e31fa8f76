"""Looks at the pages of a PDF as WeasyPrint has laid them out."""

from __future__ import annotations

from collections.abc import Iterator

from weasyprint.document import Document
from weasyprint.formatting_structure import boxes

HEADINGS = {"h2", "h3", "h4"}
ROUNDING = 0.5  # CSS pixels


def misfits(document: Document) -> Iterator[str]:
    """What sticks out of its page or of its cell."""
    checked = 0
    for number, sheet in enumerate(document.pages, start=1):
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
