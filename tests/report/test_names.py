"""Techniques and tasks are called what they say themselves, in their results or in this project's own files."""

from __future__ import annotations

from dataclasses import replace

from bench.languages import language as language_of
from bench.report.findings import Findings
from bench.report.names import Names
from bench.report.rows import TaskWords
from bench.report.vocabulary import FAMILIES
from bench.techniques import techniques


def test_results_of_this_projects_own_are_named_whether_they_say_it_or_not(findings: Findings) -> None:
    silent = findings.members.assign(task_title="", task_short="", task_about="", task_lag_means="", called="")
    say = Names(replace(findings, members=silent), language_of("en"))
    assert say.task("temporal-order") == "Temporal order, two symbols"
    assert say.cell("temporal-order", 20) == "order 20"
    assert say.about("adding").startswith("Two numbers of a long sequence are marked")
    assert say.called["clip-value"] == "clipping by value"
    assert say.technique("never-run") == "never-run"
    assert say.technique("gru") == "GRU", "of this project, though nothing was trained of it"


def test_names_travel_with_results(findings: Findings) -> None:
    """So a plugin's are shown where the plugin is not."""
    words = {"task_title": "First sign", "task_short": "sign", "task_about": "Was it positive?", "called": "my LSTM"}
    of_plugin = findings.members.assign(task="first-sign", technique="mine:size=2", **words)
    say = Names(replace(findings, members=of_plugin), language_of("en"))
    assert say.task("first-sign") == "First sign"
    assert (say.cell("first-sign"), say.cell("first-sign", 10)) == ("sign", "sign 10")
    assert say.about("first-sign") == "Was it positive?"
    assert say.called["mine"] == "my LSTM", "by the technique's name, whatever its dials"


def test_the_newest_results_decide(findings: Findings) -> None:
    rows = findings.members[findings.members["task"] == "adding"].copy()
    rows["task_short"] = ["old"] * (len(rows) - 1) + ["new"]
    assert Names(replace(findings, members=rows), language_of("en")).cell("adding") == "new"


def test_what_says_nothing_is_called_by_its_name() -> None:
    assert TaskWords("mine").filled() == TaskWords("mine", "mine", "mine", "")


def test_words_of_a_task_are_translated(findings: Findings) -> None:
    say = Names(findings, language_of("zh"))
    assert say.task("adding") != "Adding"
    assert say.about("adding") != Names(findings, language_of("en")).about("adding")


def test_every_family_of_techniques_has_a_name_for_readers() -> None:
    assert {cls.family for cls in techniques.all().values()} <= set(FAMILIES)
