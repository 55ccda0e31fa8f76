"""The commands: what they print where, what they hand on, how they end."""

import csv
import gc
import io
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from made_up.cohorts import cohort, result

import bench
from bench import execution, report
from bench.cli import main
from bench.cli.console import say
from bench.cli.verb import found
from bench.collector import MIDDLE, OLD, YOUNG
from bench.execution import RunSummary
from bench.execution.crew import Crew
from bench.protocol.preset import Selectors, load_preset, resolve
from bench.records.study import Study
from bench.tracking import RunAddresses, Store

ROOT = Path(bench.__file__).parents[1]
TINY = ["--preset", "smoke", "--technique", "tanh,lstm", "--task", "adding", "--lag", "10,12"]


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A working folder of each test's own."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def filled(store: Store) -> Store:
    """A store with three members, one of them failed: its numbers are missing."""
    store.write_cohort(result(cohort(), ["solved", "unsolved", "failed"]))
    return store


def in_a_shell(line: str) -> subprocess.CompletedProcess[str]:
    """Run a shell line in which `$BENCH` is the command."""
    command = f'{sys.executable} -c "import sys; from bench.cli import main; sys.exit(main())"'
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    script = f'set -o pipefail; BENCH() {{ {command} "$@"; }}; {line}'
    return subprocess.run(["bash", "-c", script], env=environment, capture_output=True, text=True, check=False)


# Help


def test_help_imports_no_room() -> None:
    look = "import sys; from bench import cli; cli.main(['run', '--help']); print(*sys.modules, file=sys.stderr)"
    done = subprocess.run(
        [sys.executable, "-c", look],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    loaded = set(done.stderr.split())
    assert "--initialisation" in done.stdout
    assert "bench.cli" in loaded
    assert not loaded & {"torch", "mlflow", "pytorch_lightning", "pandas", "numpy", "rich"}


@pytest.mark.parametrize("arguments", [["--help"], []])
def test_help_names_every_command(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 0
    listed = capsys.readouterr().out.partition("Look around:")[2].partition("A run is")[0]
    assert re.findall(r"^  (\w+)", listed, re.MULTILINE) == [verb.name for verb in found()]


# list


def listed(kind: str, capsys: pytest.CaptureFixture[str]) -> list[dict]:
    assert main(["list", kind, "--json"]) == 0
    captured = capsys.readouterr()
    assert not captured.err
    return json.loads(captured.out)


def test_list_techniques(capsys: pytest.CaptureFixture[str]) -> None:
    records = {r["name"]: r for r in listed("techniques", capsys)}
    assert list(records["tanh"]) == ["name", "title", "family", "source_row", "changes", "reference"]
    assert {name: records[name]["source_row"] for name in ("tanh", "gru", "clip-literal", "tbptt")} == {
        "tanh": None,
        "gru": "gated",
        "clip-literal": "clipping",
        "tbptt": "truncated",
    }


def test_list_tasks_presets_and_claims(capsys: pytest.CaptureFixture[str]) -> None:
    assert {"adding", "copy", "temporal-order", "digits"} <= {r["name"] for r in listed("tasks", capsys)}
    assert {"smoke", "quick"} <= {r["name"] for r in listed("presets", capsys)}
    claims = {r["id"]: r for r in listed("claims", capsys)}
    assert list(claims) == [f"S{n:02}" for n in range(1, 31)] + [f"E{n:02}" for n in range(1, 11)]
    assert "裁剪" in claims["S15"]["zh"]


def test_plain_lists_are_aligned(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list", "tasks"]) == 0
    heads, *rows = capsys.readouterr().out.splitlines()
    column = heads.index("title")
    assert {row[column - 2 : column] for row in rows} == {"  "}
    assert all(row[column] != " " for row in rows)


# plan


def test_plan_trains_nothing_and_makes_no_store(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plan", *TINY, "--seeds", "3", "--learning-rate", "0.01", "--updates", "900", "--json"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert (record["settings"], record["members"], record["cached"]) == (4, 12, 0)
    assert record["estimated_seconds"] > 0
    assert not list(Path.cwd().iterdir())


def test_plan_counts_what_is_stored(store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    study = resolve(load_preset("smoke"), Selectors(techniques=("tanh",), tasks=("copy",), learning_rates=(0.01,)))
    (setting,) = study.settings
    store.write_cohort(result(study.measured_cohort(setting, 0.01)))
    wanted = ["--preset", "smoke", "--technique", "tanh", "--task", "copy", "--learning-rate", "0.01"]
    assert main(["plan", *wanted, "--store", store.uri, "--json"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert (record["members"], record["cached"], record["estimated_seconds"]) == (study.members, study.members, 0)


def test_plan_says_what_cannot_be_done(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plan", "--preset", "smoke", "--technique", "tbptt:window=50", "--task", "adding"]) == 0
    assert "skipped: tbptt:window=50 adding lag 12: a window of 50" in capsys.readouterr().out


# run


class Recorder:
    """Stands in for `run_studies`: keeps what it was given, and gives `summary` back."""

    def __init__(self, summary: RunSummary, then: Callable[[], None] = lambda: None) -> None:
        self.summary, self.then = summary, then

    def __call__(
        self, studies: list[Study], store: Store, jobs: int | None, plugins: list[str], **how: object
    ) -> RunSummary:
        self.studies, self.store, self.jobs, self.plugins, self.how = studies, store, jobs, plugins, how
        self.then()
        return self.summary


@pytest.fixture
def recorder(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Recorder]:
    def record(summary: RunSummary, then: Callable[[], None] = lambda: None) -> Recorder:
        stand_in = Recorder(summary, then)
        monkeypatch.setattr(execution, "run_studies", stand_in)
        return stand_in

    return record


def test_run_hands_every_selector_on(recorder: Callable[..., Recorder], store: Store) -> None:
    given = recorder(RunSummary(trained=1))
    words = (
        "run --preset smoke --technique gru,tbptt:window=4 --technique tanh --task copy --lag 9,5 --seeds 4 "
        "--updates 7 --hidden-size 6 --batch-size 3 --held-out-size 9 --learning-rate 0.1,0.2 --optimizer sgd "
        "--clip-norm 0.5 --initialisation orthogonal --jobs 3 --match parameters --test-lag 2,4 "
        "--screening-seeds 8 --tuning own --first-seed 101"
    )
    assert main([*words.split(), "--store", store.uri]) == 0
    (study,) = given.studies
    (plan,) = study.tasks
    assert (study.arm, study.techniques) == ("main", ("gru", "tbptt:window=4", "tanh"))
    assert (plan.task, plan.lags, study.seeds) == ("copy", (5, 9), range(101, 105))
    assert plan.protocol.model_dump(exclude={"evaluate_every", "tuning_seeds"}) == {
        "updates": 7,
        "hidden_size": 6,
        "batch_size": 3,
        "held_out_size": 9,
        "learning_rates": (0.1, 0.2),
        "optimizer": "sgd",
        "clip_norm": 0.5,
        "initialisation": "orthogonal",
        "recurrent_gain": 1.0,
        "match": "parameters",
        "test_lags": (2.0, 4.0),
        "screening_seeds": 8,
        "tuning": "own",
    }
    assert (given.jobs, given.plugins, given.store.uri) == (3, [], store.uri)


@pytest.mark.parametrize(
    ("words", "how"),
    [
        ([], {}),
        (["--timeout", "90s", "--retry-failed"], {"timeout": 90.0, "retry_failed": True}),
        (["--timeout", "1h30m", "--no-wait"], {"timeout": 5400.0, "told": None}),
    ],
)
def test_run_hands_on_how(
    words: list[str], how: dict[str, object], recorder: Callable[..., Recorder], store: Store
) -> None:
    given = recorder(RunSummary())
    assert main(["run", *TINY, *words, "--store", store.uri]) == 0
    usual = {"budget": None, "timeout": None, "retry_failed": False, "told": say, "hire": Crew}
    assert given.how == usual | how


def test_run_ends_with_1_while_results_wait(
    recorder: Callable[..., Recorder], store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    recorder(RunSummary(trained=1, trouble="3 finished cohorts wait in /somewhere"))
    assert main(["run", *TINY, "--store", store.uri]) == 1
    assert "3 finished cohorts wait in /somewhere" in capsys.readouterr().err


def test_a_store_in_use_ends_with_3_where_nobody_waits(store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    with store.lock():
        assert main(["run", *TINY, "--store", store.uri, "--no-wait"]) == 3
    assert "is being written by process" in capsys.readouterr().err


def test_run_with_failures_lists_them_and_ends_with_1(
    recorder: Callable[..., Recorder], store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    failure = {
        "technique": "tanh",
        "task": "copy",
        "lag": 5,
        "role": "measured",
        "reason": "MemoryError: none left",
    }
    recorder(RunSummary(trained=3, failed=1, cached=2, failures=[failure]))
    assert main(["run", *TINY, "--store", store.uri]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "trained: 3; failed: 1; already stored: 2" in captured.err
    assert re.search(r"tanh +copy +5 +measured +MemoryError: none left", captured.err)


@pytest.mark.parametrize(("number", "word"), [(signal.SIGINT, "Interrupted"), (signal.SIGTERM, "Terminated")])
def test_signals_end_with_a_sentence(
    number: signal.Signals,
    word: str,
    recorder: Callable[..., Recorder],
    store: Store,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A real signal reaches a run, which hands back what it has, as `run_studies` does."""

    def stopped() -> None:
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), number)

    recorder(RunSummary(trained=1, interrupted=True), stopped)
    before = signal.getsignal(signal.SIGTERM)
    assert main(["run", *TINY, "--store", store.uri]) == 128 + number
    lines = capsys.readouterr().err.splitlines()
    assert lines[-1].startswith(f"bptt-bench: {word}: ")
    assert signal.getsignal(signal.SIGTERM) is before


@pytest.mark.parametrize(
    ("words", "arms"),
    [
        ([], ["main", "start", "dials", "exploding", "clipped", "orthogonal", "tasks"]),
        (["--task", "copy"], ["main"]),
        (["--arm", "start,dials"], ["start", "dials"]),
    ],
)
def test_run_hands_the_arms_on(
    words: list[str], arms: list[str], recorder: Callable[..., Recorder], store: Store
) -> None:
    given = recorder(RunSummary(trained=1))
    assert main(["run", "--preset", "smoke", *words, "--store", store.uri]) == 0
    assert [study.arm for study in given.studies] == arms


# report


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> dict[Path, tuple[list[str] | None, list[str]]]:
    """Stands in for `write_report`: folder → languages and formats asked for."""
    found: dict[Path, tuple[list[str] | None, list[str]]] = {}

    def write(
        store: Store, output: Path, languages: list[str] | None, addresses: RunAddresses, **how: Any
    ) -> list[Path]:
        found[output] = languages, [*how["only"]]
        assert set(addresses.experiments) == set(store.members()["task"])
        return [output / "report.en.html", output / "report.zh.html"]

    monkeypatch.setattr(report, "write_report", write)
    return found


def test_report_goes_to_a_folder_by_date(
    filled: Store, asked: dict[Path, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["report", "--store", filled.uri]) == 0
    ((folder, found),) = asked.items()
    assert re.fullmatch(r"reports/\d{4}-\d\d-\d\d_\d\d-\d\d-\d\d", folder.as_posix())
    assert found == (None, ["html", "pdf"])
    assert capsys.readouterr().out.splitlines() == [f"{folder}/report.en.html", f"{folder}/report.zh.html"]


@pytest.mark.parametrize(
    ("options", "found"),
    [
        ("--language zh", (["zh"], ["html", "pdf"])),
        ("--language both --format md", (["en", "zh"], ["md"])),
        ("--language zh,en --format html,md", (["zh", "en"], ["html", "md"])),
    ],
)
def test_report_in_some_languages_and_formats_elsewhere(
    filled: Store, asked: dict[Path, Any], options: str, found: tuple[list[str], list[str]]
) -> None:
    assert main(["report", "--store", filled.uri, "--output", "here", *options.split()]) == 0
    assert asked == {Path("here"): found}


# export


def test_export_formats_agree(filled: Store, capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    exported = {}
    for form in ("json", "csv", "parquet"):
        assert main(["export", "--store", filled.uri, "--format", form]) == 0
        exported[form] = capsysbinary.readouterr().out
    records = json.loads(exported["json"])
    rows = list(csv.DictReader(io.StringIO(exported["csv"].decode())))
    table = pd.read_parquet(io.BytesIO(exported["parquet"]))
    assert len(records) == len(rows) == len(table) == 3
    assert list(records[0]) == list(rows[0]) == list(table) == list(filled.members())
    assert {"technique", "seed", "outcome", "metric", "protocol_hash", "mlflow_run_id"} <= set(records[0])
    assert [r["outcome"] for r in records] == [r["outcome"] for r in rows] == list(table["outcome"])
    failed = next(r for r in records if r["outcome"] == "failed")
    assert failed["metric"] is None
    solved = next(r for r in records if r["outcome"] == "solved")
    assert (solved["metric"], solved["dirty"]) == (0.005, False)


def test_export_to_a_file_leaves_nothing_else(filled: Store, capsys: pytest.CaptureFixture[str]) -> None:
    Path("out").mkdir()
    assert main(["export", "--store", filled.uri, "--format", "csv", "--output", "out/members.csv"]) == 0
    assert capsys.readouterr().out == ""
    assert [file.name for file in Path("out").iterdir()] == ["members.csv"]
    assert len(pd.read_csv("out/members.csv")) == 3


def test_a_closed_pipe_is_quiet() -> None:
    """`true` never reads: the list is far longer than a pipe holds once, and shorter, in the other line."""
    for command in ("list claims --json", "list claims"):
        done = in_a_shell(f"BENCH {command} | true")
        assert done.stderr == ""


def test_the_collector_seldom_looks_at_what_the_libraries_made(capsys: pytest.CaptureFixture[str]) -> None:
    before = gc.get_threshold()
    gc.set_threshold(700, 10, 10)
    try:
        main(["--help"])
        assert gc.get_threshold() == (YOUNG, MIDDLE, OLD)
    finally:
        gc.set_threshold(*before)
