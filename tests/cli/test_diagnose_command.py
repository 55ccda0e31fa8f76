"""`bptt-bench diagnose`: exit codes, JSON, and one sentence for whatever is wrong with what is given."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from bench.cli import main

MODELS = """
import torch
from torch import nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn, self.out = nn.GRU(2, 6, batch_first=True), nn.Linear(6, 1)
    def forward(self, x):
        return self.out(self.rnn(x)[0][:, -1])

class Wrong(Net):
    def __init__(self):
        super().__init__()
        self.rnn = nn.GRU(2, 6)

class Raises(Net):
    def forward(self, x):
        return self.rnn(x) + undefined

def factory():
    raise ValueError("no such size")

def ends():
    raise SystemExit(3)

def number():
    return 3

def returns_text():
    return Text()

class Text(nn.Module):
    def forward(self, x):
        return "text"

def loss(out, y):
    return (out - y).abs().mean()

def vector(out, y):
    return out - y

def loader():
    x = torch.rand(64, 6, 2)
    return [(x, x[:, -1, :1]), (x, x[:, -1, :1])]

def pair():
    print("this is not JSON")
    return loader()[0]

def broken():
    yield loader()[0]
    raise KeyError("gone")
"""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "m.py").write_text(MODELS)
    (tmp_path / "typo.py").write_text("def f(:\n")
    x = np.random.default_rng(0).normal(size=(48, 6, 2)).astype("float32")
    np.savez("b.npz", x=x, y=x[:, -1, :1])
    np.savez("odd.npz", x=x, z=x)
    np.savez("objects.npz", x=np.array([{}, 1], dtype=object), y=x)
    np.savez("short.npz", x=x, y=x[:5, 0])
    np.savez("none.npz", x=x[:0], y=x[:0, 0])
    np.savez("nan.npz", x=np.where(x > 2, np.nan, x), y=x[:, -1, :1])
    np.savez("wide.npz", x=np.concatenate([x, x], 2), y=x[:, -1, :1])
    np.savez("lengths.npz", x=x, y=x[:, -1, :1], lengths=np.full(48, 7))
    np.savez("texts.npz", x=np.array([["a"]]), y=x)
    (tmp_path / "bad.npz").write_bytes(b"PK\x03\x04 no archive")
    (tmp_path / "bad.pt").write_bytes(b"nothing")
    torch.save((torch.from_numpy(x), torch.from_numpy(x[:, -1, :1])), "b.pt")
    torch.save({"x": Path("x")}, "pickled.pt")
    torch.save({"other.weight": torch.zeros(1)}, "other.ckpt")
    return tmp_path


def diagnose(line: str) -> int:
    return main(["diagnose", *line.split(), "--seeds", "1"])


def test_a_finding_is_exit_code_1_and_json(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert diagnose("m.py:Wrong --batch b.npz --json") == 1
    found = json.loads(capsys.readouterr().out)
    assert (found["schema"], found["verdict"]) == (1, "wiring")
    assert list(found) == [
        "schema", "verdict", "says", "findings", "decay", "decay_low", "decay_high", "half_life", "reach", "cut_at",
        "horizon_used", "clip", "profile", "remedies",
    ]  # fmt: skip
    assert "batch_first=True" in found["says"]
    assert diagnose("m.py:Wrong --batch b.npz --fail-on cut,vanish") == 0


@pytest.mark.parametrize("data", ["--batch b.pt", "--data m.py:loader", "--data m:pair"])
def test_data_come_in_many_ways(data: str, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert diagnose(f"m.py:Net {data} --json") == 1
    found = json.loads(capsys.readouterr().out)
    assert found["verdict"] == "memory not needed"
    assert [set(finding) for finding in found["findings"]] == [{"stage", "verdict", "says", "numbers"}] * 3
    assert [point["steps_back"] for point in found["profile"]] == list(range(6))
    assert found["decay_low"] <= found["decay"] <= found["decay_high"] < 0


def test_nan_in_the_data_is_a_finding(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert diagnose("m.py:Net --batch nan.npz") == 1
    assert "values that are not finite" in capsys.readouterr().out


BAD = {
    "m.py:Net": "Give the data",
    "m.py:Net --batch b.npz --data m:pair": "not both",
    "m.py --batch b.npz": "does not name the model",
    "none.py:Net --batch b.npz": "no file none.py",
    "no_such_module:Net --batch b.npz": "no module 'no_such_module'",
    "m.py:Nets --batch b.npz": "defines no 'Nets'. It has Net,",
    "typo.py:f --batch b.npz": "SyntaxError in",
    "m.py:factory --batch b.npz": "raised ValueError in",
    "m.py:ends --batch b.npz": "raised SystemExit in",
    "m.py:number --batch b.npz": "returns int, not a torch.nn.Module",
    "m.py:returns_text --batch b.npz": "no tensor",
    "m.py:Raises --batch b.npz": "NameError in",
    "m.py:Net --batch none.npz": "there is nothing in it",
    "m.py:Net --batch gone.npz": "no file gone.npz",
    "m.py:Net --batch m.py": "give an .npz or a .pt file",
    "m.py:Net --batch odd.npz": "holds no y: it has x, z",
    "m.py:Net --batch objects.npz": "Python objects",
    "m.py:Net --batch texts.npz": "x is no array of numbers",
    "m.py:Net --batch short.npz": "y needs a target for each sequence",
    "m.py:Net --batch wide.npz": "when it was run",
    "m.py:Net --batch lengths.npz": "lengths must hold a whole number from 1 to 6",
    "m.py:Net --batch bad.npz": "cannot be read",
    "m.py:Net --batch bad.pt": "cannot be read",
    "m.py:Net --batch pickled.pt": "more than tensors",
    "m.py:Net --batch b.npz --loss other": "Unknown loss",
    "m.py:Net --batch b.npz --loss m.py:vector": "a tensor with one number",
    "m.py:Net --batch b.npz --loss cross-entropy": "fractions where cross-entropy needs",
    "m.py:Net --batch b.npz --time-dim 5": "an axis of sequences and one of steps",
    "m.py:Net --batch b.npz --lag 6": "less than the number of steps",
    "m.py:Net --batch b.npz --fail-on all": "--fail-on takes",
    "m.py:Net --batch b.npz --checkpoint other.ckpt": "does not fit the model",
    "m.py:Net --batch b.npz --checkpoint b.pt": "no state dictionary",
    "m.py:Net --data m.py:number": "it has to give batches",
    "m.py:Net --data m.py:broken": "KeyError in",
}  # fmt: skip


@pytest.mark.parametrize("line", BAD)
def test_bad_input_is_one_sentence(line: str, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert diagnose(line) == 2
    shown = capsys.readouterr()
    said = shown.err.strip().splitlines()[-1]
    assert BAD[line] in said, said
    assert "Traceback" not in shown.err
    assert not shown.out


def test_an_error_of_the_users_code_is_theirs(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert diagnose("m.py:Raises --batch b.npz") == 2
    line = MODELS.splitlines().index("        return self.rnn(x) + undefined") + 1
    said = capsys.readouterr().err.strip().splitlines()[-1]
    assert f"Your code raised NameError in {here / 'm.py'}, line {line}, in forward" in said


def test_a_checkpoint_is_a_training_end(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    torch.save({"state_dict": torch.nn.Linear(2, 1).state_dict()}, "linear.ckpt")
    (here / "line.py").write_text("import torch\nclass Line(torch.nn.Linear):\n    def __init__(self):\n"
                                  "        super().__init__(2, 1)\n    def forward(self, x):\n"
                                  "        return super().forward(x[:, -1])\n")  # fmt: skip
    assert diagnose("line.py:Line --batch b.npz --checkpoint linear.ckpt --loss m.py:loss --json") in (0, 1)
    assert json.loads(capsys.readouterr().out)["verdict"] != "wiring"
