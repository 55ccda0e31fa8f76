"""One report of one made-up store with made-up verdicts, rendered once."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from browsing import browser as browser
from browsing import opened as opened
from browsing import usual as usual
from filelock import FileLock
from made_up.verdicts import FEW, make_others, make_verdicts
from made_up.whole import ADDRESSES, small_study
from rendering import LANGUAGES

from bench.report import findings, write_report
from bench.testing.made_up import SmallStore


@pytest.fixture(scope="session", autouse=True)
def _made_up_verdicts() -> Iterator[None]:
    """Of every sort, whatever the store holds; how real ones are reached is the business of tests/evidence.

    A few claims will do, but for one report in which all of them stand: their figures take time.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(findings, "judge", partial(make_verdicts, claims=FEW))
        yield


@pytest.fixture(scope="session")
def store() -> SmallStore:
    """See `small_study`."""
    return small_study()


@pytest.fixture(scope="session")
def rendered(store: SmallStore, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with the four files: written by the first of the tests' processes that wants it, for all of them."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "report"
    with FileLock(f"{folder}.lock"), pytest.MonkeyPatch.context() as patch:
        patch.setattr(findings, "judge", make_verdicts)
        patch.setattr(findings, "judge_others", make_others)
        if not (folder / "manifest.json").exists():  # which is written last
            folder.mkdir(exist_ok=True)
            write_report(store, folder, LANGUAGES, ADDRESSES)
    return folder
