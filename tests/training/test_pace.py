"""How long an update takes at lags that nobody waits for."""

import pytest

from bench.protocol.preset import Selectors, load_preset, resolve
from bench.records.settings import Setting
from bench.training import pace
from bench.training.pace import Pace, measure_pace


def setting(technique: str, lag: int, hidden_size: int = 32) -> Setting:
    chosen = Selectors(techniques=(technique,), tasks=("adding",), lags=(lag,), hidden_size=hidden_size)
    return resolve(load_preset("quick"), chosen).settings[0]


def timed(monkeypatch: pytest.MonkeyPatch, seconds_a_step: float) -> list[int]:
    """Have every update take so long; the lags that are timed."""
    lags: list[int] = []

    def seconds(of: Setting) -> float:
        lags.append(of.lag)
        return of.lag * seconds_a_step

    monkeypatch.setattr(pace, "_seconds", seconds)
    return lags


@pytest.mark.parametrize("lag", [20, 100, 5000])
def test_a_lag_that_is_quick_is_timed_itself(lag: int, monkeypatch: pytest.MonkeyPatch) -> None:
    lags = timed(monkeypatch, 1e-6)
    assert measure_pace(setting("tanh", lag)) == Pace(pytest.approx(1e-6 / pace.TIMED_MEMBERS))
    assert lags[-1] == lag


def test_a_lag_of_no_step_has_no_shorter_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """The sequence is long all the same: an image of 784 pixels, and no blank step."""
    lags = timed(monkeypatch, 1e-6)
    chosen = Selectors(techniques=("tanh",), tasks=("mnist",), lags=(0,))
    measure_pace(resolve(load_preset("quick"), chosen).settings[0])
    assert lags == [0]


@pytest.mark.parametrize("lag", [5_000, 1_000_000])
def test_no_update_is_timed_that_takes_long(lag: int, monkeypatch: pytest.MonkeyPatch) -> None:
    lags = timed(monkeypatch, 3e-4)
    found = measure_pace(setting("tanh", lag))
    assert found.timed_lag == max(lags) <= 2 * pace.LONG_UPDATE / 3e-4
    assert found.seconds(lag) == pytest.approx(lag * 3e-4 / pace.TIMED_MEMBERS)


def test_attention_grows_with_pairs_of_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    timed(monkeypatch, 1e-3)
    found = measure_pace(setting("transformer", 10_000))
    assert found.timed_lag is not None
    assert found.seconds(found.timed_lag) == pytest.approx(found.timed_lag * 1e-3 / pace.TIMED_MEMBERS)
    assert 3 < found.seconds(10_000) / found.seconds(5_000) < 4


def test_a_lag_that_a_technique_cannot_do_is_not_timed(monkeypatch: pytest.MonkeyPatch) -> None:
    lags = timed(monkeypatch, 1e-6)
    monkeypatch.setattr(pace, "_skips", lambda of, lag: lag < 1000)
    measure_pace(setting("tanh", 5000))
    assert lags == [1250, 2500, 5000]
