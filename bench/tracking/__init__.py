"""The only door to MLflow: cohorts are written whole, and results are read back as tidy tables."""

from bench.tracking.environment import settle_environment

settle_environment()

from bench.tracking.outbox import Outbox  # noqa: E402
from bench.tracking.store import Store  # noqa: E402
from bench.tracking.ui import RunAddresses, run_addresses, ui_addresses, ui_command, ui_environment  # noqa: E402

__all__ = [
    "Outbox",
    "RunAddresses",
    "Store",
    "run_addresses",
    "ui_addresses",
    "ui_command",
    "ui_environment",
]
