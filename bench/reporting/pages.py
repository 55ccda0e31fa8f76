"""One report as an HTML page."""

from __future__ import annotations

import base64
import hashlib
import itertools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from bench.evidence.estimates import CONFIDENCE
from bench.evidence.scope import BASELINE
from bench.records.study import MAIN
from bench.reporting import heatmap, lines, updates
from bench.reporting.answer import Answer
from bench.reporting.catalogue import Catalogue, templates_folder
from bench.reporting.changes import ChangeWords
from bench.reporting.claim_figure import claim_figure
from bench.reporting.claims import SYMBOLS, Claims
from bench.reporting.findings import Findings, Technique
from bench.reporting.flow_words import FlowWords
from bench.reporting.frontier import frontier
from bench.reporting.numbering import Figure, Numbering
from bench.reporting.profiles import gradient_profiles
from bench.reporting.runs import Runs
from bench.reporting.sentences import Sentences
from bench.reporting.source_table import SourceTable
from bench.reporting.sparklines import speed_lines
from bench.reporting.style import Picture
from bench.tracking import RunAddresses


@dataclass(frozen=True)
class TaskPictures:
    """The figures of one task."""

    rates: Picture
    curves: Picture | None
    updates: Picture


@dataclass(frozen=True)
class Page:
    """A report in one language."""

    html: str
    figures: tuple[Figure, ...]
    """In their order."""


ClaimPictures = dict[str, tuple[Picture, list[str]] | None]
"""By claim: its figure, and the names of what stands on its right."""


def page(findings: Findings, words: Catalogue, addresses: RunAddresses | None = None) -> str:
    """The whole report in one language: a single HTML file that needs nothing else; runs lead to their addresses."""
    return rendered(findings, words, addresses).html


def rendered(
    findings: Findings,
    words: Catalogue,
    addresses: RunAddresses | None = None,
    of_claims: Callable[[], ClaimPictures] | None = None,
) -> Page:
    """The page with its figures; `of_claims` waits for the claims' pictures where another process draws them."""
    numbering = Numbering(words)
    context = _context(findings, words, addresses) | _script() | {"numbering": numbering}
    context["claim_pictures"] = of_claims() if of_claims else claim_pictures(findings, words)
    html = _environment().get_template("report.html.j2").render(context)
    return Page(numbering.resolved(html), tuple(numbering.figures))


def claim_pictures(findings: Findings, words: Catalogue) -> ClaimPictures:
    """Every claim's figure."""
    say = Sentences(findings, words)
    claims = Claims(say)
    return {c.claim: claim_figure(findings, say, c, claims.alt(c)) for c in findings.verdicts}


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(templates_folder()),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["groupby_family"] = _groupby_family
    environment.policies["json.dumps_kwargs"] = {"ensure_ascii": False, "separators": (",", ":")}
    return environment


def _context(findings: Findings, words: Catalogue, addresses: RunAddresses | None) -> dict[str, Any]:
    """What the templates are filled with, but for the claims' pictures."""
    say = Sentences(findings, words)
    claims, flow = Claims(say, addresses), FlowWords(say)
    answer = Answer(claims)
    history = ChangeWords(say, findings.history) if findings.history else None
    return {
        "t": words,
        "say": say,
        "number": say.numbers,
        "findings": findings,
        "scope": findings.scope,
        "baseline": BASELINE,
        "confidence": say.numbers.percent(CONFIDENCE),
        "claims": claims,
        "answer": answer,
        "source": SourceTable(claims),
        "cost_picture": frontier(findings, say, answer.cost_alt()),
        "symbols": SYMBOLS,
        "flow": flow,
        "runs": Runs(say, addresses),
        "history": history,
        "history_picture": speed_lines(history) if history else None,
        "flow_pictures": _flow_pictures(findings, flow),
        "arm_pictures": {
            arm: heatmap.solve_rates(matrix, say, matrix.scope.tasks, say.arm_alt(arm))
            for arm, matrix in findings.arms.items()
            if matrix.trained
        },
        "overview": heatmap.solve_rates(findings, say, findings.scope.tasks, " ".join(say.answers())),
        "pictures": {task: _pictures(findings, say, task) for task in findings.scope.tasks},
    }


def _script() -> dict[str, str]:
    """The page's one script, and the hash by which the page's policy knows it."""
    script = (templates_folder() / "report.js").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode("ascii")
    return {"script": Markup(script), "script_hash": f"sha256-{digest}"}


def _flow_pictures(findings: Findings, flow: FlowWords) -> dict[str, Picture]:
    """The gradient's profiles of the main arm, and of those in which nothing is trained."""
    shown = {arm: matrix for arm, matrix in findings.matrices.items() if arm == MAIN or not matrix.trained}
    found = {arm: gradient_profiles(matrix, flow.say, flow.alt(matrix)) for arm, matrix in shown.items()}
    return {arm: picture for arm, picture in found.items() if picture}


def _groupby_family(techniques: list[Technique]) -> list[list[Technique]]:
    """Techniques, which stand family by family, cut where the family changes."""
    return [list(group) for _, group in itertools.groupby(techniques, key=lambda t: t.family)]


def _pictures(findings: Findings, say: Sentences, task: str) -> TaskPictures | None:
    """A task's figures; None if nothing was trained on it."""
    measured = (findings.task_cells(task)["state"] == "measured").any()
    if not measured or not findings.scope.protocols[task].updates:
        return None
    has_curves = bool((findings.curves["task"] == task).any())
    return TaskPictures(
        rates=heatmap.solve_rates(findings, say, [task], say.answer(task)),
        curves=lines.learning_curves(findings, say, task) if has_curves else None,
        updates=updates.updates_to_solve(findings, say, task),
    )
