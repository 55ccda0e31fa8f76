"""One report as an HTML page, and the page as a PDF."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from bench.errors import BenchError
from bench.evidence.estimates import CONFIDENCE
from bench.evidence.scope import BASELINE
from bench.reporting import heatmap, lines
from bench.reporting.catalogue import Catalogue, templates_folder
from bench.reporting.findings import Findings, Technique
from bench.reporting.sentences import Sentences
from bench.reporting.style import Picture

SYSTEM_PACKAGES = "libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0"


@dataclass(frozen=True)
class TaskPictures:
    """The figures of one task."""

    rates: Picture
    curves: Picture | None
    updates: Picture


def page(findings: Findings, words: Catalogue) -> str:
    """The whole report in one language: a single HTML file that needs nothing else."""
    say = Sentences(findings, words)
    environment = Environment(
        loader=FileSystemLoader(templates_folder()),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["groupby_family"] = _groupby_family
    context: dict[str, Any] = {
        "t": words,
        "say": say,
        "number": say.numbers,
        "findings": findings,
        "scope": findings.scope,
        "baseline": BASELINE,
        "confidence": say.numbers.percent(CONFIDENCE),
        "overview": heatmap.solve_rates(findings, say, findings.scope.tasks, " ".join(say.answers())),
        "pictures": {task: _pictures(findings, say, task) for task in findings.scope.tasks},
    }
    return environment.get_template("report.html.j2").render(context)


def _groupby_family(techniques: list[Technique]) -> list[list[Technique]]:
    """Techniques, which stand family by family, cut where the family changes."""
    return [list(group) for _, group in itertools.groupby(techniques, key=lambda t: t.family)]


def _pictures(findings: Findings, say: Sentences, task: str) -> TaskPictures | None:
    """A task's figures; None if nothing was measured on it."""
    if not (findings.task_cells(task)["state"] == "measured").any():
        return None
    has_curves = bool((findings.curves["task"] == task).any())
    return TaskPictures(
        rates=heatmap.solve_rates(findings, say, [task], say.answer(task)),
        curves=lines.learning_curves(findings, say, task) if has_curves else None,
        updates=lines.updates_to_solve(findings, say, task),
    )


def pdf(html: str) -> bytes:
    """A page of `page` as a tagged PDF; raises BenchError if Pango is missing."""
    try:
        from weasyprint import HTML
        from weasyprint.urls import URLFetcher
    except OSError as error:
        raise BenchError(
            f"The PDF was not written, for WeasyPrint does not find Pango ({error}): apt-get install {SYSTEM_PACKAGES}."
        ) from error
    document = HTML(string=html, url_fetcher=URLFetcher(allowed_protocols={"data"}))
    return document.write_pdf(pdf_variant="pdf/ua-1")
