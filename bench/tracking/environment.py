"""Selects the environment variables of MLflow that count: those about a server's credentials and requests to it."""

from __future__ import annotations

import os

from bench.errors import BenchError

KEPT = ("MLFLOW_TRACKING_", "MLFLOW_HTTP_REQUEST_", "MLFLOW_S3_", "MLFLOW_KERBEROS_")
"""Prefixes of their names. Others would change how our stores are written, or keep MLflow from starting."""
UI_STORE = "BPTT_BENCH_UI_STORE"
"""Ours: the address of the store that the interface's server shows, as MLflow takes it."""
SWITCHES = {
    # MLflow reads the first when it is imported; the others keep it from printing a line for every run and file.
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "GIT_PYTHON_REFRESH": "quiet",
}
NUMBERS = {
    # By itself MLflow tries a server that is away for minutes. What cannot be written is kept, and sent later.
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",
    "MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR": "1",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "30",
    # PostgreSQL's driver waits for minutes.
    "PGCONNECT_TIMEOUT": "10",
}


def settle_environment() -> None:
    """Give MLflow the surroundings that this program means; before it is imported.

    Raises BenchError if a number that the user may choose is not a number.
    """
    for name in [name for name in os.environ if name.startswith("MLFLOW_") and not name.startswith(KEPT)]:
        del os.environ[name]
    for name, value in SWITCHES.items():
        os.environ.setdefault(name, value)
    for name, value in NUMBERS.items():
        given = os.environ.setdefault(name, value)
        if not given.isascii() or not given.isdigit():
            raise BenchError(
                f"The environment variable {name} is '{given}': set it to a whole number, such as {value}, or unset it."
            )
