"""What is honest is accepted, and each way of breaking a contract is told, as early as it can be."""

import pytest
from broken import EARLY
from broken_in_training import LATE
from cells import HONEST
from own_data import Drifting, DriftingFixed

from bench.cli import main
from bench.contract import first_fault, require
from bench.errors import BAD_INPUT, BenchError
from bench.tasks import tasks
from bench.techniques import techniques
from bench.techniques.contract import CHECKS
from bench.testing import check_task, check_technique


@pytest.mark.parametrize("honest", HONEST, ids=lambda c: c.__name__)
def test_an_honest_technique_is_accepted(honest):
    assert first_fault(honest, CHECKS) is None
    check_technique(honest)


@pytest.mark.parametrize("broken", EARLY, ids=lambda c: c.__name__)
def test_what_would_train_wrongly_is_told_before_anything_trains(broken):
    with pytest.raises(BenchError, match=f"^The technique {broken.__name__} in .*cannot be used: .*{EARLY[broken]}"):
        require("technique", broken, CHECKS)
    with pytest.raises(AssertionError, match=f"^{broken.__name__}: .*{EARLY[broken]}"):
        check_technique(broken)


@pytest.mark.parametrize("broken", LATE, ids=lambda c: c.__name__)
def test_what_shows_in_training_is_told_by_the_contracts_test(broken):
    assert first_fault(broken, CHECKS) is None
    with pytest.raises(AssertionError, match=f"^{broken.__name__}: .*{LATE[broken]}"):
        check_technique(broken)


@pytest.mark.parametrize("series", [Drifting, DriftingFixed])
def test_a_series_whose_parts_differ_is_accepted(series):
    check_task(series)


def test_a_plugin_is_looked_at_when_it_is_loaded(tmp_path, capsys):
    file = tmp_path / "bare.py"
    file.write_text('from bench.techniques import Technique\n\n\nclass Bare(Technique):\n    name = "bare"\n')
    assert main(["list", "techniques", "--plugin", str(file)]) == BAD_INPUT
    said = capsys.readouterr()
    assert f"The technique Bare in {file} cannot be used: it has no attributes title, family" in said.err
    assert said.out == ""


@pytest.mark.parametrize("registry", [tasks, techniques], ids=lambda registry: registry.kind)
def test_what_ships_is_not_looked_at_when_the_program_starts(registry, monkeypatch):
    def looked_at(*_):
        raise AssertionError("it costs time at every start")

    monkeypatch.setattr(registry, "checks", {"looking": looked_at})
    monkeypatch.setattr(registry, "_found", None)
    assert registry.all()
