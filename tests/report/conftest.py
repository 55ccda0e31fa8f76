"""One report of one made-up store with made-up verdicts, rendered once."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

import pytest
from browsing import browser as browser
from browsing import opened as opened
from browsing import usual as usual
from filelock import FileLock
from made_up.verdicts import FEW, make_others, make_verdicts
from made_up.whole import ADDRESSES, small_study, whole_study
from misfits import misfits
from rendering import LANGUAGES
from weasyprint import HTML

from bench.report import findings as findings_module
from bench.report import write_report
from bench.report.draw import style
from bench.report.draw.style import Picture
from bench.report.draw.unrolled import Drawn
from bench.report.findings import Findings, gather
from bench.report.sections.networks import Networks
from bench.testing.made_up import SmallStore


@pytest.fixture(scope="session", autouse=True)
def _made_up_verdicts() -> Iterator[None]:
    """Of every sort, whatever the store holds; how real ones are reached is the business of tests/evidence.

    A few claims will do, but for one report in which all of them stand: their figures take time.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(findings_module, "judge", partial(make_verdicts, claims=FEW))
        yield


@pytest.fixture(scope="session", autouse=True)
def _networks_drawn_once() -> Iterator[None]:
    """Drawings of networks show no results: each is made once for all reports of these tests."""
    draw, pictures = Networks._picture, {}

    def once(self: Networks, drawn: Sequence[Drawn]) -> Picture:
        key = (self.words.code, style._PNG_DPI.get(), *(one.title for one in drawn))
        if key not in pictures:
            pictures[key] = draw(self, drawn)
        return pictures[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Networks, "_picture", once)
        yield


@pytest.fixture(scope="session")
def store() -> SmallStore:
    """See `small_study`."""
    return small_study()


@pytest.fixture(scope="session")
def little() -> SmallStore:
    """One task, three techniques, no arm: for tests of how a report is written, whatever it says."""
    return whole_study(2, ("adding",), ("tanh", "lstm", "clip-value"))


@pytest.fixture(scope="session")
def findings(store: SmallStore) -> Findings:
    """What a report says of `store`, with verdicts on few claims."""
    return gather(store)


@pytest.fixture(scope="session")
def all_judged(store: SmallStore) -> Findings:
    """The same with a verdict on every claim of the source."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(findings_module, "judge", make_verdicts)
        return gather(store)


@pytest.fixture(scope="session")
def rendered(store: SmallStore, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with the four files: written by the first of the tests' processes that wants it, for all of them.

    What does not fit its page stands beside it, by language.
    """
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "report"
    with FileLock(f"{folder}.lock"), pytest.MonkeyPatch.context() as patch:
        patch.setattr(findings_module, "judge", make_verdicts)
        patch.setattr(findings_module, "judge_others", make_others)
        if not (folder / "manifest.json").exists():  # which is written last
            folder.mkdir(exist_ok=True)
            seen = _looked_at(patch)
            write_report(store, folder, LANGUAGES, ADDRESSES)
            found = json.dumps(dict(zip(LANGUAGES, seen, strict=True)))
            Path(f"{folder}.misfits.json").write_text(found, encoding="utf-8")
    return folder


def _looked_at(patch: pytest.MonkeyPatch) -> list[list[str]]:
    """The misfits of every document that WeasyPrint lays out from now on."""
    lay_out, seen = HTML.render, []

    def render(self: HTML, *args: object, **options: object) -> object:
        document = lay_out(self, *args, **options)
        seen.append(list(misfits(document)))
        return document

    patch.setattr(HTML, "render", render)
    return seen
