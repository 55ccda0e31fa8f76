"""The made-up world of the tests, on top of `bench.testing.made_up`: cohorts, snapshots, a whole study and verdicts."""
