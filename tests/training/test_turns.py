"""Timing against a clock that only works turn, on a machine with habits: its numbers are known."""

from __future__ import annotations

import gc
import statistics
import time

import pytest

from bench.training import cost, speed
from bench.training.cost import TURNS


class Machine:
    """A clock, and updates that take time by it: more of it just after a collection, and more as time goes on."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, cold: float = 1.0, drift: float = 0.0) -> None:
        self.now, self.collected, self.cold, self.drift = 0.0, True, cold, drift
        self.watched: set[bool] = set()
        for clock in ("perf_counter", "process_time"):
            monkeypatch.setattr(time, clock, lambda: self.now)
        monkeypatch.setattr(gc, "collect", self.collect)

    def collect(self) -> None:
        self.collected = True

    def update(self, seconds: float):
        def run() -> None:
            self.watched.add(gc.isenabled())
            self.now += seconds * (self.cold if self.collected else 1) * (1 + self.drift * self.now)
            self.collected = False

        return run


def test_no_round_is_cold(monkeypatch):
    machine = Machine(monkeypatch, cold=50)
    own, base = cost._alternate(machine.update(2e-4), machine.update(1e-4))
    assert [a / b for a, b in zip(own, base, strict=True)] == pytest.approx([2] * TURNS)


@pytest.mark.parametrize("drift", [3, -3])
def test_neither_of_a_pair_is_favoured_where_calls_grow_slower_or_faster(monkeypatch, drift):
    machine = Machine(monkeypatch, drift=drift)
    own, base = cost._alternate(machine.update(2e-4), machine.update(2e-4))
    assert [a / b for a, b in zip(own, base, strict=True)] == pytest.approx([1] * TURNS, rel=1e-3)


def test_the_slow_first_call_after_the_others_weighs_alike_on_both(monkeypatch):
    """Also if one of them seemed slow when it was tried out."""
    machine = Machine(monkeypatch)
    last, tries = "", {"own": [9e-4] * 4, "base": []}

    def work(name):
        def run():
            nonlocal last
            usual = 1e-4 if name == last else 5e-4
            machine.update(tries[name].pop() if tries[name] else usual)()
            last = name

        return run

    own, base = cost._alternate(work("own"), work("base"))
    assert statistics.median(a / b for a, b in zip(own, base, strict=True)) == pytest.approx(1)


def test_the_collector_is_off_while_updates_are_timed(monkeypatch):
    machine = Machine(monkeypatch)
    cost._alternate(machine.update(1e-3), machine.update(1e-3))
    assert machine.watched == {False}
    assert gc.isenabled()


def test_the_fastest_of_few_rounds_is_warm(monkeypatch):
    machine = Machine(monkeypatch, cold=50)
    monkeypatch.setattr(speed, "LEAST_ROUNDS", 1)
    monkeypatch.setattr(speed, "ROUNDS", 1)
    assert speed.fastest([machine.update(2e-3), machine.update(1e-3)]) == pytest.approx([2e-3, 1e-3])
