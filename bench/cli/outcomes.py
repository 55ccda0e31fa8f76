"""Says what came of a run's training, and which exit code that is."""

from typing import TYPE_CHECKING

from bench.cli.console import columns, say
from bench.errors import FAILED, UNFINISHED, without_secrets

if TYPE_CHECKING:
    from bench.execution import RunSummary


def tell(summary: "RunSummary", has_plugins: bool = False, retries: bool = False) -> None:
    """Sum up a run; say what failed, and what the store did not take. Raises KeyboardInterrupt if it was interrupted.

    retries: whether the verb has --retry-failed.
    """
    from bench.execution import account

    say(account(summary))
    if summary.failures:
        hint = " (use --retry-failed to try again)" if retries else ""
        say(f"\nFailed{hint}:\n{columns(summary.failures)}")
        if has_plugins:
            say("bench.testing.check_technique and check_task often explain what is wrong with a plugin.")
    if summary.trouble:
        say(without_secrets(summary.trouble))
    if summary.interrupted:
        raise KeyboardInterrupt


def exit_code(summary: "RunSummary") -> int:
    """The exit code of a run that failed, or of one that its budget cut short; 0 of any other."""
    if summary.failures or summary.trouble:
        return FAILED
    return UNFINISHED if summary.left else 0
