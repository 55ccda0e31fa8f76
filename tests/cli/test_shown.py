"""MLflow is brought up to date after a run or a report; what stands in the way fails neither."""

import pytest

from bench.cli.shown import show_in_mlflow
from bench.errors import BenchError
from bench.report import in_mlflow


def test_a_store_that_is_away_is_told_and_fails_nothing(store, monkeypatch):
    def away(*_: object) -> None:
        raise BenchError("The store is away.")

    monkeypatch.setattr(in_mlflow, "show_in_mlflow", away)
    heard: list[str] = []
    show_in_mlflow(store, heard.append)
    assert len(heard) == 1
    assert heard[0].endswith("The store is away.")


def test_a_mistake_of_ours_is_not_hidden(store, monkeypatch):
    monkeypatch.setattr(in_mlflow, "show_in_mlflow", None)
    with pytest.raises(TypeError):
        show_in_mlflow(store, print)
