"""The title page: true counts, the limits of everything, and a warning where a store is too thin."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from made_up.whole import RULES
from rendering import LANGUAGES, document, texts

from bench.engine.elman import Elman
from bench.evidence.shortfalls import Shortfall
from bench.languages import Language
from bench.languages import language as language_of
from bench.records.settings import Protocol
from bench.report.counts import counts
from bench.report.document import Box, Document, Figure, Items, Section, Table, Terms, Text, blocks_of
from bench.report.findings import Findings
from bench.report.front import facts, limits_box, warning
from bench.report.limits import limits, start_radius
from bench.report.names import Names
from bench.report.render import html
from bench.report.render.beside import Beside
from bench.report.render.markdown import markdown
from bench.report.render.numbering import Numbering
from bench.report.section import Page
from bench.report.sections.answer import Answer
from bench.report.sections.fairness import Fairness

FEW = [Shortfall("seeds", 2, 11), Shortfall("cut", 100, 1000)]


def told(boxes: Any, words: Language) -> str:
    """All that stands in the boxes."""
    found = []
    for block in blocks_of(boxes):
        match block:
            case Box():
                found.append(block.title)
            case Terms():
                found += [part for pair in block.terms for part in pair]
            case Text():
                found.append(block.text)
    return " ".join(map(str, found))


@pytest.mark.parametrize(("units", "near"), [(32, 0.1), (400, 0.05)])
@pytest.mark.parametrize("scheme", ["default", "orthogonal"])
def test_the_radius_of_the_start_is_that_of_real_networks(scheme: Any, units: int, near: float) -> None:
    """It is the limit for many units; of few it is somewhat larger. The gain scales it."""
    members = 1600 // units
    cell, generator = Elman(members, 2, units), torch.Generator().manual_seed(5)
    for member in range(members):
        cell.reset(member, lambda name: generator, scheme)
    radii = np.abs(np.linalg.eigvals(cell.recurrent_weight.detach().numpy())).max(axis=1)
    protocol = RULES.model_copy(update={"initialisation": scheme})
    assert radii.mean() == pytest.approx(start_radius(protocol), rel=near)
    assert start_radius(protocol.model_copy(update={"recurrent_gain": 3.0})) == pytest.approx(
        3 * start_radius(protocol)
    )


def test_runs_are_counted_once_and_apart_from_what_was_only_probed(findings: Findings) -> None:
    own = findings.counts
    rows = findings.members.drop_duplicates(["setting_hash", "role", "seed", "learning_rate"])
    measured, trained = rows["role"] == "measured", rows["budget"] > 0
    assert own.measured == (measured & trained).sum() > 0
    assert own.tuning == (~measured).sum() > 0
    assert own.probed == (~trained).sum() > 0
    assert own.measured + own.tuning + own.probed == len(rows)
    assert counts(findings.all_runs * 2, [], 0, 0).measured == own.measured, "a run of two arms is one run"
    diverged = [replace(run, outcome="diverged") for run in findings.all_runs if not run.trained]
    assert counts(diverged, [], 0, 0).diverged == 0, "what was not trained did not diverge"


def test_the_facts_tell_training_from_tuning_and_probing(findings: Findings) -> None:
    shown = dict(facts(Page(findings, language_of("en"))))
    own = findings.counts
    assert shown["Training runs"] == f"{own.measured} in {own.settings} settings, and {own.tuning} for tuning"
    assert shown["Untrained"].startswith(f"{own.probed} networks")


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_limits_stand_on_the_title_page(findings: Findings, language: str) -> None:
    words = language_of(language)
    box = limits_box(Page(findings, words))
    assert box in list(Answer(Page(findings, words)).blocks())
    shown = told([box], words)
    for value in ("64", "2,000", "0.001", "0.58", "3", words.name("the length of the sequence")):
        assert value in shown, value
    for fields in ({"hidden_size": 77}, {"recurrent_gain": 3.0}):
        protocols = {task: p.model_copy(update=fields) for task, p in findings.protocols.items()}
        other = replace(findings, scope=replace(findings.scope, protocols=protocols))
        shown = told([limits_box(Page(other, words))], words)
        assert "77" in shown if "hidden_size" in fields else "1.73" in shown


def test_tasks_that_differ_are_told_apart(findings: Findings) -> None:
    protocols = findings.protocols | {"adding": Protocol(**RULES.model_dump() | {"updates": 4321})}
    other = replace(findings, scope=replace(findings.scope, protocols=protocols))
    box = limits_box(Page(other, language_of("en")))
    assert "Adding 4,321; Temporal order, two symbols 2,000" in told([box], language_of("en"))


def test_what_trains_nothing_has_no_limits_of_training(findings: Findings) -> None:
    assert limits(findings.arms["start"]) is None


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_thin_store_concludes_nothing(findings: Findings, language: str) -> None:
    thin, words = replace(findings, shortfalls=FEW), language_of(language)
    banner = told([warning(Page(thin, words))], words)
    blocks = list(Answer(Page(thin, words)).blocks())
    assert isinstance(blocks[0], Box)
    assert told(blocks[:1], words) == banner
    assert not [block for block in blocks if isinstance(block, Table | Figure)]
    assert [block for block in Answer(Page(findings, words)).blocks() if isinstance(block, Figure)]
    for text in texts([block for block in blocks if isinstance(block, Items)], words):
        assert not {claim.claim for claim in thin.verdicts if f" {claim.claim} " in text} - {"S01"}


def test_a_thin_store_says_so_first_in_every_format(findings: Findings) -> None:
    thin, words = replace(findings, shortfalls=FEW), language_of("en")
    made = document(thin, words)
    banner = "2 seeds, 100 updates: no conclusion"
    text = markdown(made, words, Numbering(made), Beside("figures")).decode()
    assert f"> **{banner}**\n>\n> With so few seeds" in text
    shown = html.page(made, words, Numbering(made))
    assert shown.index('<section class="thin" id="summary"') < shown.index(banner) < shown.index('id="choice"')
    assert '<aside class="box warning"' in shown


def test_a_study_that_is_not_its_presets_own_is_named_as_changed(findings: Findings) -> None:
    study = findings.studies[-1].model_copy(
        update={"changed": {"techniques": (), "updates": (1000, 600), "seeds": (5,)}}
    )
    changed = replace(findings, scope=replace(findings.scope, studies=[study]))
    assert Names(findings, language_of("en")).study() == "Quick study"
    assert Names(changed, language_of("en")).study() == (
        "Quick study, changed: techniques; Budget, updates (the preset's: 1,000 and 600); seeds (the preset's: 5)"
    )


def test_rates_at_the_edge_of_the_grid_are_told(findings: Findings) -> None:
    section = Fairness(Page(findings, language_of("en")))
    blocks = [block.text for block in section.blocks() if isinstance(block, Text)]
    edges = findings.edges
    largest = sum(edge.edge == "largest" for edge in edges)
    assert f"Of {len(edges)} settings in which some tuning run solved, {largest} chose the largest" in str(blocks)
    assert "cannot tell the verdicts at another one" in str(blocks)


def test_markdown_keeps_a_box_together() -> None:
    words = language_of("en")
    box = Box("Mind", (Text("One."), Items(("a", "b"))), "limits")
    made = Document("T", "s", "", (), (Section("a", "A", (box,)),))
    text = markdown(made, words, Numbering(made), Beside("figures")).decode()
    assert "> **Mind**\n>\n> One.\n>\n> - a\n> - b" in text
