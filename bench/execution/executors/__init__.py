"""One file per executor, found by this folder: see `bench.execution.workforce.Executor`."""
