"""The only door to MLflow: cohorts are written whole, and results are read back as tidy tables."""

import os

# MLflow reads the first when it is imported; the others keep it from printing a line for every run and file.
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
os.environ.setdefault("MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT", "true")
os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
os.environ.setdefault("GIT_PYTHON_REFRESH", "quiet")
# By itself it tries a server that is away for minutes. What cannot be written is kept, and sent later.
os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "2")
os.environ.setdefault("MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR", "1")
os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", "30")
os.environ.setdefault("PGCONNECT_TIMEOUT", "10")  # else PostgreSQL's driver waits for minutes

from bench.tracking.outbox import Outbox
from bench.tracking.store import Store
from bench.tracking.ui import RunAddresses, run_addresses, ui_address, ui_addresses, ui_command, ui_environment

__all__ = [
    "Outbox",
    "RunAddresses",
    "Store",
    "run_addresses",
    "ui_address",
    "ui_addresses",
    "ui_command",
    "ui_environment",
]
