"""A section is one file: found by its folder or in a plugin, and its fault costs no other section."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from rendering import page_of

from bench.errors import BenchError
from bench.languages import language
from bench.registry import load_plugin
from bench.report import write_report
from bench.report.build import build
from bench.report.document import Text
from bench.report.findings import Findings
from bench.report.render.numbering import Numbering
from bench.report.section import ReportSection
from bench.report.sections import in_order, sections
from bench.testing.made_up import SmallStore

PLUGIN = '''"""A section of somebody's own."""
from bench.languages import words
from bench.report.document import Text
from bench.report.section import ReportSection


class Greeting(ReportSection):
    """Says hello."""

    name = "greeting"
    order = {order}
    title = words("Greeting")

    def {method}(self):
        yield Text(self.words("Hello to {{n}} techniques.", n=len(self.findings.techniques)))
'''


@pytest.fixture
def plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Loads a plugin with a section."""
    monkeypatch.setattr(sections, "_found", dict(sections.built_in()))

    def load(order: object = 16, method: str = "blocks") -> None:
        file = tmp_path / "greeting.py"
        file.write_text(PLUGIN.format(order=repr(order), method=method))
        load_plugin(file, [sections])

    return load


def test_the_sections_stand_by_their_order() -> None:
    names = [section.name for section in in_order()]
    assert names[:4] == ["summary", "choice", "engineer", "source"]
    assert names[-1] == "runs"
    assert len({section.order for section in in_order()}) == len(names)


@pytest.mark.parametrize("section", in_order(), ids=lambda section: section.name)
@pytest.mark.parametrize("code", ["en", "zh"])
def test_each_section_is_made_by_itself(findings: Findings, section: type[ReportSection], code: str) -> None:
    made = list(section(page_of(findings, language(code))).sections())
    assert all(part.id and part.title and part.blocks for part in made)


def test_a_plugins_section_stands_in_its_place(plugin, findings: Findings) -> None:
    plugin()
    document, broken = build(page_of(findings, language("zh")))
    assert not broken
    found = [section.id for section in document.sections]
    assert found[:4] == ["summary", "choice", "greeting", "engineer"]
    assert document.sections[2].title == "Greeting", "what has no translation is English"
    assert document.sections[2].blocks == (Text(f"Hello to {len(findings.techniques)} techniques."),)


@pytest.mark.parametrize(
    ("words", "said"),
    [({"order": "first"}, "its order is 'first': give a number"), ({"method": "block"}, "no method 'blocks'")],
)
def test_a_section_that_cannot_be_is_refused_when_it_is_loaded(plugin, words, said) -> None:
    with pytest.raises(BenchError, match=said):
        plugin(**words)


class Failing(ReportSection):
    """Raises an error."""

    name = "failing"
    order = 5
    title = "Failing"

    def blocks(self) -> Iterator[Text]:
        yield Text("before")
        raise ZeroDivisionError("by zero {braces}")


def test_a_section_that_fails_costs_no_other(
    little: SmallStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sections, "_found", sections.built_in() | {"failing": Failing})
    with pytest.raises(
        BenchError, match=r"section 'failing' could not be made \(ZeroDivisionError: by zero \{braces\}\)"
    ):
        write_report(little, tmp_path, ["en"], only=["html"])
    content = (tmp_path / "report.en.html").read_text(encoding="utf-8")
    assert "This section could not be made (ZeroDivisionError: by zero {braces})." in content
    assert 'id="runs"' in content
    assert (tmp_path / "manifest.json").is_file()


def test_references_lead_to_numbers(findings: Findings) -> None:
    document, _ = build(page_of(findings, language("en")))
    numbering = Numbering(document)
    figures, tables = ([n for n, _ in found] for found in (numbering.figures, numbering.tables))
    assert figures == [*range(1, len(figures) + 1)]
    assert tables == [*range(1, len(tables) + 1)]
    with pytest.raises(KeyError):
        numbering.named("no such figure")
