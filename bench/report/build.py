"""Builds the document of a report: its title page, and what each section has to say."""

from __future__ import annotations

import traceback
from dataclasses import dataclass

from bench.errors import BenchError
from bench.languages import words
from bench.report.document import Document, Section, Text
from bench.report.front import facts
from bench.report.section import Page, ReportSection
from bench.report.sections import in_order

TITLE = words("What helps against vanishing gradients?")


@dataclass(frozen=True)
class Broken:
    """A section that could not be made."""

    section: str
    reason: str
    trace: str


def build(page: Page, brief: bool = False) -> tuple[Document, list[Broken]]:
    """Build the document; return it with the sections that failed, each of which is replaced by a note.

    brief: only the sections that say so, without an appendix.
    """
    broken: list[Broken] = []
    wanted = [cls for cls in in_order() if cls.brief or not brief]
    found = [section for cls in wanted for section in _made(cls, page, broken)]
    appendix = [] if brief else [section for section in found if section.appendix]
    sections = (*(section for section in found if not section.appendix), *appendix)
    last = [origin.last for origin in page.findings.origins]
    document = Document(
        title=page.words(TITLE),
        subtitle=page.words("The remedies of one comparison table for recurrent networks, measured under one protocol"),
        kind=page.words("Benchmark report, in brief" if brief else "Benchmark report"),
        facts=tuple(facts(page)),
        sections=sections,
        created=f"{max(last)[:19]}Z" if last else "",
        keywords=page.words("recurrent neural networks, vanishing gradients, back-propagation through time, benchmark"),
    )
    return document, broken


def _made(cls: type[ReportSection], page: Page, broken: list[Broken]) -> list[Section]:
    """The parts of a section; where it fails, a note that says so: one section's fault does not cost the others."""
    try:
        return list(cls(page).sections())
    except BenchError:
        raise
    except Exception as error:
        reason = " ".join(f"{type(error).__name__}: {error}".split())
        broken.append(Broken(cls.name, reason, traceback.format_exc()))
        note = page.words("This section could not be made ({reason}).", reason=reason)
        return [Section(cls.name, page.words(cls.title), (Text(note, "note"),))]
