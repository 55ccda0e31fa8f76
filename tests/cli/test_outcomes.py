"""What every verb that trains says at the end, and its exit code."""

import pytest

from bench.cli.outcomes import exit_code, tell
from bench.errors import FAILED, UNFINISHED
from bench.execution import RunSummary

FAILURE = {"technique": "lstm", "task": "adding", "lag": 20, "role": "measured", "reason": "no memory"}


def test_what_the_store_did_not_take_is_told_without_its_password(capsys: pytest.CaptureFixture[str]) -> None:
    tell(RunSummary(trained=1, trouble="Cannot reach postgresql://me:hunter2@host/db."))
    said = capsys.readouterr().err
    assert "Runs trained: 1" in said
    assert "postgresql://" in said
    assert "hunter2" not in said


def test_failures_are_listed_with_the_remedies_that_the_verb_has(capsys: pytest.CaptureFixture[str]) -> None:
    tell(RunSummary(failures=[FAILURE]))
    bare = capsys.readouterr().err
    assert "no memory" in bare
    assert "--retry-failed" not in bare
    assert "check_technique" not in bare
    tell(RunSummary(failures=[FAILURE]), has_plugins=True, retries=True)
    said = capsys.readouterr().err
    assert "--retry-failed" in said
    assert "check_technique" in said


def test_an_interrupted_run_ends_as_one() -> None:
    with pytest.raises(KeyboardInterrupt):
        tell(RunSummary(interrupted=True))


@pytest.mark.parametrize(
    ("summary", "code"),
    [
        (RunSummary(trained=1), 0),
        (RunSummary(left=3), UNFINISHED),
        (RunSummary(failures=[FAILURE], left=3), FAILED),
        (RunSummary(trouble="gone"), FAILED),
    ],
)
def test_the_exit_code_follows_from_what_came_of_it(summary: RunSummary, code: int) -> None:
    assert exit_code(summary) == code
