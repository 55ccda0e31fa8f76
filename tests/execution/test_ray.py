"""Whole runs on a real Ray cluster of three nodes, all on this machine."""

import importlib
import os
import re
import signal
import subprocess
import sys
import time
from contextlib import nullcontext
from pathlib import Path
from threading import Thread

import pandas as pd
import pytest
from at_once import meet

from bench.errors import BenchError
from bench.execution import run_studies
from bench.execution.messages import Result
from bench.protocol.preset import Selectors, load_preset, resolve
from bench.registry import load_plugin
from bench.tasks import tasks
from bench.techniques import techniques
from bench.testing import check_workforce

pytest.importorskip("ray", reason="Ray is not installed: python -m pip install 'bptt-bench[ray]'")

BENCHMARKS = str(Path(__file__).parents[2] / "benchmarks")
PATIENCE = 300
RESULTS = ["technique", "task", "lag", "seed", "learning_rate", "role", "outcome", "updates", "metric", "loss"]
PLACES, SHARE = 4, 0.25
"""Of the large node: four cores and one GPU, by its own account."""

LAGS = (2, 4)
WORKER, RAYLET = 2, 3
"""How far above a process that trains: a server forks it, which Ray's worker started, which the raylet started."""

PLUGIN = '''"""Techniques that wait to be killed, once and at the longer lag; and one that always ends its process."""

import importlib
import os
import re
import signal
import time
from contextlib import nullcontext
from pathlib import Path

from bench.techniques.tanh import Tanh

FOLDER = Path({folder!r})


class Waits(Tanh):
    name = "waits"
    calls = 0

    def accumulate(self, inputs, targets):
        marker = FOLDER / self.name
        self.calls += 1
        long, timed = inputs.shape[1] > {lag}, self.calls <= 4
        if long and not timed and not marker.exists():
            draft = marker.with_suffix(".draft")
            draft.write_text(f"{{os.getpid()}} {{os.environ['CUDA_VISIBLE_DEVICES']}}")
            draft.replace(marker)
            time.sleep(3600)
        return super().accumulate(inputs, targets)


class Strands(Waits):
    name = "strands"


class Dies(Tanh):
    name = "dies"

    def accumulate(self, inputs, targets):
        os.kill(os.getpid(), signal.SIGKILL)
'''


@pytest.fixture(scope="module")
def nodes():
    """A cluster with a head that does no work, a node of four cores and a "GPU", and one of one core and a "GPU"."""
    from ray.cluster_utils import Cluster

    path = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = os.pathsep.join([*sys.path, BENCHMARKS])  # nodes and their workers inherit it
    small = {"object_store_memory": 80_000_000}
    head = {"num_cpus": 0, "include_dashboard": False, "include_log_monitor": False}
    nodes = Cluster(initialize_head=True, head_node_args=head | small)
    nodes.add_node(num_cpus=PLACES, num_gpus=1, **small)
    nodes.add_node(num_cpus=1, num_gpus=1, **small)
    yield nodes
    nodes.shutdown()
    if path is None:
        del os.environ["PYTHONPATH"]
    else:
        os.environ["PYTHONPATH"] = path


@pytest.fixture(scope="module")
def cluster(nodes):
    """A connection to it; a piece of work gets a quarter of a GPU."""
    from bench.execution.ray_crew import RayCluster

    with RayCluster(nodes.address, gpus=SHARE) as cluster:
        yield cluster


@pytest.fixture
def plugin(tmp_path, monkeypatch):
    """The file of the techniques above, registered."""
    file = tmp_path / "perils.py"
    file.write_text(PLUGIN.format(folder=str(tmp_path), lag=LAGS[0]))
    monkeypatch.setattr(techniques, "_found", dict(techniques.all()))
    load_plugin(file, [tasks, techniques])
    return str(file)


# so many updates that lag 2 is solved with room to spare: only then are longer lags run
CHOICE = {"tasks": ("adding",), "lags": LAGS, "updates": 160, "learning_rates": (0.03, 0.01), "seeds": 2}


def study(*names):
    return resolve(load_preset("smoke"), Selectors(techniques=names, **CHOICE))


def results(store):
    rows = store.members()[RESULTS]
    return rows.sort_values(RESULTS[:6]).reset_index(drop=True)


def pid_in(marker, driver=None):
    """The process that says there that it waits, with the GPU that it got; the driver waits for it, too."""
    deadline = time.monotonic() + PATIENCE
    while not marker.exists():
        assert time.monotonic() < deadline, f"{marker.name} never started"
        assert driver is None or driver.poll() is None, f"the driver has ended, and {marker.name} never started"
        time.sleep(0.05)
    pid, devices = marker.read_text().split()
    assert devices == "0"
    return int(pid)


def stat(pid):
    """Its state and its parent's id."""
    state, parent = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[:2]
    return state, int(parent)


def ancestor(pid, generations):
    for _ in range(generations):
        _, pid = stat(pid)
    return pid


def ends(pid):
    """Whether a process ends before patience does; nobody may have collected it yet."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        try:
            if stat(pid)[0] == "Z":
                return True
        except OSError:
            return True
        time.sleep(0.05)
    return False


def test_quarters_of_a_gpu(cluster, tmp_path, monkeypatch):
    """Each place is taken at the same time, and no more."""
    monkeypatch.setattr("bench.execution.ray_crew.do_work", meet)  # in Ray's worker itself: nothing is trained
    places = PLACES + 1  # of the small node one, for want of cores
    assert cluster.places == places
    with cluster.hire() as crew:
        assert crew.idle == places
        for label in range(places + 1):
            crew.start(label, str(tmp_path), places)
        assert crew.idle == 0
        found = {}
        while crew.busy:
            found |= {label: message.content for label, message in crew.messages() if isinstance(message, Result)}
        assert crew.idle == places
    assert sorted(found) == list(range(places + 1))
    assert max(there for there, _ in found.values()) == places
    assert {devices for _, devices in found.values()} == {"0"}


def test_workers_keep_the_contract(cluster):
    check_workforce(cluster.hire)


def test_the_benchmark_of_handing_work_over(cluster, monkeypatch, capsys):
    monkeypatch.syspath_prepend(BENCHMARKS)
    benchmark = importlib.import_module("cluster")
    monkeypatch.setattr(benchmark, "RayCluster", lambda address: nullcontext(cluster))
    monkeypatch.setattr(sys, "argv", ["cluster.py", "--rounds", "1"])
    benchmark.main()
    assert re.search(r"here \d+ ms, on Ray \d+ ms, \d+\.\d times\n$", capsys.readouterr().out)


@pytest.mark.parametrize(
    ("what", "other", "sentence"),
    [
        ("own_code", lambda: "older", r"cannot do its work: on .* holds a different bptt-bench .* on all machines\.$"),
        ("libraries", lambda: {"torch": "1.0"}, r"has torch \S+ instead of 1\.0: install the same versions on all"),
    ],
)
def test_a_machine_with_other_code_is_refused(cluster, monkeypatch, what, other, sentence):
    monkeypatch.setattr(f"bench.execution.ray_crew.{what}", other)
    with cluster.hire() as crew:
        crew.start("any", print, "nothing")
        with pytest.raises(BenchError, match=sentence):
            list(crew.messages())


BESIDE = """
from .parts import SCALE
from bench.techniques.tanh import Tanh
class {name}(Tanh):
    name = "{name}"
    title = "{name}"
    files = ("data/own.txt",)
    def accumulate(self, inputs, targets):
        assert SCALE == "{name}" and self.file("data/own.txt").read_text() == "{name}"
        return super().accumulate(inputs, targets)
"""


def test_plugins_of_one_name_travel_with_what_they_need(cluster, store, tmp_path, monkeypatch):
    monkeypatch.setattr(techniques, "_found", dict(techniques.all()))
    plugins = []
    for name in ("One", "Two"):
        folder = tmp_path / name
        (folder / "data").mkdir(parents=True)
        (folder / "data" / "own.txt").write_text(name)
        (folder / "parts.py").write_text(f"SCALE = {name!r}")
        (folder / "mine.py").write_text(BESIDE.format(name=name))
        load_plugin(folder / "mine.py", [tasks, techniques])
        plugins.append(str(folder / "mine.py"))
    chosen = CHOICE | {"lags": (2,), "updates": 8, "learning_rates": (0.01,)}
    wanted = resolve(load_preset("smoke"), Selectors(techniques=("One", "Two"), **chosen))
    summary = run_studies([wanted], store, 2, plugins, hire=cluster.hire)
    assert (summary.trained, summary.failures, summary.trouble) == (4, [], "")


def test_what_is_killed_costs_no_result(cluster, nodes, make_store, plugin, tmp_path):
    """A driver, whose work ends with it; a worker; a machine. What ends its own process fails, as it does anywhere."""
    battered, calm = make_store("battered"), make_store("calm")
    with driver(nodes, battered, plugin) as killed:
        waiting = pid_in(tmp_path / "waits", killed)
        killed.kill()
    done = len(battered.members())
    assert ends(waiting), "the cohort that was under way outlived its driver"
    (tmp_path / "waits").unlink()

    def lose() -> None:
        os.kill(ancestor(pid_in(tmp_path / "waits"), WORKER), signal.SIGKILL)
        raylet = ancestor(pid_in(tmp_path / "strands"), RAYLET)
        lost = next(node for node in nodes.worker_nodes if _raylet(node) == raylet)
        nodes.remove_node(lost, allow_graceful=False)

    losing = Thread(target=lose)
    losing.start()
    wanted = study("waits", "strands", "dies")
    summary = run_studies([wanted], battered, 2, [plugin], hire=cluster.hire)
    losing.join()
    assert len(nodes.worker_nodes) == 1
    assert summary.cached == done > 0
    assert {row["technique"] for row in summary.failures} == {"dies"}
    assert all("SIGKILL" in row["reason"] for row in summary.failures)
    run_studies([wanted], calm, 2, [plugin])
    pd.testing.assert_frame_equal(results(battered), results(calm), check_exact=True)


def driver(nodes, store, plugin):
    """A program of its own that trains what waits, on the cluster."""
    words = ["run", "--preset", "smoke", "--technique", "waits", "--task", "adding", "--lag", "2,4", "--jobs", "1"]
    words += ["--updates", str(CHOICE["updates"]), "--learning-rate", "0.03,0.01", "--seeds", "2"]
    words += ["--store", store.uri]
    words += ["--plugin", plugin, "--executor", "ray", "--address", nodes.address, "--gpus-per-cohort", str(SHARE)]
    code = (
        "import sys; from bench.cli import main; from bench.execution import run; run.PROCESSES = 2; sys.exit(main())"
    )
    return subprocess.Popen([sys.executable, "-c", code, *words], stderr=subprocess.DEVNULL)


def _raylet(node):
    return node.all_processes["raylet"][0].process.pid


def test_where_there_is_no_such_place(monkeypatch):
    monkeypatch.setattr("bench.execution.ray_crew._connect", lambda address: None)
    monkeypatch.setattr("bench.execution.ray_crew.ray", type("NoNodes", (), {"nodes": list, "shutdown": lambda: None}))
    from bench.execution.ray_crew import RayCluster

    with pytest.raises(BenchError, match=r"no machine with a core and 2 GPUs"):
        RayCluster("elsewhere:6379", gpus=2)


@pytest.fixture
def headless(free_port, monkeypatch):
    """A cluster whose head is gone."""
    from bench.execution import ray_crew

    monkeypatch.setattr(ray_crew, "PATIENCE", 0.1)
    monkeypatch.setattr(ray_crew, "SECONDS_BETWEEN_NEWS", 0.01)
    found = object.__new__(ray_crew.RayCluster)
    found.address, found.gpus, found._head, found._asked, found._awaited = (
        "there:6379",
        0,
        ("127.0.0.1", free_port),
        0,
        1,
    )
    return found


def test_a_head_that_is_gone_is_said_so(headless, monkeypatch):
    """Also where Ray itself would wait, and end the program after a minute."""
    hangs = type("Hangs", (), {"nodes": lambda: time.sleep(3600), "get": _never_comes, "shutdown": shut.clear})
    monkeypatch.setattr("bench.execution.ray_crew.ray", hangs)
    shut.append("open")
    for ask in (headless.check, headless.news, lambda: headless.places):
        with pytest.raises(
            BenchError, match=r"^The Ray cluster at there:6379 is lost: its head does not answer\. Start"
        ):
            ask()
    crew = object.__new__(sys.modules["bench.execution.ray_crew"].RayCrew)
    crew.cluster, crew._busy = headless, {"task": "label"}
    crew.__exit__()
    assert not shut


shut: list[str] = []


def _never_comes(*_, **__):
    from ray.exceptions import GetTimeoutError

    raise GetTimeoutError("not ready")
