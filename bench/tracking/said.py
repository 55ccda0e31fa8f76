"""A training run in words: what it was, what came of it, and where more is shown."""

from __future__ import annotations

from typing import Any

from bench.tracking import layout, paths
from bench.tracking.notes import link, plain

PICTURE = "setting.png"
"""The file of a measured cohort's record with a picture of its learning curves and of its gradient flow."""


def of_member(row: dict[str, Any], experiment: str, cohorts: str, record: str) -> str:
    """Describe a training run in Markdown.

    experiment: the id of the one that it is in; cohorts: that of its cohort's record, whose run id is `record`.
    """
    siblings = paths.of_runs(experiment, searchFilter=f"tags.{layout.RECORD} = '{record}'")
    told = [
        f"**{plain(row['title'])}** on **{plain(row['task_title'] or row['task'])}**, lag {row['lag']}, seed "
        f"{row['seed']}, learning rate {row['learning_rate']:g}: {_ending(row)}.",
        f"{link('Its setting', paths.of_run(cohorts, record))}: pictures, tables, the claims that rest on it, the "
        f"report. {link('Runs beside it', siblings)}.",
    ]
    if row["role"] == "measured":
        told.append(f"![Learning curves and gradient flow of this setting]({picture(record)})")
    return "\n\n".join(told)


def picture(record: str) -> str:
    """Return where MLflow serves a record's picture."""
    return f"get-artifact?path={PICTURE}&run_uuid={record}"


def _ending(row: dict[str, Any]) -> str:
    """Say what a run was for, and how it ended."""
    budget = f"{row['budget']:,} updates"
    after = f"after {row['updates']:,} of {budget}"
    purpose = "" if row["role"] == "measured" else "tried to choose a learning rate; "
    ends = {
        "solved": f"solved {after}",
        "unsolved": f"not solved in {budget}",
        "diverged": f"diverged {after}",
        "failed": f"failed ({plain(row['reason'])})",
        "untrained": "not trained, its gradient was followed at the start alone",
    }
    end = ends[row["outcome"]]
    if row["outcome"] in ("solved", "unsolved"):
        end += f"; {plain(row['metric_name'])} {row['metric']:.3g} at the end, solved at {row['solved_at']:g}"
    return purpose + end
