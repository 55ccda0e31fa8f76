"""What no room can check alone: that secrets stay secret, and that words stay words, from end to end."""

import csv
import io
import traceback
from pathlib import Path

import pandas as pd
import pytest
from made_up.cohorts import result
from pydantic import ValidationError

from bench import execution, tracking
from bench.cli import main
from bench.cli.console import columns, csv_table, printable
from bench.errors import BenchError, without_secrets
from bench.execution import RunSummary
from bench.languages import language
from bench.protocol.preset import load_preset, resolve_arms
from bench.records.settings import FIRST_TUNING_SEED, MOST_SEEDS
from bench.registry import load_plugin
from bench.report.document import Column, Document, Group, Row, Section, Table
from bench.report.render.csv import tables
from bench.report.render.numbering import Numbering
from bench.tasks import tasks
from bench.techniques import techniques
from bench.tracking import Store
from bench.tracking.address import locate

ADDRESSES = [
    "postgresql://me:hunter2@host/db",
    "https://hunter2@host:5000",
    "https://host:5000/?token=hunter2",
    "postgresql+psycopg2://host/db?user=me&password=hunter2#x",
    "mysql://me:hun/ter2@hunter2@host/db",
]


@pytest.mark.parametrize("address", ADDRESSES)
def test_addresses_lose_their_secrets(address):
    for text in (address, f"cannot reach '{address}', sorry", f"({address})\nand {address}", f"x={address!r}"):
        assert "hunter2" not in without_secrets(text)
        assert "host" in without_secrets(text)


def test_secrets_of_the_environment_are_taken_out(monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", "hunter2\n")
    monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", "hunter2-and-more")
    monkeypatch.setenv("A_SECRET", "x")
    assert without_secrets("Bearer hunter2, hunter2-and-more, x") == "Bearer ***, ***, x"


@pytest.mark.parametrize(
    "command", ["export --format csv", "plan --preset smoke", "run --preset smoke", "report", "ui", "verdicts"]
)
@pytest.mark.parametrize(
    "address", ["postgresql+none://me:hunter2@127.0.0.1:9/x", "https://127.0.0.1:9/?token=hunter2"]
)
def test_no_command_says_a_password(command, address, capsys):
    for line in (["--store", address], [address], [f"--stor={address}"]):
        assert main([*command.split(), *line]) == 2
        assert "hunter2" not in "".join(capsys.readouterr())


def test_a_mistake_of_ours_says_no_password_either(monkeypatch, capsys):
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("at postgresql://me:hunter2@host/db with s3cret-token")

    monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", "s3cret-token")
    monkeypatch.setattr(tracking.Store, "open", fail)
    assert main(["export", "--format", "csv"]) == 1
    said = capsys.readouterr().err
    assert "RuntimeError: at postgresql://***@host/db with ***" in said
    assert "Traceback" in said


def test_after_a_run_its_address_is_said_without_password(store, monkeypatch, capsys):
    monkeypatch.setattr(execution, "run_studies", lambda *_, **__: RunSummary(trained=1))
    monkeypatch.setattr(tracking.Store, "open", lambda *_: store)
    assert main(["run", "--preset", "smoke", "--store", "postgresql://me:hunter2@host/db"]) == 0
    said = capsys.readouterr().err
    assert "hunter2" not in said
    assert "report --store 'postgresql://***@host/db'" in said


def test_a_location_is_shown_without_password():
    assert "hunter2" not in repr(locate("postgresql://me:hunter2@host/db"))
    try:
        locate("odd://me:hunter2@host")
    except BenchError:
        assert "hunter2" not in traceback.format_exc().replace('locate("odd://me:hunter2@host")', "")


# Words that are more than words elsewhere


def test_csv_holds_no_formula():
    evil = ["=1+1", "@SUM(A1)", "\t=1", "\r=1", "-2+3+cmd|' /C calc'!A0", "+A1", "-SUM(A1)"]
    kept = ["harmless", "a=1", "+0.23", "-1", "+48 points, 26 to 65"]
    table = pd.DataFrame({"technique": evil + kept, "metric": -1.5})
    rows = list(csv.DictReader(io.StringIO(csv_table(table), newline="")))
    expected = [f"'{text}".replace("\r", " ") for text in evil] + kept
    assert [row["technique"] for row in rows] == expected
    assert {row["metric"] for row in rows} == {"-1.5"}, "numbers stay numbers"
    rows = Table((Column(""), Column("")), (Group((Row(("=1+1", "2")),)),), caption="A table.")
    document = Document("", "", "", (), (Section("section", "", (rows,)),))
    assert dict(tables(Numbering(document), language("en"))) == {"table-01.csv": b"'=1+1,2\n"}


def test_the_terminal_is_not_obeyed(capsys):
    evil = "a\x1b]0;title\x07\u202eb\nc字"
    assert printable(evil) == "a\\x1b]0;title\\x07\\u202eb\\nc字"
    assert columns([{"name": evil}]).splitlines()[1:] == [printable(evil)]
    assert main(["list", "techniques", "--plugin", f"{evil}.py"]) == 2
    assert "\x1b" not in capsys.readouterr().err


@pytest.fixture
def registries(monkeypatch):
    """What plugins register goes again."""
    for registry in (tasks, techniques):
        monkeypatch.setattr(registry, "_found", registry.all())
    return [tasks, techniques]


def plugin(tmp_path: Path, body: str) -> Path:
    file = tmp_path / "mine.py"
    file.write_text(f"from bench.techniques.tanh import Tanh\nclass Mine(Tanh):\n    {body}\n")
    return file


@pytest.mark.parametrize("name", ["a,b", "a:b", "", " a", "a\nb", "\x1b", "x" * 81, 5])
def test_a_name_that_cannot_be_said_is_refused(name, registries, tmp_path):
    with pytest.raises(BenchError, match=r"Mine in .*mine\.py has the name .*: a name must be one line"):
        load_plugin(plugin(tmp_path, f"name = {name!r}"), registries)


@pytest.mark.parametrize("name", ["<script>", "../../x", "字", "$x$", "=1"])
def test_other_names_are_names(name, registries, tmp_path):
    load_plugin(plugin(tmp_path, f"name = {name!r}"), registries)
    assert name in techniques.names()


def test_a_plugin_cannot_end_the_program(registries, tmp_path):
    with pytest.raises(BenchError, match=r"Cannot import plugin .*: SystemExit: 0"):
        load_plugin(plugin(tmp_path, "raise SystemExit(0)"), registries)


# Sizes


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--seeds", "1000000000000"], "at most 1000000 runs"),
        (["--seeds", "900000"], "at most 1000000 runs"),
        (["--task", "adding", "--lag", "9" * 30], "is too long for task 'adding'"),
        (["--hidden-size", "9" * 30], "less than or equal to 1000000000"),
        (["--clip-norm", "inf"], "finite"),
        (["--jobs", "100000"], "--jobs"),
    ],
)
def test_sizes_that_fit_nowhere_are_refused(words, sentence, capsys):
    assert main(["plan", "--preset", "smoke", *words]) == 2
    assert sentence in capsys.readouterr().err


def test_measured_seeds_never_reach_those_of_tuning():
    preset = load_preset("smoke")
    assert MOST_SEEDS < FIRST_TUNING_SEED
    with pytest.raises(ValidationError):
        type(preset).model_validate({**preset.model_dump(), "measured_seeds": FIRST_TUNING_SEED})
    assert resolve_arms(preset)


def test_results_are_not_lost_without_a_word(store: Store, capsys):
    store.write_cohort(result())
    record = next(store.location.artifacts.iterdir()).name
    assert main(["export", "--store", store.uri, "--format", "csv"]) == 0
    assert capsys.readouterr().err == ""
    store.client.set_tag(record, "complete", "yet")
    assert main(["export", "--store", store.uri, "--format", "csv"]) == 0
    captured = capsys.readouterr()
    assert len(captured.out.splitlines()) == 1
    assert "Left out: 1 incomplete results (still being written, cut off or damaged). The next run" in captured.err


def test_exported_names_are_the_stores(store: Store, capsys):
    store.write_cohort(result())
    assert main(["export", "--store", store.uri, "--format", "csv"]) == 0
    assert pd.read_csv(io.StringIO(capsys.readouterr().out)).shape == store.members().shape
