"""The sample of speeds: what it times, and that its loss is the same every time."""

from __future__ import annotations

import time

import pytest

from bench.protocol.preset import Selectors, load_preset, resolve
from bench.records.fields import work
from bench.records.result import typed
from bench.records.snapshot import TIMINGS
from bench.training.speed import fastest, sample_speed


@pytest.fixture(scope="module")
def settings():
    study = resolve(load_preset("smoke"), Selectors(techniques=("tanh", "lstm"), tasks=("adding",), lags=(6,)))
    return {s.technique: s for s in study.settings}


def test_interruptions_do_not_count(monkeypatch):
    calls, now = iter(range(10_000)), [0.0]
    monkeypatch.setattr(time, "perf_counter", lambda: now[0])

    def sometimes_interrupted() -> None:
        now[0] += 0.02 if next(calls) % 3 else 0.001

    assert fastest([sometimes_interrupted]) == pytest.approx([0.001])


def test_calls_take_turns():
    order: list[str] = []
    fastest([lambda: order.append("a"), lambda: order.append("b")])
    assert order == ["a", "b"] * (len(order) // 2)


def test_a_sample_has_every_column_and_the_same_loss_again(settings):
    first, second = (sample_speed(settings["lstm"]) for _ in range(2))
    assert set(first) == set(TIMINGS.types) - {"sample", "process"}
    assert first["loss"] == second["loss"]
    assert typed([first | {"sample": "s", "process": 0}], TIMINGS)["reference"].gt(0).all()
    assert sample_speed(settings["tanh"])["loss"] != first["loss"]


def test_work_is_named_by_what_an_update_takes(settings):
    setting = settings["tanh"]
    larger = setting.model_copy(update={"protocol": setting.protocol.model_copy(update={"hidden_size": 9})})
    longer = setting.model_copy(update={"protocol": setting.protocol.model_copy(update={"updates": 99})})
    assert work(longer.protocol) == work(setting.protocol) != work(larger.protocol)
