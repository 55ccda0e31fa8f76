"""A piece of work runs the plugins that it needs, and is refused where they are not what was planned with."""

from pathlib import Path

import pytest

from bench.execution import worker
from bench.execution.code import differing_libraries, libraries
from bench.execution.messages import Refused
from bench.execution.needs import by_need, changed, needed, packed
from bench.protocol.preset import Selectors, load_preset, resolve
from bench.registry import load_plugin
from bench.tasks import tasks
from bench.techniques import techniques

PLUGIN = """
from .parts import SCALE
from bench.techniques.tanh import Tanh
class Mine(Tanh):
    name = "{name}"
    title = "Mine"
    files = ("data.txt",)
"""


@pytest.fixture
def plugins(tmp_path, monkeypatch):
    """Two files of one name, each with a module and a file beside it, registered."""
    monkeypatch.setattr(techniques, "_found", dict(techniques.all()))
    files = []
    for name in ("one", "two"):
        folder = tmp_path / name
        folder.mkdir()
        (folder / "parts.py").write_text("SCALE = 1\n")
        (folder / "data.txt").write_text(name)
        (folder / "mine.py").write_text(PLUGIN.format(name=name))
        load_plugin(folder / "mine.py", [tasks, techniques])
        files.append(str(folder / "mine.py"))
    return files


def settings(*names):
    words = {"tasks": ("adding",), "lags": (2,), "seeds": 1, "updates": 4, "learning_rates": (0.01,)}
    return resolve(load_preset("smoke"), Selectors(techniques=names, **words)).settings


def test_only_what_is_needed(plugins):
    one, tanh, two = settings("one", "tanh", "two")
    assert needed(tanh, plugins) == ()
    assert by_need([one, tanh, two], plugins) == {(plugins[0],): [one], (): [tanh], (plugins[1],): [two]}


def test_what_travels(plugins):
    found = packed(plugins[1])
    assert {path: content for path, content in found.items() if path != "mine.py"} == {
        "parts.py": b"SCALE = 1\n",
        "data.txt": b"two",
    }
    assert found["mine.py"] == Path(plugins[1]).read_bytes()


@pytest.mark.parametrize("what", ["mine.py", "parts.py", "data.txt"])
def test_what_has_changed_since_is_refused(plugins, what, monkeypatch):
    (setting,) = settings("one")
    assert changed(setting) == ""
    file = Path(plugins[0]).with_name(what)
    file.write_text(f"{file.read_text()}\nSCALE = 3\n")
    sent = []
    monkeypatch.setattr(worker, "prepare_process", lambda: None)
    monkeypatch.setattr(worker.sys, "dont_write_bytecode", False)
    monkeypatch.setattr(worker.signal, "signal", lambda *_: None)
    worker.sample(type("Outlet", (), {"send": sent.append}), plugins[:1], [setting])
    sentence = f"The technique 'one' has changed since the run began ({plugins[0]} was edited); start the run again"
    assert sent == [Refused(sentence)]


def test_libraries_are_compared_without_their_build():
    wanted = libraries()
    assert "+" not in wanted["torch"]
    assert differing_libraries(wanted) == ""
    assert differing_libraries(wanted | {"torch": "1.0"}) == f"torch {wanted['torch']} instead of 1.0"
