"""What is printed fits a terminal, in colour if it may be, and is whole and plain anywhere else."""

import re

import pytest

from bench.cli import console
from bench.cli.console import hours, show_sheet, show_table

ROWS = [
    {"claim": "S01", "says": "the gradient shrinks " * 9, "verdict": "supported", "why": "because " * 30},
    {"claim": "S02", "says": "梯度随时间步指数衰减" * 8, "verdict": "undecided", "why": "few seeds"},
]
COLOURS = {"verdict": {"supported": "green"}}
CODE = re.compile("\x1b\\[[0-9]*m")


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """A terminal of 80 columns that shows colour."""
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setattr(console, "is_terminal", lambda stream: True)


def widths(text: str) -> list[int]:
    return [console._width(CODE.sub("", line)) for line in text.splitlines()]


def test_a_table_fits_a_terminal_and_loses_nothing(terminal: None, capsys: pytest.CaptureFixture[str]) -> None:
    show_table(ROWS, COLOURS)
    out = capsys.readouterr().out
    assert max(widths(out)) <= 80
    assert out.count("because") == 30
    assert out.replace(" ", "").count("梯") == 8
    assert "\x1b[32msupported" in out
    assert out.startswith("\x1b[1mclaim")


@pytest.mark.parametrize(("name", "value"), [("NO_COLOR", "1"), ("TERM", "dumb")])
def test_a_terminal_without_colour(
    name: str, value: str, terminal: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(name, value)
    show_table(ROWS, COLOURS)
    show_sheet({"claim": ["S01"]})
    assert "\x1b" not in capsys.readouterr().out


def test_a_pipe_gets_whole_lines_without_colour(capsys: pytest.CaptureFixture[str]) -> None:
    show_table(ROWS, COLOURS)
    out = capsys.readouterr().out
    assert len(out.splitlines()) == 3
    assert "\x1b" not in out
    assert all(row["why"].strip() in out and row["says"].strip() in out for row in ROWS)


def test_a_sheet_fits_a_terminal_and_keeps_its_indents(terminal: None, capsys: pytest.CaptureFixture[str]) -> None:
    show_sheet({"about": ["word " * 40, "    input  A B"], "nothing": [], "longest heading": ["x"]})
    lines = CODE.sub("", capsys.readouterr().out).splitlines()
    assert max(map(len, lines)) <= 80
    assert " " * 17 + "    input  A B" in lines
    assert not any(line.startswith("nothing") for line in lines)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.2, "1 s"), (59, "59 s"), (61, "1 min"), (3599.9, "1 h 00 min"), (14570, "4 h 03 min"), (400_000, "4 d 15 h")],
)
def test_lengths_of_time_are_for_people(seconds: float, words: str) -> None:
    assert hours(seconds) == words
