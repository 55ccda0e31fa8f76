"""Who does a run's work: what is asked for wrongly, or is not installed, is said in a sentence."""

import sys

import pytest

from bench.errors import BenchError
from bench.execution import hiring
from bench.execution.crew import Crew


def test_processes_here_by_default():
    with hiring() as hire:
        assert hire is Crew


@pytest.mark.parametrize("words", [{"address": "host:6379"}, {"gpus": 0.5}])
def test_what_is_about_a_cluster_needs_one(words):
    with pytest.raises(BenchError, match="add --executor ray"), hiring("local", **words):
        pass


def test_more_than_one_gpu_must_be_whole():
    with pytest.raises(BenchError, match=r"whole ones, not 1\.5"), hiring("ray", gpus=1.5):
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
        ("ray://host:10001", r"Ray's client .* --address HOST:PORT of its head"),
        ("nonsense", "nonsense"),
    ],
)
def test_where_no_cluster_is(address, sentence):
    pytest.importorskip("ray", reason="Ray is not installed: python -m pip install 'bptt-bench[ray]'")
    with pytest.raises(BenchError, match=sentence), hiring("ray", address):
        pass
