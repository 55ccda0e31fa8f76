"""The documents tell the truth: their examples run as they stand, and their tables name what there is."""

import hashlib
import importlib
import json
import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import generated_documents
import pytest
import typer
from made_up.cohorts import cohort, result

from bench.cli import app, main
from bench.cli.options import load_plugins
from bench.evidence.claims import book, families
from bench.evidence.estimands import estimands
from bench.evidence.published import published_results
from bench.execution.workforce import executors
from bench.protocol.preset import preset_names
from bench.records.fields import protocol_columns
from bench.report.sections import sections
from bench.tasks import tasks
from bench.techniques import techniques
from bench.testing import check_claim
from bench.tracking import Store

ROOT = Path(__file__).parents[1]
EXAMPLE = re.compile(r"<!-- file: (\S+) -->\n```(?:python|yaml|po)\n(.*?)```", re.DOTALL)
COMMAND = re.compile(r"^    bptt-bench (run .*--plugin .*)$", re.MULTILINE)
DOCUMENTS = sorted(file.relative_to(ROOT).as_posix() for file in [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")])
PROGRAM = typer.main.get_command(app)
COMMANDS = PROGRAM.commands  # type: ignore[attr-defined]
FOREIGN = {"--app-name"}
"""Options of other programs."""
FEW = (("--task", "adding"), ("--technique", "tanh,gru"))
IN_SHORT = [
    "--preset",
    "smoke",
    "--updates",
    "2",
    "--seeds",
    "1",
    "--learning-rate",
    "0.01",
    "--jobs",
    "1",
    "--no-history",
]


@pytest.fixture
def examples(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Every example file of the two documents, in a folder of their own; what they register goes again."""
    monkeypatch.chdir(tmp_path)
    for registry in (tasks, techniques, estimands, executors, sections):
        monkeypatch.setattr(registry, "_found", registry.all())
    monkeypatch.setattr(book, "_plugins", {})
    for document in ("README.md", "CONTRIBUTING.md"):
        for name, text in EXAMPLE.findall((ROOT / document).read_text(encoding="utf-8")):
            (tmp_path / name).parent.mkdir(exist_ok=True)
            (tmp_path / name).write_text(text, encoding="utf-8")
    return sorted(tmp_path.iterdir())


def test_examples_keep_the_contracts(examples: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tests = [file.stem for file in examples if file.name.startswith("test_")]
    subjects = ("first_sign", "fr", "half_life", "here", "leaky_units", "reached", "ugrnn")
    assert tests == [f"test_{name}" for name in subjects]
    monkeypatch.syspath_prepend(tmp_path)
    try:
        for test in tests:
            (check,) = [
                value for name, value in vars(importlib.import_module(test)).items() if name.startswith("test_")
            ]
            check()
    finally:
        for file in examples:
            sys.modules.pop(file.stem, None)


def test_the_claim_of_the_documents_can_be_judged(examples: list[Path]) -> None:
    (plugin,) = (file for file in examples if file.name == "half_life.py")
    load_plugins([plugin])
    assert [claim.id for claim in families()[str(plugin.with_name("half_life.claims.yaml"))]] == ["M1"]
    check_claim(plugin.with_name("half_life.claims.yaml"))


@pytest.mark.parametrize("document", ["README.md", "CONTRIBUTING.md"])
@pytest.mark.usefixtures("examples", "few_timings")
def test_commands_run(document: str) -> None:
    """With a smaller preset; with one task where that is of no matter, or two techniques where these are of none."""
    commands = COMMAND.findall((ROOT / document).read_text(encoding="utf-8"))
    assert commands
    for command in commands:
        words = shlex.split(command)
        preset = words.index("--preset")
        few = [word for choice in FEW if choice[0] not in words for word in choice]
        assert main([*words[:preset], *words[preset + 2 :], *few, *IN_SHORT]) == 0


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_command_and_option_that_is_named_is_there(document: str) -> None:
    """Commands on lines of their own parse as they stand; of those in a sentence the words are known."""
    text = (ROOT / document).read_text(encoding="utf-8")
    for line in re.findall(r"^    bptt-bench (\w.*)$", text, re.MULTILINE):
        if "──" not in line:  # a drawing
            name, *words = shlex.split(line, comments=True)
            COMMANDS[name].make_context(name, words)
    mentions = re.findall(r"`bptt-bench (\w[^`]*)`", text)
    assert {line.split()[0] for line in mentions} <= set(COMMANDS)
    parameters = [parameter for command in (PROGRAM, *COMMANDS.values()) for parameter in command.params]
    options = {option for parameter in parameters for option in (*parameter.opts, *parameter.secondary_opts)}
    named = {o for words in [*mentions, *re.findall(r"`(--[^`]*)`", text)] for o in re.findall(r"--[a-z-]+", words)}
    assert named - FOREIGN <= options, named - options


def test_the_manifest_is_checked_as_its_page_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    page = (ROOT / "docs" / "report-files.md").read_text(encoding="utf-8")
    (line,) = re.findall(r"^    python -c (.*)$", page, re.MULTILINE)
    (code,) = shlex.split(line)
    (tmp_path / "a.csv").write_bytes(b"a\n1\n")
    about = {"bytes": 4, "sha256": hashlib.sha256(b"a\n1\n").hexdigest()}
    manifest = {"files": {"a.csv": about, "b.csv": about}}
    (tmp_path / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    exec(code, {})
    assert capsys.readouterr().out == "['b.csv']\n"


@pytest.mark.parametrize("document", [file for file in DOCUMENTS if file.startswith("docs/")])
def test_tables_that_follow_from_the_code_are_as_it_has_them(document: str) -> None:
    text = (ROOT / document).read_text(encoding="utf-8")
    assert text == generated_documents.written(text), "run python tests/generated_documents.py"


def test_the_page_on_mlflow_names_what_lies_there(
    make_store: Callable[..., Store], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = (ROOT / "docs" / "mlflow.md").read_text(encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    what = cohort("clip-norm")
    found = result(what)
    make_store()
    store = Store.open()
    store.write_cohort(replace(found, members=found.members.assign(clip_norm=1.0, reason="a reason")))
    members = store.client.search_runs([store.client.get_experiment_by_name("bptt-bench/adding").experiment_id])
    experiments = {e.name for e in store.client.search_experiments()} - {"Default"}
    names = [{*run.data.params, *run.data.metrics, *run.data.tags} for run in members]
    kept = {name for name in set.union(*names) | experiments if not name.startswith("mlflow.")}
    protocol = {column.name for column in protocol_columns()}  # of which the page says where they stand
    assert {name for name in kept if f"`{name}`" not in page} == protocol
    (code,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    share = (found.members["outcome"] == "solved").mean()
    assert f"clip-norm    {share:.6f}" in done.stdout


def test_the_readme_counts_what_there_is() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    found = re.search(r"(\d+) techniques on (\d+) tasks, and\s(\d+) published results", text)
    assert found
    counted = [len(techniques.names()), len(tasks.names()), len(published_results())]
    assert [int(number) for number in found.groups()] == counted


def test_the_protocol_names_every_task_and_preset() -> None:
    text = (ROOT / "docs" / "protocol.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\S+)` \|(.*)\|$", text, re.MULTILINE)
    assert {*tasks.names(), *preset_names()} <= {name for name, _ in rows}
    stated = {name: re.search(r"([\d.]+)( %)?[^|]*$", cells) for name, cells in rows if name in tasks.names()}
    for name, found in stated.items():
        assert found
        level = float(found[1]) / (100 if found[2] else 1)
        assert level == pytest.approx(tasks.get(name).solved_at), name
