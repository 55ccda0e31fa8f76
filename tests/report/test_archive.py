"""Folders of reports: each has its own, and none goes that is new or being written, whatever a clock says."""

import re
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from bench.errors import BenchError
from bench.report import archive
from bench.report.archive import STAMP, new_folder, old_folders, writing


def made(root: Path, days_ago: float, whole: bool = True) -> Path:
    folder = root / f"{datetime.now() - timedelta(days=days_ago):{STAMP}}"
    folder.mkdir()
    if whole:
        (folder / "manifest.json").write_text("{}")
    return folder


def test_the_oldest_go(tmp_path):
    folders = [made(tmp_path, days) for days in (3, 2, 1)]
    (tmp_path / "mine").mkdir()
    (tmp_path / "2026-13-01_00-00-00").mkdir()
    assert [old_folders(tmp_path, keep) for keep in (1, 2, 3, 4)] == [folders[:2], folders[:1], [], []]


def test_a_folder_from_the_future_does_not_make_the_new_one_go(tmp_path):
    """It was made while the clock was ahead."""
    old, new, future = made(tmp_path, 5), made(tmp_path, 0), made(tmp_path, -1500)
    assert old_folders(tmp_path, 1) == [future, old]
    assert old_folders(tmp_path, 2) == [future]
    assert new.exists()


def test_a_folder_that_is_being_written_stays_and_does_not_count(tmp_path):
    begun, old, new = made(tmp_path, 9, whole=False), made(tmp_path, 2), made(tmp_path, 1)
    with writing(begun):
        assert old_folders(tmp_path, 1) == [old]
        assert old_folders(tmp_path, 2) == []
    assert not begun.exists(), "nothing came into it"
    assert new.exists()


def test_a_report_that_was_cut_off_does_not_count_and_goes_with_the_older(tmp_path):
    old, cut_off, new = made(tmp_path, 3), made(tmp_path, 2, whole=False), made(tmp_path, 1)
    assert old_folders(tmp_path, 2) == []
    assert old_folders(tmp_path, 1) == [old, cut_off]
    latest = made(tmp_path, 0, whole=False)
    assert old_folders(tmp_path, 1) == [old, cut_off]
    assert (new.exists(), latest.exists()) == (True, True)


def test_reports_of_one_second_have_a_folder_each(tmp_path, monkeypatch):
    class Still(datetime):
        @classmethod
        def now(cls, tz=None):
            return cls(2026, 1, 2, 3, 4, 5)

    monkeypatch.setattr(archive, "datetime", Still)
    folders = [new_folder(tmp_path / "reports") for _ in range(11)]
    for folder in folders:
        (folder / "manifest.json").write_text("{}")
    assert [folder.name for folder in folders[:3]] == [f"2026-01-02_03-04-05{end}" for end in ("", "-2", "-3")]
    assert old_folders(tmp_path / "reports", 1) == folders[:-1], "the tenth before the eleventh"


def test_where_no_folder_can_be_made_a_sentence_says_so(tmp_path):
    (tmp_path / "reports").write_text("a file")
    with pytest.raises(BenchError, match=re.escape(f"Cannot write {tmp_path / 'reports'}")):
        new_folder(tmp_path / "reports")
    with pytest.raises(BenchError, match="choose another --output"), writing(tmp_path / "reports" / "one"):
        pass
