"""Standard streams that are closed, full or narrow: what is said may be lost, what is done may not."""

import io
import json
import os
import re
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from made_up.cohorts import cohort

from bench.cli import main
from bench.cli.console import to_json
from bench.cli.program import READER_GONE
from bench.errors import BenchError
from bench.streams import _Data, _Messages, _text, is_terminal, spells_everything

SETTLE = "import sys; from bench.streams import settle, settle_worker; settle()\n"


def program(script: str, redirections: str = "", **environment: str) -> subprocess.CompletedProcess[bytes]:
    """A Python program of these lines, its streams redirected as a shell does it."""
    command = ["sh", "-c", f'exec "$0" -c "$1" {redirections}', sys.executable, script]
    return subprocess.run(command, capture_output=True, env={**os.environ, **environment}, check=False)


@pytest.mark.parametrize("redirections", ["2>&-", "2>/dev/full", ">&- 2>&-", "<&- >&- 2>&-"])
def test_messages_that_nobody_can_get_are_lost_and_nothing_else(redirections: str) -> None:
    script = "import logging, warnings; print('said', file=sys.stderr, flush=True); warnings.warn('told')\n"
    script += "logging.warning('logged'); open('/dev/null').close(); sys.exit(7)"
    done = program(SETTLE + script, redirections)
    assert (done.returncode, done.stderr) == (7, b"")


@pytest.mark.parametrize(
    ("redirections", "reason"),
    [(">&-", "it is closed"), ("<&- >&-", "it is closed"), (">/dev/full", os.strerror(28))],
)
def test_data_that_cannot_be_written_are_told_in_a_sentence(redirections: str, reason: str) -> None:
    done = program("import sys; from bench.cli import main; sys.exit(main(['list', 'claims']))", redirections)
    assert (done.returncode, done.stdout) == (2, b"")
    assert done.stderr.decode() == f"bptt-bench: Cannot write to standard output: {reason}.\n"


@pytest.mark.parametrize("arguments", [["list", "executors"], ["list", "claims", "--json"]])  # little, and much
def test_a_reader_that_has_gone_ends_the_program_in_silence(arguments: list[str]) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    script = f"import sys; from bench.cli import main; sys.exit(main({arguments}))"
    done = subprocess.run([sys.executable, "-c", script], stdout=writing, stderr=subprocess.PIPE, check=False)
    os.close(writing)
    assert (done.returncode, done.stderr) == (READER_GONE, b"")


@pytest.mark.parametrize("redirections", [">&-", ">/dev/full", "2>&-", ">&- 2>&-"])
def test_what_a_worker_prints_never_ends_it(redirections: str) -> None:
    script = "settle_worker(); print('x' * 100_000, flush=True); print('y' * 100_000, file=sys.stderr); sys.exit(7)"
    done = program("import sys; from bench.streams import settle_worker\n" + script, redirections)
    assert done.returncode == 7


@pytest.mark.parametrize("redirections", ["2>&-", "2>/dev/full"])
def test_no_run_depends_on_its_progress(redirections: str) -> None:
    script = "from bench.execution.progress_line import ProgressLine as Line\nwith Line(3) as bar: bar.spared(1)\n"
    assert program(SETTLE + script + "sys.exit(7)", redirections).returncode == 7


def test_progress_in_a_file_is_lines_that_name_what_trains(monkeypatch: pytest.MonkeyPatch) -> None:
    from bench.execution import progress_line  # takes seconds, which the other tests need not wait

    monkeypatch.setattr(sys, "stderr", file := io.StringIO())
    monkeypatch.setattr(progress_line, "SECONDS_BETWEEN_LINES", 0)
    with progress_line.ProgressLine(4) as bar:
        for lag in (20, 50):
            one = cohort(lag=lag, seeds=1)
            bar.spared(1)
            bar.running(one, one.setting.protocol.updates // 2)
            bar.finished(one, ["solved"])
    lines = file.getvalue().splitlines()
    assert "\r" not in file.getvalue()
    assert all(re.match(r" *\d+% \d/\d runs \[", line) for line in lines)
    assert any(f"{one.setting.label} | 1/1 solved" in line for line in lines)
    assert lines[-1].startswith("100% 2/2 runs")
    assert lines[-1].endswith("2/2 solved")


def test_timing_has_lines_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    from bench.execution import progress_line

    monkeypatch.setattr(sys, "stderr", file := io.StringIO())
    monkeypatch.setattr(progress_line, "SECONDS_BETWEEN_LINES", 0)
    with progress_line.cost_line(2) as line:
        for label in ("tanh adding lag 20", "gru adding lag 20"):
            line.set_postfix_str(label)
            line.update()
    lines = file.getvalue().splitlines()
    assert lines[0].startswith("timing 0/2 settings [")
    assert any(one.startswith("timing 1/2 settings [") and one.endswith("gru adding lag 20") for one in lines)


def test_a_closed_descriptor_is_not_given_to_a_file(tmp_path: Path) -> None:
    """Else a library's message to standard error would end in a database."""
    file = tmp_path / "file"
    script = f"import os; f = open({str(file)!r}, 'w'); os.write(2, b'said'); os.system('echo also >&2'); sys.exit(7)"
    assert program(SETTLE + script, "<&- >&- 2>&-").returncode == 7
    assert file.read_text() == ""


@pytest.mark.parametrize("encoding", ["latin-1", "cp1252", "big5", "gbk", "ascii", "utf-8"])
def test_what_an_encoding_lacks_is_escaped(encoding: str) -> None:
    text = "über 中文 … 🙂 \udcff"
    done = program(SETTLE + f"print({text!r}); print({text!r}, file=sys.stderr)", PYTHONIOENCODING=encoding)
    assert done.returncode == 0
    assert done.stdout == done.stderr == f"{text}\n".encode(encoding, "backslashreplace")


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_the_command_line_escapes_what_an_encoding_lacks(encoding: str) -> None:
    claims, wrong = ["list", "claims", "--language", "zh"], ["list", "tasks", "中文"]
    script = f"import sys; from bench.cli import main; sys.exit(main({claims}) + main({wrong}))"
    done = program(script, PYTHONIOENCODING=encoding)
    assert done.returncode == 2
    for stream, text in ((done.stdout, "使用 tanh"), (done.stderr, "中文")):
        assert text.encode(encoding, "backslashreplace") in stream
        stream.decode(encoding)


def test_json_is_json_in_any_encoding(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for encoding in ("ascii", "latin-1", "utf-8"):
        with (tmp_path / encoding).open("w", encoding=encoding, errors="backslashreplace") as file:
            monkeypatch.setattr(sys, "stdout", file)
            assert spells_everything(file) == (encoding == "utf-8")
            assert not is_terminal(file)
            file.write(to_json({"says": "über 🙂"}))
        assert json.loads((tmp_path / encoding).read_text(encoding)) == {"says": "über 🙂"}
        assert not is_terminal(file)


def test_a_warning_is_no_error_though_the_environment_says_so() -> None:
    done = program(SETTLE + "import warnings; warnings.warn('old', DeprecationWarning)", PYTHONWARNINGS="error")
    assert done.returncode == 0
    assert b"DeprecationWarning: old" in done.stderr


def test_a_stream_that_does_not_block_is_waited_for() -> None:
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    text, written = "x" * 200_000, []
    with subprocess.Popen(["cat"], stdin=reading, stdout=subprocess.PIPE) as reader:
        os.close(reading)
        stream = _text(_Data(writing), None)
        thread = threading.Thread(target=lambda: written.append(reader.stdout and reader.stdout.read()))
        thread.start()
        stream.write(text)
        stream.flush()
        os.close(writing)
        thread.join()
    assert written == [text.encode()]


def test_a_failure_is_told_once() -> None:
    with Path("/dev/full").open("wb", 0) as full:
        stream = _text(_Data(full.fileno()), None)
        stream.write("data")
        with pytest.raises(BenchError, match="Cannot write to standard output: "):
            stream.flush()
        stream.flush()
        messages = _text(_Messages(full.fileno()), None)
        messages.write("message")
        messages.flush()


def test_streams_that_others_have_put_there_stay(capsys: pytest.CaptureFixture[str]) -> None:
    before = sys.stdout, sys.stderr
    assert main(["--help"]) == 0
    assert (sys.stdout, sys.stderr) == before
    assert "Usage" in capsys.readouterr().out
