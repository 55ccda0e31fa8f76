"""What the environment says to MLflow, and what of it counts."""

import os

import pytest

from bench.errors import BenchError
from bench.tracking.environment import NUMBERS, settle_environment

ODD = {"MLFLOW_SQLALCHEMYSTORE_POOL_SIZE": "x", "MLFLOW_ENABLE_WORKSPACES": "true", "MLFLOW_WORKSPACE": "other"}
CREDENTIALS = {"MLFLOW_TRACKING_TOKEN": "t", "MLFLOW_TRACKING_PASSWORD": "p", "MLFLOW_TRACKING_SERVER_CERT_PATH": "/c"}


@pytest.fixture(autouse=True)
def put_back(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [*os.environ, *ODD, *CREDENTIALS]:
        if name.startswith("MLFLOW_"):
            monkeypatch.setenv(name, os.environ.get(name, ""))
            monkeypatch.delenv(name)


def test_what_would_change_a_store_does_not_count_and_credentials_do(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {**ODD, **CREDENTIALS, "MLFLOW_HTTP_REQUEST_TIMEOUT": "7"}.items():
        monkeypatch.setenv(name, value)
    settle_environment()
    assert not set(ODD) & set(os.environ)
    assert {name: os.environ[name] for name in CREDENTIALS} == CREDENTIALS
    assert (os.environ["MLFLOW_HTTP_REQUEST_TIMEOUT"], os.environ["MLFLOW_HTTP_REQUEST_MAX_RETRIES"]) == ("7", "2")
    assert os.environ["MLFLOW_DISABLE_TELEMETRY"] == "true"


@pytest.mark.parametrize("name", NUMBERS)
@pytest.mark.parametrize("value", ["x", "", "-1", "1.5"])
def test_what_is_no_number_is_named(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(BenchError, match=f"The environment variable {name} is '{value}'"):
        settle_environment()
