"""Processes that do a piece of work end, whatever they leave behind; and they are nobody else's."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from bench.errors import BenchError
from bench.execution import awake
from bench.execution import crew as crew_module
from bench.execution.awake import LONGEST_GAP, AwakeClock
from bench.execution.crew import Crew
from bench.execution.messages import Died, Inlet, Measured, Outlet, Progress, Result

PATIENCE = 120
"""Seconds that a busy machine may take for what takes none."""


def results(crew, label="work"):
    """What a piece of work that is under way ends with, and its news before."""
    news, deadline = [], time.monotonic() + PATIENCE
    while crew.busy:
        assert time.monotonic() < deadline, "it never ended"
        news += [message for found, message in crew.messages(1.0) if found == label]
    return news


def ended(pid):
    """Whether a process is gone before patience is; nobody may have collected it yet."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            return True
        if state == "Z":
            return True
        time.sleep(0.05)
    return False


def fork_a_sleeper(connection):
    """A child of this process that holds all that is open, and is told of."""
    child = os.fork()
    if not child:
        time.sleep(3600)
        os._exit(0)
    connection.send(Measured({"child": child}))


def with_a_thread(connection, plugins, work):
    """Done, but for a thread that is no daemon."""
    threading.Thread(target=time.sleep, args=(3600,)).start()
    connection.send(Result(os.getpid()))


def killed_with_a_child(connection, plugins, work):
    """As for want of memory."""
    fork_a_sleeper(connection)
    os.kill(os.getpid(), signal.SIGKILL)


def done_with_a_child(connection, plugins, work):
    fork_a_sleeper(connection)
    connection.send(Result("done"))


def cut_within_a_word(connection, plugins, work):
    """Killed when half of its result has been written, while a child holds the pipe."""
    fork_a_sleeper(connection)
    os.write(connection._connection.fileno(), b"\0\0\0\0\0\1\0\0half of it")
    os.kill(os.getpid(), signal.SIGKILL)


def hangs_with_a_child(connection, plugins, work):
    fork_a_sleeper(connection)
    time.sleep(3600)


def talks_without_end(connection, plugins, work):
    while True:
        connection.send(Progress(1, 1))
        time.sleep(0.01)


def closes_everything(connection, plugins, work):
    """As a program that makes itself a daemon."""
    os.closerange(3, 256)
    time.sleep(3600)


def two_of_it(connection, plugins, work):
    """A child that goes on where its parent does."""
    os.fork()
    connection.send(Result("once"))


def test_a_thread_does_not_keep_what_is_done():
    with Crew(1) as crew:
        crew.start("work", with_a_thread, None)
        (done,) = results(crew)
    assert ended(done.content)


@pytest.mark.parametrize(
    ("target", "end"),
    [
        (killed_with_a_child, Died("the process was ended by SIGKILL, perhaps because memory ran out")),
        (cut_within_a_word, Died("the process was ended by SIGKILL, perhaps because memory ran out")),
        (done_with_a_child, Result("done")),
    ],
)
def test_a_child_neither_delays_an_end_nor_outlives_it(target, end):
    with Crew(1) as crew:
        crew.start("work", target, None)
        news, found = results(crew)
    assert found == end
    assert ended(news.row["child"])


def test_what_has_had_its_time_ends_with_its_children():
    with Crew(1, timeout=2.0) as crew:
        crew.start("work", hangs_with_a_child, None)
        news, found = results(crew)
    assert found == Died("it exceeded the timeout of 2 s")
    assert ended(news.row["child"])


@pytest.mark.parametrize(("target", "parts", "allowed"), [(talks_without_end, 1, 1), (talks_without_end, 2, 2)])
def test_the_time_is_over_for_those_who_talk_too(target, parts, allowed):
    with Crew(1, timeout=1.0) as crew:
        crew.start("work", target, None, parts=parts)
        *_, found = results(crew)
    assert found == Died(f"it exceeded the timeout of {allowed} s")


def test_no_time_passes_while_the_caller_is_stopped(monkeypatch):
    """As by Ctrl-Z, or by a scheduler that needs the machine: whatever it was doing, the work has the time it had."""
    with Crew(1, timeout=500) as crew:
        crew.start("work", talks_without_end, None)
        stopped_for(monkeypatch, 1000)
        news = [message for _ in range(3) if crew.busy for _, message in crew.messages()]
        assert crew.busy
    assert Progress(1, 1) in news


def test_a_clock_that_stands_still_while_nobody_can_look(monkeypatch):
    clock = AwakeClock()
    before = clock.now()
    stopped_for(monkeypatch, 1.5)
    assert 1.5 <= clock.now() - before <= LONGEST_GAP
    before = clock.now()
    stopped_for(monkeypatch, 1000)
    assert clock.now() - before == LONGEST_GAP


def stopped_for(monkeypatch, seconds):
    """Have the clock of this process go on, as it does while the process is stopped."""
    real = awake.time.monotonic
    monkeypatch.setattr(awake, "time", SimpleNamespace(monotonic=lambda: real() + seconds))


def test_who_closes_the_pipe_has_died():
    with Crew(1) as crew:
        crew.start("work", closes_everything, None)
        (found,) = results(crew)
    # whichever sees it first: the crew, or the process's own watch on its parent, which it has closed as well
    assert found in (
        Died("it closed the pipe for its result"),
        Died("the process was ended by SIGKILL, perhaps because memory ran out"),
    )


def test_a_process_that_was_forked_off_says_nothing():
    with Crew(1) as crew:
        crew.start("work", two_of_it, None)
        assert results(crew) == [Result("once")]


def test_a_crew_that_is_left_leaves_nobody():
    with Crew(1) as crew:
        crew.start("work", hangs_with_a_child, None)
        news = None
        while news is None:
            news = next((message for _, message in crew.messages()), None)
    assert ended(news.row["child"])


def counts(connection, plugins, work):
    for number in range(10**9):
        connection.send(Progress(number, 1))
        time.sleep(0.01)


def test_ctrl_z_reaches_the_work_too():
    """The work stands still while we do, which a child of ours sees to."""
    with Crew(1) as crew:
        crew.start("work", counts, None)
        while not list(crew.messages()):
            pass
        (pid,) = [work.process.pid for work in crew._busy]
        look = f"import os, signal, time; ours = {os.getpid()}\n" + STATES.format(pid=pid)
        with subprocess.Popen([sys.executable, "-c", look], stdout=subprocess.PIPE, text=True) as watcher:
            os.kill(os.getpid(), signal.SIGTSTP)
            states = watcher.communicate()[0].split()
        assert states == ["T", "T"]
        assert list(crew.messages())


STATES = """
def state(pid):
    return open(f"/proc/{{pid}}/stat").read().rpartition(")")[2].split()[0]
while state(ours) != "T" or state({pid}) != "T":
    time.sleep(0.01)
print(state(ours), state({pid}), flush=True)
os.kill(ours, signal.SIGCONT)
"""


def test_other_code_than_the_callers_does_nothing(monkeypatch):
    monkeypatch.setattr(crew_module, "own_code", lambda: "older")
    with Crew(1) as crew:
        crew.start("work", with_a_thread, None)
        with pytest.raises(
            BenchError, match=r"^On this machine .*/bench holds a different bptt-bench .*same version; .* run again\.$"
        ):
            results(crew)


def test_a_server_that_dies_is_a_sentence(monkeypatch):
    with Crew(1) as crew:
        monkeypatch.setattr(crew._context, "Process", lambda **_: Unborn())
        with pytest.raises(BenchError, match=r"^Cannot start a process: EOFError$"):
            crew.start("work", with_a_thread, None)


class Unborn:
    def start(self):
        raise EOFError


def test_messages_are_given_out_when_they_are_whole():
    receive, send = crew_module.mp.Pipe(duplex=False)
    inlet, outlet = Inlet(receive), Outlet(send)
    sent = [Progress(1, 2), Result(b"x" * 10_000)]
    for message in sent:
        outlet.send(message)
    assert inlet.take() == sent
    assert not inlet.closed
    os.write(send.fileno(), b"\0\0\0\0")
    assert inlet.take() == []
    send.close()
    assert inlet.take() == []
    assert inlet.closed


MODULES = ("torch", "random", "signal", "select", "pandas", "bench", "numpy", "yaml", "socket", "selectors")
TRAP = """
import os, sys
with open({log!r}, "a") as log:
    log.write(f"{{__name__}} {{sys.orig_argv}}\\n")
"""
START = """
import json, multiprocessing, os, signal, sys
import bench
from bench.execution.crew import Crew
sys.path[:] = [entry for entry in sys.path if entry not in ("", {cwd!r})]
from where import told
if {spawn}:
    multiprocessing.get_all_start_methods = lambda: ["spawn"]
if __name__ == "__main__":
    with Crew(1) as crew:
        crew.start("where", told, None)
        found = [message for _ in iter(lambda: crew.busy, False) for _, message in crew.messages()]
    from multiprocessing import forkserver
    print(json.dumps([found[0].content, forkserver._forkserver._forkserver_pid]), flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""
WHERE = """
import os, sys
import bench
from bench.execution.messages import Result


def told(connection, plugins, work):
    child = os.fork()
    if not child:
        import time
        os.setsid()
        time.sleep(3600)
    connection.send(Result([bench.__file__, sys.path, os.environ.get("PYTHONSAFEPATH"), child]))
"""


@pytest.mark.parametrize("spawn", [False, True])
def test_nothing_in_the_working_folder_is_run(tmp_path, spawn):
    """Nor does the server outlive a program that was killed, though somebody holds open what it listens to."""
    program, cwd, log = tmp_path / "program", tmp_path / "cwd", tmp_path / "log"
    program.mkdir()
    cwd.mkdir()
    for name in MODULES:
        (cwd / f"{name}.py").write_text(TRAP.format(log=str(log)))
    (program / "where.py").write_text(WHERE)
    (program / "start.py").write_text(START.format(cwd=str(cwd), spawn=spawn))
    paths = os.pathsep.join(entry for entry in sys.path if entry and entry != str(Path.cwd() / "tests"))
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONSAFEPATH"}
    with (tmp_path / "said").open("w+") as said:
        command = [sys.executable, program / "start.py"]
        subprocess.run(command, cwd=cwd, env=environment | {"PYTHONPATH": paths}, stdout=said, stderr=said, check=False)
        assert not log.exists(), log.read_text()
        said.seek(0)
        (home, path, safe, child), server = json.loads(said.read().splitlines()[-1])
    try:
        assert server is None or ended(server)
    finally:
        os.kill(child, signal.SIGKILL)
    assert home == sys.modules["bench"].__file__
    assert (safe, str(cwd) in path, "" in path) == ("1", False, False)
