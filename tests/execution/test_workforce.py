"""What does a run's work keeps its contract; what is asked for wrongly, or is not installed, is said in a sentence."""

import sys
from importlib.metadata import EntryPoint

import pytest

from bench.errors import BenchError
from bench.execution import hiring
from bench.execution.crew import Crew
from bench.execution.messages import Died, Result
from bench.execution.workforce import executors
from bench.testing import check_workforce
from bench.testing import workforce as contract


def test_processes_here_keep_the_contract():
    check_workforce(Crew)


class Changed(Crew):
    """A crew whose messages go through `changed`, to break the contract."""

    changed = staticmethod(lambda found: found)

    def messages(self, timeout=None):
        yield from self.changed(list(super().messages(timeout)))


class Full(Crew):
    idle = 1


class Forgetful(Changed):
    changed = staticmethod(lambda found: [one for one in found if isinstance(one[1], Result | Died)])


class Euphemistic(Changed):
    changed = staticmethod(lambda found: [(k, Result("gone") if isinstance(m, Died) else m) for k, m in found])


class Patient(Crew):
    def __init__(self, size, timeout):
        super().__init__(size, None)


class Lenient(Crew):
    def start(self, label, target, work, plugins=(), parts=1):
        super().start(label, target, work, plugins)


class Lost(Crew):
    def start(self, label, target, work, plugins=(), parts=1):
        super().start(label, target, work, (), parts)


class Stubborn(Crew):
    def __exit__(self, *error):
        self.left = list(self._busy)


@pytest.mark.parametrize(
    ("hire", "sentence"),
    [
        (Full, "before any work 'idle' must be 2 and 'busy' false, not 1 and False"),
        (Forgetful, "news come in the order in which they were sent"),
        (Euphemistic, "a process that is killed ends its work with Died"),
        (Patient, "work that takes longer than the timeout"),
        (Lenient, "work of two parts has twice the timeout"),
        (Stubborn, "work that is under way ends when the workforce is left"),
        (Lost, "plugins must be available where the work is done"),
    ],
)
def test_a_workforce_that_breaks_the_contract_is_told_how(hire, sentence, monkeypatch):
    monkeypatch.setattr(contract, "PATIENCE", 20.0)
    monkeypatch.setattr(contract, "ALLOWED", 0.5)
    hired = []

    def keep(size, timeout):
        hired.append(hire(size, timeout))
        return hired[-1]

    try:
        with pytest.raises(AssertionError, match=sentence):
            check_workforce(keep)
    finally:
        for crew in hired:
            Crew.__exit__(crew)


OWN = """
from contextlib import nullcontext
from bench.execution.workforce import Executor
class Mine(Executor):
    name = "mine"
    {title}
    @classmethod
    def hiring(cls, address, gpus):
        return nullcontext((address, gpus))
"""


def provide(monkeypatch, folder, title):
    """Have a package in this folder name an executor of its own."""
    (folder / "my_package.py").write_text(OWN.format(title=title))
    monkeypatch.syspath_prepend(folder)
    monkeypatch.delitem(sys.modules, "my_package", raising=False)
    mine = EntryPoint("mine", "my_package:Mine", "bptt_bench.executors")
    monkeypatch.setattr("bench.registry.entry_points", lambda group: [mine] if group == mine.group else [])
    monkeypatch.setattr(executors, "_found", None)
    monkeypatch.setattr(executors, "_entries", [])


def test_a_package_brings_an_executor(monkeypatch, tmp_path):
    provide(monkeypatch, tmp_path, 'title = "my own"')
    with hiring("mine", "there", 2.0) as hire:
        assert hire == ("there", 2.0)
    assert executors.names() == ["local", "mine", "ray"]


def test_an_executor_without_a_title_is_told_so(monkeypatch, tmp_path):
    provide(monkeypatch, tmp_path, "")
    with pytest.raises(BenchError, match="it has no attribute title"):
        hiring("mine")


def test_an_unknown_executor_is_told_so():
    with pytest.raises(BenchError, match=r"Unknown executor 'rai': did you mean ray\?"):
        hiring("rai")


def test_processes_here_by_default():
    with hiring() as hire:
        assert hire is Crew


@pytest.mark.parametrize("words", [{"address": "host:6379"}, {"gpus": 0.5}])
def test_what_is_about_a_cluster_needs_one(words):
    with pytest.raises(BenchError, match="add --executor ray"), hiring("local", **words):
        pass


def test_more_than_one_gpu_must_be_whole():
    with pytest.raises(BenchError, match=r"whole number of GPUs, not 1\.5"), hiring("ray", gpus=1.5):
        pass


def test_without_ray_the_extra_is_named(monkeypatch):
    monkeypatch.delitem(sys.modules, "bench.execution.ray_crew", raising=False)
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(BenchError, match=r"pip install 'bptt-bench\[ray\]'\.$"), hiring("ray"):
        pass


@pytest.mark.parametrize(
    ("address", "sentence"),
    [
        ("127.0.0.1:1", r"No Ray cluster answers at 127\.0\.0\.1:1\. Start one with 'ray start --head'"),
        ("ray://host:10001", r"Ray's client .* --address set to HOST:PORT of the head"),
        ("nonsense", "nonsense"),
    ],
)
def test_where_no_cluster_is(address, sentence):
    pytest.importorskip("ray", reason="Ray is not installed: python -m pip install 'bptt-bench[ray]'")
    with pytest.raises(BenchError, match=sentence), hiring("ray", address):
        pass
