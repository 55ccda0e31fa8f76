"""A module of a user's own: what it is taken for, that it trains as in a plain loop, and what is said if it cannot."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch import nn

from bench.cli import main
from bench.cli.options import load_plugins
from bench.engine.blueprint import Blueprint
from bench.engine.own_module import Sequenced, Unrolled
from bench.errors import BenchError
from bench.evidence.scope import Reading
from bench.execution.needs import packed
from bench.own_module import make_module
from bench.records.source_hash import is_made, source_hash
from bench.registry import loaded
from bench.tasks.adding import Adding
from bench.techniques import techniques
from bench.testing import check_technique
from bench.tracking import Store

TOLERANCE = 1e-8
"""Learning rates are kept in single precision."""
CODE = '''
import torch
from torch import nn
from beside import gate


class MyCell(nn.Module):
    def __init__(self, inputs, hidden):
        super().__init__()
        self.x, self.h = nn.Linear(inputs, 2 * hidden), nn.Linear(hidden, 2 * hidden, bias=False)

    def forward(self, x, h):
        return gate((self.x(x) + self.h(h)).chunk(2, -1), h)


class Fused(nn.Module):
    def __init__(self, inputs, hidden):
        super().__init__()
        self.rnn = nn.LSTM(inputs, hidden, batch_first=True)

    def forward(self, x):
        return self.rnn(x)


class Ahead(nn.Module):
    def __init__(self, inputs, hidden):
        super().__init__()
        self.convolution = nn.Conv1d(inputs, hidden, 3, padding=1)

    def forward(self, x):
        return self.convolution(x.mT).relu().mT


class Empty(nn.Module):
    """Begins with zeros of the default type."""

    def __init__(self, inputs, hidden):
        super().__init__()
        self.hidden, self.step = hidden, nn.Linear(inputs + hidden, hidden)

    def forward(self, x):
        h, found = torch.zeros(len(x), self.hidden), []
        for now in x.unbind(1):
            h = torch.tanh(self.step(torch.cat([now, h], 1)))
            found.append(h)
        return torch.stack(found, 1)


class LastOnly(Empty):
    def forward(self, x):
        return super().forward(x)[:, -1]


class Random(Empty):
    def forward(self, x):
        return nn.functional.dropout(super().forward(x))


class ThreeSizes(nn.Module):
    def __init__(self, inputs, hidden, heads):
        super().__init__()


class LSTM(MyCell):
    pass


class Queue(MyCell):
    pass


def number(inputs, hidden):
    return 5
'''
BESIDE = """
import torch


def gate(parts, h):
    g = torch.sigmoid(parts[0])
    return g * h + (1 - g) * torch.tanh(parts[1])
"""


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder with a user's code in it; what is registered goes again."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(techniques, "_found", techniques.all())
    Path("mine.py").write_text(CODE)
    Path("beside.py").write_text(BESIDE)


def technique_of(spec: str, by_protocol: bool = False):
    made = make_module(spec, by_protocol)
    techniques.built_in().pop(made.name, None)
    load_plugins([made.plugin])
    return loaded(made.plugin).FromModule, made


@pytest.mark.parametrize(
    ("spec", "widths", "together"),
    [
        ("mine.py:MyCell", (1.0,), True),
        ("mine.py:Empty", (), True),
        ("mine.py:Fused", (), False),
        ("torch.nn:LSTMCell", (1.0, 1.0), False),
    ],
)
def test_a_module_keeps_the_contract_and_trains_as_in_a_plain_loop(spec, widths, together):
    cls, _ = technique_of(spec)
    assert (cls.widths, cls.together) == (widths, together)
    check_technique(cls)
    task, seeds, rates, updates = Adding(), (3, 4), (0.01, 0.003), 4
    steps = task.steps(6)
    stack = cls(Blueprint(task.inputs, task.outputs, 1, 6, steps, 8, seeds, rates), task).double()
    batches = [task.sample(torch.Generator().manual_seed(n), 5, 6) for n in range(updates)]
    scripts = [as_a_script(stack, member) for member in range(2)]
    optimizer = stack.configure_optimizers()
    for x, y in batches:
        stack.update(optimizer, *(part.double().expand(2, *part.shape) for part in (x, y)))
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    try:
        for member, (runner, readout) in enumerate(scripts):
            train(runner, readout, rates[member], batches, widths)
            for name, parameter in runner.named_parameters():
                own = getattr(stack.layers[0], stack.layers[0].members_.parameters[name])[member]
                assert torch.allclose(own, parameter, rtol=0, atol=TOLERANCE)
            assert torch.allclose(stack.readout.weight[member].mT, readout.weight, rtol=0, atol=TOLERANCE)
    finally:
        torch.set_default_dtype(before)


def as_a_script(stack, member: int) -> tuple[nn.Module, nn.Linear]:
    """The same module and readout, with the same weights, as a user has them."""
    layer = stack.layers[0]
    module = layer.make(layer.inputs, layer.hidden).double()
    runner = (Unrolled if type(stack).widths else Sequenced)(module)
    readout = nn.Linear(layer.hidden, stack.blueprint.outputs).double()
    with torch.no_grad():
        for name, parameter in runner.named_parameters():
            parameter.copy_(getattr(layer, layer.members_.parameters[name])[member])
        readout.weight.copy_(stack.readout.weight[member].mT)
        readout.bias.copy_(stack.readout.bias[member])
    return runner, readout


def train(runner: nn.Module, readout: nn.Linear, rate: float, batches, widths) -> None:
    optimizer = torch.optim.Adam([*runner.parameters(), *readout.parameters()], lr=rate)
    for x, y in batches:
        start = [torch.zeros(x.shape[1], readout.in_features) for _ in widths]
        optimizer.zero_grad()
        (readout(runner(x.double(), *start)[0][-1])[:, 0] - y.double()[0]).square().mean().backward()
        optimizer.step()


def test_weights_are_the_modules_own_or_the_protocols():
    stacks = []
    for by_protocol in (False, True):
        cls, _ = technique_of("mine.py:MyCell", by_protocol)
        layer = cls(Blueprint(2, 1, 1, 6, 6, 8, (3, 3, 4), (0.1,) * 3, initialisation="orthogonal"), Adding()).layers[0]
        parameters = dict(layer.named_parameters())
        for parameter in parameters.values():
            assert torch.equal(parameter[0], parameter[1])
        stacks.append(parameters)
    own, protocol = stacks
    assert own["body_x_bias"].any()
    assert not protocol["body_x_bias"].any()
    square = protocol["body_h_weight"][2, :8]
    assert torch.allclose(square @ square.T, torch.eye(8), atol=1e-5)


def test_its_author_is_told_what_was_found_out():
    _, made = technique_of("mine.py:Ahead")
    assert made.says == [
        "Ahead looks ahead: its outputs depend on later inputs, which gives tasks away that ask at every step."
    ]
    _, made = technique_of("mine.py:Fused")
    assert made.says[0].startswith("Fused: its members train one after the other, because vmap cannot follow it")
    assert make_module("mine.py:LSTM").name == "my-lstm"


def test_the_hash_follows_the_code_and_what_it_imports():
    first = source_hash(technique_of("mine.py:MyCell")[0])
    assert is_made(first)
    assert source_hash(technique_of("mine.py:MyCell")[0]) == first
    Path("beside.py").write_text(BESIDE.replace("sigmoid", "tanh"))
    assert source_hash(technique_of("mine.py:MyCell")[0]) != first


def test_all_that_it_needs_travels_to_another_machine():
    _, made = technique_of("mine.py:MyCell")
    assert sorted(packed(str(made.plugin))) == ["beside.py", "made-from-my-cell.py", "mine.py"]


def test_its_name_hides_no_module_of_python_from_a_program_that_starts_beside_it():
    folder = make_module("mine.py:Queue").plugin.parent
    environment = os.environ | {"PYTHONPATH": str(folder)}
    done = subprocess.run([sys.executable, "-c", "import queue; queue.SimpleQueue"], env=environment, check=False)
    assert done.returncode == 0


WRONG = {
    "mine.py": "--module mine.py: write FILE.py:CLASS, or package.module:CLASS.",
    "none.py:MyCell": "--module none.py: there is no such file.",
    "mine.py:Missing": "ImportError: cannot import name 'Missing'",
    "not a module:MyCell": "'not a module' is neither a file that ends in .py nor a module's name.",
    "mine.py:LastOnly": "LastOnly is neither a map of sequences nor a cell",
    "mine.py:Random": "Random gives other outputs when it is called again: draw no random numbers as it runs",
    "mine.py:ThreeSizes": "ThreeSizes(5, 12) cannot be made: TypeError",
    "mine.py:number": "number(5, 12) gives int, not a torch.nn.Module.",
}


@pytest.mark.parametrize("spec", WRONG)
def test_what_is_wrong_with_a_module_is_said(spec):
    with pytest.raises(BenchError) as said:
        make_module(spec)
    assert WRONG[spec] in str(said.value)


@pytest.mark.usefixtures("few_timings")
def test_it_runs_beside_others_or_alone_and_is_read_without_its_file(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["run", "--preset", "smoke", "--task", "adding", "--lag", "10", "--seeds", "1", "--learning-rate", "0.01"]
    words += ["--updates", "2", "--no-history", "--module", "mine.py:MyCell"]
    assert main([*words, "--technique", "tanh", "--jobs", "2"]) == 0
    assert {*Store.open(None, create=False).members().technique} == {"tanh", "my-cell"}
    capsys.readouterr()
    assert main(["plan", *words[1:-3], *words[-2:], "--reference", "run"]) == 0
    assert "at most 1, each a training with one seed; 1 are already stored" in capsys.readouterr().out
    techniques.built_in().pop("my-cell")
    for file in ("mine.py", "beside.py"):
        Path(file).unlink()
    (scope,) = Reading(Store.open(None, create=False)).arms.values()
    assert {*scope.members.technique} == {"tanh", "my-cell"}
    assert main(["run", "--preset", "smoke", "--reference", "run"]) == 2
    assert "say something about a module: name it with --module." in capsys.readouterr().err
