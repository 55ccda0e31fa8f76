"""What stands beside the pages: figures, tables, references, and a manifest of all of it."""

from __future__ import annotations

import csv
import json
import os
import re
import subprocess
import sys
import unicodedata
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pandas as pd
import pytest
from made_up.verdicts import make_all
from rendering import LANGUAGES

from bench.evidence.scope import Reading
from bench.report import findings
from bench.report.draw.slim import slim
from bench.report.manifest import bibliography, differing
from bench.report.write import write_report
from bench.tasks import tasks
from bench.techniques import techniques
from bench.testing.made_up import SmallStore

AGAIN = """
from pathlib import Path
from made_up.verdicts import make_others, make_verdicts
from made_up.whole import ADDRESSES, small_study
from bench.report import findings, write_report
findings.judge, findings.judge_others = make_verdicts, make_others
write_report(small_study(), Path({folder!r}), ["en"], ADDRESSES, jobs=2)
"""


def sums(folder: Path) -> dict[str, dict[str, object]]:
    files = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["files"]
    return {name: about for name, about in files.items() if ".zh." not in name and "/zh/" not in name}


def test_equal_stores_give_equal_bytes_in_other_processes(rendered: Path, tmp_path: Path) -> None:
    """A page of a report in one language differs in its link to the other, and in nothing else."""
    script = AGAIN.format(folder=str(tmp_path))
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "PYTHONHASHSEED": "7"}
    subprocess.run([sys.executable, "-c", script], env=environment, check=True)
    link = '<li class="screen-only"><a href="report.zh.html" hreflang="zh-CN" lang="zh-CN">中文</a></li>\n'
    text, alone = ((folder / "report.en.html").read_text(encoding="utf-8") for folder in (rendered, tmp_path))
    assert text.replace(link, "", 1) == alone != text
    page = {"report.en.html": {}}
    assert sums(tmp_path) | page == sums(rendered) | page
    assert {"report.en.html", "report.en.pdf", "references.bib", "tables/values.csv"} < set(sums(rendered))


def test_the_manifest_names_every_file_and_sees_a_change(rendered: Path, tmp_path: Path) -> None:
    about = json.loads((rendered / "manifest.json").read_text(encoding="utf-8"))
    there = {f.relative_to(rendered).as_posix() for f in rendered.rglob("*") if f.is_file()} - {"manifest.json"}
    assert set(about["files"]) == there
    assert differing(rendered) == []
    assert re.fullmatch("[0-9a-f]{64}", about["store"]["sha256"])
    assert {"commit", "dirty", "bench"} <= set(about["code"])
    (tmp_path / "manifest.json").write_bytes((rendered / "manifest.json").read_bytes())
    (tmp_path / "references.bib").write_text("changed")
    assert set(differing(tmp_path)) == there


def test_the_stores_state_is_that_of_its_values(store: SmallStore) -> None:
    same = replace(store, rows=[*store.rows])
    assert Reading(same).state() == Reading(store).state()
    other = [{**store.rows[0], "updates": 1}, *store.rows[1:]]
    changed = replace(store, rows=other)
    assert Reading(changed).state() != Reading(store).state()


@pytest.mark.parametrize("language", LANGUAGES)
def test_csv_holds_the_tables_shown(rendered: Path, language: str) -> None:
    html = (rendered / f"report.{language}.html").read_text(encoding="utf-8")
    shown = {int(n): rows for n, rows in re.findall(r'<div id="table-(\d+)"(.*?)</table>', html, re.DOTALL)}
    files = sorted((rendered / "tables" / language).iterdir())
    assert [f.name for f in files] == [f"table-{n:02}.csv" for n in shown]
    for number, file in zip(shown, files, strict=True):
        with file.open(encoding="utf-8", newline="") as lines:
            rows = list(csv.reader(lines))
        assert len(rows) == shown[number].count("<tr")
        assert sum(map(len, rows)) == len(re.findall("<t[hd][ >]", shown[number]))
    costs = next(f for f, rows in zip(files, shown.values(), strict=True) if "adding-costs" in rows)
    assert "Tanh RNN" in costs.read_text(encoding="utf-8") or language == "zh"


def test_csv_holds_what_stands_behind_the_claims(rendered: Path, store: SmallStore) -> None:
    verdicts = make_all(store)
    values, runs = (pd.read_csv(rendered / "tables" / f"{name}.csv") for name in ("values", "runs"))
    assert len(values) == sum(len(part.data) for claim in verdicts for part in claim.parts)
    claim = next(claim for claim in verdicts if claim.runs)
    own = runs[(runs["claim"] == claim.claim) & (runs["part"] == claim.parts[0].part)]
    assert tuple(own["run"]) == claim.parts[0].runs


@pytest.mark.parametrize("language", LANGUAGES)
def test_figures_are_drawings_of_their_own(rendered: Path, language: str) -> None:
    html = (rendered / f"report.{language}.html").read_text(encoding="utf-8")
    files = sorted((rendered / "figures" / language).iterdir())
    assert len(files) == html.count("<figure ")
    assert {ElementTree.parse(file).getroot().tag for file in files} == {"{http://www.w3.org/2000/svg}svg"}
    assert any(file.name.endswith("-S01.svg") for file in files)


def test_figures_come_as_png_where_asked(little: SmallStore, tmp_path: Path) -> None:
    write_report(little, tmp_path, ["en"], png_dpi=30, only=["html"])
    drawings = {file.stem for file in tmp_path.rglob("*.svg")}
    pixels = {file.stem: file.read_bytes()[:8] for file in tmp_path.rglob("*.png")}
    assert set(pixels) == drawings
    assert set(pixels.values()) == {b"\x89PNG\r\n\x1a\n"}


def plain(text: str) -> str:
    """A text without accents, as the keys of the references are."""
    return "".join(c for c in unicodedata.normalize("NFD", text) if not unicodedata.combining(c))


def test_every_paper_that_is_named_is_among_the_references(rendered: Path) -> None:
    entries = re.findall(r"^@\w+\{(\w+),$", (rendered / "references.bib").read_text(encoding="utf-8"), re.MULTILINE)
    assert len(entries) == len(set(entries))
    named = [plain(cls.reference).replace("El Hihi", "ElHihi") for r in (techniques, tasks) for cls in r.all().values()]
    found = [paper for text in named for paper in re.findall(r"([A-Z]\w+)[^;:()\d]* (\d{4})", text)]
    papers = {f"{name.lower()}{year}" for name, year in found}
    assert len(papers) > 30
    assert papers <= set(entries)


def test_a_report_of_no_results_has_no_date(store: SmallStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(findings, "judge", make_all)
    found = findings.gather(store)
    dated = bibliography(found, "A report").decode()
    assert re.search(r"^  year = \{\d{4}\},$", dated.partition("\n\n")[0], re.MULTILINE)
    bare = bibliography(replace(found, members=found.members[:0]), "A report").decode().partition("\n\n")[0]
    assert "year" not in bare
    assert "nan" not in bare


SMALL = """<svg xmlns:xlink="http://www.w3.org/1999/xlink" width="9pt" viewBox="0 0 9 9" xmlns="http://www.w3.org/2000/svg">
<defs><style type="text/css">*{stroke-linejoin: round; stroke-linecap: butt}</style></defs>
<g id="figure_1"><g id="line2d_1"><defs><path id="mark" d="M 0 0 L 0 2.51239" style="stroke: #111"/></defs>
<g clip-path="url(#clip)"><use xlink:href="#mark" x="1.23456" y="2" style="fill: #222; stroke: #333"/></g></g></g>
<defs><clipPath id="clip"><rect x="0" y="0" width="9.00001" height="9"/></clipPath></defs></svg>"""


def test_a_slim_drawing_shows_the_same() -> None:
    root = ElementTree.fromstring(slim(SMALL))
    kinds = [element.tag.rpartition("}")[2] for element in root.iter()]
    assert kinds == ["svg", "defs", "clipPath", "rect", "g", "g", "path"]
    mark = list(root.iter())[-1].attrib
    assert mark == {"d": "M 0 0 L 0 2.51", "transform": "translate(1.23 2)", "fill": "#222", "stroke": "#111"}
    assert list(root.iter())[-2].get("clip-path") == "url(#clip)"
