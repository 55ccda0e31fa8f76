"""What a user gets wrong: one clear sentence, the right exit code, no traceback, nothing lost."""

import os
import socket
from pathlib import Path

import pytest
from made_up.cohorts import result

from bench.cli import main
from bench.tracking import Store

RUN = "run --preset smoke"
PRESET = """
title: {en: Mine, zh: 我的}
description: {en: Mine., zh: 我的。}
techniques: [tanh]
tasks: {copy: {lags: [3]}}
measured_seeds: 1
protocol:
  {hidden_size: 4, batch_size: 2, updates: 2, evaluate_every: 1, held_out_size: 4,
   learning_rates: [0.01], tuning_seeds: 1}
"""


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A working folder of each test's own, with a few files that commands stumble over."""
    monkeypatch.chdir(tmp_path)
    Path("corrupt.db").write_bytes(b"not a database at all" * 100)
    Path("file").write_text("a file where a folder is wanted")
    Path("broken.py").write_text("import nothing_of_this_name")
    Path("empty.py").write_text("")
    Path("mine.yaml").write_text(PRESET)
    Path("unknown.yaml").write_text(PRESET + "colour: red\n")
    Path("missing.yaml").write_text(PRESET.replace("measured_seeds: 1\n", ""))
    Path("zero.yaml").write_text(PRESET.replace("measured_seeds: 1", "measured_seeds: 0"))
    Path("crooked.yaml").write_text("tasks: [\n")
    Path("folder.yaml").mkdir()
    Path("folder.py").mkdir()


WRONG = {
    # of the command line
    "rnu": "No such command 'rnu'. Did you mean 'run'?",
    "run --presett smoke": "No such option: --presett. Did you mean --preset?",
    "run": "Missing option '--preset'",
    "list": "techniques|tasks|presets|claims",
    "list cells": "'cells' is not one of 'techniques', 'tasks', 'presets', 'claims', 'published', 'executors'",
    "export --format xml": "'xml' is not one of 'json', 'csv', 'parquet'",
    "report --language fr": "Unknown language 'fr': choose from en, zh",
    f"{RUN} --jobs 0": "--jobs",
    f"{RUN} --seeds many": "--seeds",
    f"{RUN} --timeout soon": "'soon' is not a duration",
    f"{RUN} --timeout 0s": "'0s' is not a duration",
    # unknown names
    f"{RUN} --executor rai": "Unknown executor 'rai': did you mean ray?",
    "run --preset smoek": "Unknown preset 'smoek': did you mean smoke?",
    f"{RUN} --technique lstn": "Unknown technique 'lstn': did you mean lstm",
    f"{RUN} --task adding,coppy": "Unknown task 'coppy': did you mean copy",
    "verdicts --claim S99": "Unknown claim 'S99': claims are S01 to S30, E01 to E10",  # before it looks for a store
    f"{RUN} --technique tbptt:windw=3": "Technique 'tbptt' has no dial 'windw': its dials are window",
    f"{RUN} --optimizer adm": "--optimizer adm: input should be 'adam', 'adamw'",
    f"{RUN} --initialisation identity": "--initialisation identity: input should be 'default' or",
    # impossible sizes
    f"{RUN} --task adding --lag 1": "Lag 1 is too short for task 'adding': its least lag is 2",
    f"{RUN} --task adding --lag=-5": "Lag -5 is too short",
    f"{RUN} --task adding --lag ten": "--lag takes whole numbers separated by commas, not 'ten'",
    f"{RUN} --seeds 0": "--seeds 0 would measure nothing: give 1 or more",
    f"{RUN} --seeds=-3": "--seeds -3 would measure nothing",
    f"{RUN} --updates -1": "--updates -1: input should be greater than or equal to 0",
    f"{RUN} --hidden-size=-1": "--hidden-size -1: input should be greater than or equal to 1",
    f"{RUN} --batch-size many": "--batch-size many: input should be a valid integer",
    f"{RUN} --learning-rate=-0.1": "Learning rates must be positive numbers, not -0.1",
    f"{RUN} --learning-rate 0": "Learning rates must be positive numbers",
    f"{RUN} --learning-rate nan": "Learning rates must be positive numbers",
    f"{RUN} --learning-rate fast": "--learning-rate fast: input should be a valid number",
    f"{RUN} --clip-norm=-1": "--clip-norm -1: input should be greater than 0",
    f"{RUN} --technique tbptt:window=-2": "Dial 'window=-2' of technique 'tbptt' must be a positive whole number",
    f"{RUN} --technique tbptt:window=0.5": "Dial 'window=0.5' of technique 'tbptt' must be a positive whole number",
    f"{RUN} --technique deep-tanh:depth=2.7": "Dial 'depth=2.7' of technique 'deep-tanh' must be a positive whole",
    # presets
    "run --preset nowhere.yaml": "Preset file nowhere.yaml does not exist",
    "run --preset folder.yaml": "Preset file folder.yaml is not a file",
    "run --preset unknown.yaml": "Preset unknown.yaml: unknown key 'colour'",
    "run --preset missing.yaml": "Preset missing.yaml: the key 'measured_seeds' is missing",
    "run --preset zero.yaml": "Preset zero.yaml: 'measured_seeds' is 0",
    "run --preset crooked.yaml": "Preset crooked.yaml is not valid YAML at line",
    # plugins
    f"{RUN} --plugin nowhere.py": "Plugin nowhere.py does not exist",
    f"{RUN} --plugin folder.py": "Plugin folder.py is not a file",
    f"{RUN} --plugin broken.py": "Cannot import plugin broken.py: ModuleNotFoundError",
    f"{RUN} --plugin empty.py": "Plugin empty.py defines no technique and no task",
    # stores
    "run --preset mine.yaml --store corrupt.db": "is not a database or is damaged",
    "run --preset mine.yaml --store file/store": "cannot be created",
    "run --preset mine.yaml --store ftp://somewhere": "Store 'ftp://somewhere' is not a known kind of store",
    "plan --preset mine.yaml --store corrupt.db": "is not a database or is damaged",
    "report": "There is no store at",
    "report --store corrupt.db": "is not a database or is damaged",
    "export --format csv": "There is no store at",
    "ui": "There is no store at",
}


@pytest.mark.parametrize(("line", "sentence"), WRONG.items(), ids=WRONG)
def test_one_sentence(line: str, sentence: str, capsys: pytest.CaptureFixture[str]) -> None:
    before = sorted(Path.cwd().rglob("*"))
    assert main(line.split()) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    (said,) = captured.err.splitlines()
    assert said.startswith("bptt-bench: ")
    assert sentence in said
    made = set(Path.cwd().rglob("*")) - set(before)
    assert not [file for file in made if file.suffix != ".lock" and "__pycache__" not in file.parts]


def test_an_unwritable_output_keeps_what_is_there(store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    store.write_cohort(result())
    assert main(["export", "--store", store.uri, "--format", "csv", "--output", "file/members.csv"]) == 2
    assert "Cannot write file/members.csv" in capsys.readouterr().err
    assert Path("file").read_text() == "a file where a folder is wanted"


def test_a_report_of_nothing(store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", "--store", store.uri]) == 2
    (said,) = capsys.readouterr().err.splitlines()
    assert "run" in said
    assert not Path("reports").exists()


def test_a_taken_port(store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    store.write_cohort(result())
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        assert main(["ui", "--store", store.uri, "--port", str(port)]) == 2
    assert f"Port {port} is in use: choose another with --port." in capsys.readouterr().err


def test_a_store_that_may_not_be_written(
    store: Store, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Root may write everywhere, so permission is refused by hand."""
    assert store.location.database is not None

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied", str(store.location.database))

    monkeypatch.setattr(os, "open", refuse)
    assert main(["run", "--preset", "mine.yaml", "--store", store.uri]) == 2
    (said,) = capsys.readouterr().err.splitlines()
    assert "no permission" in said
