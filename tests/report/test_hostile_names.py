"""Names and texts of results are text wherever they appear: in HTML, in figures, in the PDF."""

from __future__ import annotations

import base64
import json
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser
from io import BytesIO
from typing import Any

import pytest
from made_up.whole import add_arms, whole_study
from pypdf import PdfReader
from rendering import LANGUAGES, page

from bench.evidence import scope
from bench.languages import language as language_of
from bench.records.study import Study
from bench.report.findings import gather
from bench.report.render.pdf import printed

EVIL = "<x-evil onevil='1'>\"&lt;$\\frac{1}{0}$_\x01{0}%s</script>-->"
SHOWN = EVIL.replace("\x01", "?")
"""In a drawing, where such a character would be an error."""
TEXTS = ("title", "family", "reason", "metric_name", "platform", "cpu", "accelerator", "torch", "commit", "optimizer")


def spoilt(value: Any) -> Any:
    """The same with another name for a technique, and other words in all languages."""
    if isinstance(value, dict):
        return {key: EVIL if key in ("en", "zh", "preset") else spoilt(item) for key, item in value.items()}
    if isinstance(value, list):
        return [spoilt(item) for item in value]
    return EVIL if value == "lstm" else value


@pytest.fixture(scope="module")
def pages() -> Iterator[dict[str, str]]:
    """A report, by language, in which all that a plugin, a preset or a machine can name is hostile."""
    store = whole_study(seeds=2, tasks=("adding",), techniques=("tanh", "lstm", "relu"))
    add_arms(store, seeds=2, arms=("exploding",))
    rows = [
        {**spoilt(row), "task_title": EVIL, **{key: EVIL for key in TEXTS if row["technique"] == "lstm"}}
        for row in store.rows
    ]
    rows = [{**row, "outcome": "failed"} if row["technique"] == EVIL and row["seed"] == 2 else row for row in rows]
    studies = [Study.model_validate_json(json.dumps(spoilt(json.loads(s.model_dump_json())))) for s in store.studies_]
    hashes = {(s.technique, s.task, s.lag, s.protocol.hash): s.hash for each in studies for s in each.settings}
    key = ("technique", "task", "lag", "protocol_hash")
    rows = [{**row, "setting_hash": hashes[tuple(row[k] for k in key)]} for row in rows]
    evil = replace(
        store,
        rows=rows,
        curve_rows=spoilt(store.curve_rows),
        cost_rows=spoilt(store.cost_rows),
        probe_rows=spoilt(store.probe_rows),
        studies_=studies,
    )
    evil.uri = "postgresql://me:hunter2@host/db?password=hunter3"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scope, "why_stale", lambda *_: "")
        found = gather(evil)
        yield {language: page(found, language_of(language)) for language in LANGUAGES}


class Reader(HTMLParser):
    """What a browser would see: elements, attributes, text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.values: list[str] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.values += [value or "" for _, value in attrs]

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.mark.parametrize("language", LANGUAGES)
def test_in_html(pages: dict[str, str], language: str) -> None:
    seen = Reader(pages[language])
    assert not {tag for tag in seen.tags if "evil" in tag}
    assert not {name for name in seen.attributes if name.startswith("on")}
    assert seen.text.count(EVIL) > 20
    assert any(EVIL in value for value in seen.values), "alternative texts name techniques too"
    assert "hunter" not in pages[language]


@pytest.mark.parametrize("language", LANGUAGES)
def test_in_figures(pages: dict[str, str], language: str) -> None:
    drawings = [
        base64.b64decode(d).decode() for d in re.findall(r"data:image/svg\+xml;base64,([^\"]+)", pages[language])
    ]
    assert len(drawings) > 5
    texts = []
    for drawing in drawings:
        assert "mathdefault" not in drawing, "no text of matplotlib's own needs mathtext"
        elements = list(ET.fromstring(drawing).iter())
        assert not [element.tag for element in elements if "evil" in element.tag]
        texts += [element.text or "" for element in elements]
    assert sum(SHOWN in text for text in texts) >= 3


def test_in_the_pdf(pages: dict[str, str]) -> None:
    reader = PdfReader(BytesIO(printed(pages["en"])))
    assert reader.metadata.title == language_of("en")("What helps against vanishing gradients?")
    titles = [entry.title for entry in reader.outline if not isinstance(entry, list)]
    assert any("<x-evil onevil='1'>" in title for title in titles), "a task's name is a bookmark"
