"""Whatever the command line is given: data, or one sentence and exit code 2; never a traceback, a hang or a secret."""

from __future__ import annotations

import io
import shutil
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

import pytest
import typer.main
from hypothesis import event, given
from hypothesis import strategies as st
from made_up.cohorts import result
from profiles import TEXTS, WEIRD_TEXTS, examples, no_hang

from bench import doctor, execution, report, tracking
from bench.cli import app, main
from bench.execution import Plan, RunSummary
from bench.files import write_whole
from bench.tracking import local

COMMANDS: dict[str, Any] = typer.main.get_command(app).commands  # type: ignore[attr-defined]
SECRET = "hunter2"
STORES = (
    *("", " ", "file", "file/x", "corrupt.db"),
    *("good", "good/mlflow.db", "new", "sqlite:///good/mlflow.db", "sqlite://", "?"),
    *(f"http://me:{SECRET}@127.0.0.1:9"),
    *(f"https://127.0.0.1:9/?token={SECRET}", f"postgresql://me:{SECRET}@127.0.0.1:9/x"),
    *(f"sqlite://me:{SECRET}@x", f"ftp://me:{SECRET}@127.0.0.1"),
    *(f"mysql+pymysql://x?password={SECRET}", "http://[::1"),
    *("\0", "\ud800", "x" * 5000, "http://", "file:///x", "a\nb", "\x1b[2J", "a?b"),
)  # fmt: skip
GOOD = {
    "--preset": ("smoke", "quick", "mine.yaml"),
    "--technique": ("tanh", "tanh,lstm", "tbptt:window=3"),
    "--task": ("adding", "copy,adding"),
    "--lag": ("5", "10,20"),
    "--format": ("csv", "json", "parquet"),
    "--output": ("here", "file/x", "a\0b", "x" * 5000, "\ud800", "\x1b[2J", ""),
    "--store": STORES,
    "--plugin": ("empty.py", "leaves.py", "names.py", "file", "nowhere.py"),
    "--language": ("en", "both"),
    "--arm": ("main", "start"),
}
PLUGINS = {
    "empty.py": "",
    "leaves.py": "raise SystemExit(0)",
    "names.py": "from bench.techniques import Technique\nclass Odd(Technique):\n    name = 'a,b\\x1b[2J'",
}
OWN = ("--output", "--store")
"""Take no made-up texts: these would be written to wherever they say."""


@pytest.fixture(autouse=True)
def workplace(elsewhere: Path, empty_database: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files to stumble over, and commands that do at once what would take long."""
    for name, text in PLUGINS.items():
        Path(name).write_text(text)
    Path("file").write_text("a file where a folder is wanted")
    Path("mine.yaml").write_text("techniques: [tanh]\n")
    Path("corrupt.db").write_bytes(b"not a database at all" * 100)
    monkeypatch.setattr(local, "_make", lambda _, database: shutil.copyfile(empty_database, database))
    tracking.Store.open("good").write_cohort(result())
    plan = Plan(
        preset="p",
        arms=("main",),
        settings=1,
        members=1,
        cached=0,
        estimated_seconds=1,
        extrapolated=(),
        skipped=("odd\x1b",),
    )
    monkeypatch.setattr(execution, "make_plan", lambda *_: plan)
    monkeypatch.setattr(execution, "run_studies", lambda *_, **__: RunSummary(trained=1))
    monkeypatch.setattr(report, "write_report", lambda store, folder, *_, **__: [write_whole(folder / "report", b"")])
    monkeypatch.setattr(tracking, "ui_command", lambda *_, **__: [])
    monkeypatch.setattr(doctor, "examine", lambda _: [])


@st.composite
def lines(draw: st.DrawFn) -> list[str]:
    """A command, or nearly one, with options of its own and others', and values good and bad."""
    name = draw(
        st.one_of(st.sampled_from(sorted(COMMANDS)), TEXTS)
        if draw(st.integers(0, 9)) == 0
        else st.sampled_from(sorted(COMMANDS))
    )
    words = [name] if draw(st.integers(0, 19)) else []
    own = [option for parameter in getattr(COMMANDS.get(name), "params", ()) for option in parameter.opts]
    if name == "list":
        words.append(draw(st.sampled_from(["techniques", "claims", "cells"])))
    needed = [option for option in ("--preset", "--format") if option in own and draw(st.integers(0, 9))]
    options = [*needed, *draw(st.lists(st.sampled_from([o for o in own if o.startswith("--")] or ["--x"]), max_size=3))]
    for option in options:
        good = st.sampled_from(GOOD.get(option, ("1", "0.1", "adam")))
        value = draw(good if option in OWN or draw(st.booleans()) else st.one_of(good, TEXTS))
        words += draw(st.sampled_from([[option, value], [option, value], [f"{option}={value}"], [option], [value]]))
    return words


def run(words: list[str]) -> tuple[int, str, str]:
    """The exit code, and what went to standard output and error, which encode as they do in a terminal."""
    out, err = io.TextIOWrapper(io.BytesIO(), "utf-8"), io.TextIOWrapper(io.BytesIO(), "utf-8", "backslashreplace")
    with redirect_stdout(out), redirect_stderr(err), no_hang():
        status = main(words)
    texts = []
    for stream in (out, err):
        stream.flush()
        texts.append(stream.buffer.getvalue().decode("utf-8", "replace"))  # type: ignore[attr-defined]
    return status, *texts


@given(lines())
@examples(120)
def test_command_lines(words: list[str]) -> None:
    status, out, err = run(words)
    event(f"exit code {status}")
    assert "Traceback" not in err
    assert SECRET not in out + err
    assert status in (0, 2), err
    assert all(c.isprintable() or c == "\n" for c in err)
    if status == 2:
        assert out == ""
        (said,) = (line for line in err.splitlines() if " INFO " not in line)  # a night's log goes there, too
        assert said.startswith("bptt-bench: ") or " ERROR " in said


@given(st.lists(st.one_of(st.sampled_from(sorted(COMMANDS)), WEIRD_TEXTS), max_size=4))
@examples(40)
def test_words(words: list[str]) -> None:
    """Mere words, without options."""
    status, _, err = run(words)
    assert "Traceback" not in err
    assert status in (0, 2), err
