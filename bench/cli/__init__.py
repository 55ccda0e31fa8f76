"""The command line: the program, what its verbs share, and a file a verb in `verbs`."""

from bench.cli.program import app, main

__all__ = ["app", "main"]
