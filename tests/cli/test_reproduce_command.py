"""`bptt-bench reproduce`: a tiny published result is run, compared, and not run again."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bench.cli import main
from bench.evidence import published as room
from bench.evidence.published import Published, book

TINY = Published.model_validate(
    {
        "id": "R1", "title": "nobody learns so soon", "source": "nobody", "protocol": "none", "deviations": "all.",
        "seeds": 2, "minutes": 1,
        "ours": [
            {"techniques": ["tanh", "gru"], "task": "adding", "lags": [10], "protocol": {
                "hidden_size": 4, "batch_size": 4, "updates": 4, "evaluate_every": 2, "held_out_size": 8,
                "learning_rates": [0.001]}}
        ],
        "numbers": [{"technique": "gru", "measured": "metric", "at": 2, "reported": 100.0, "factor": 2}],
        "shape": [{"fails": "tanh"}],
    }
)  # fmt: skip


def test_what_is_missing_is_trained_and_compared(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (book, room):
        monkeypatch.setattr(module, "published_results", lambda: (TINY,))
    store = ["--store", str(tmp_path / "store")]
    assert main(["reproduce", "r1", "--jobs", "1", *store]) == 0
    out, err = capsys.readouterr()
    first, *others = out.splitlines()[1:]
    assert first.split()[:3] == ["R1", "in", "part"]
    assert "metric after 2 updates, gru" in first
    assert first.rstrip().endswith("no")
    assert others[0].split() == ["tanh", "does", "not", "solve", "it", "yes", "yes", "-", "yes"]
    assert "Runs trained: 4; failed: 0; already stored: 0." in err
    assert err.splitlines()[-1] == "1 published results: 1 in part."

    assert main(["reproduce", "--no-run", "--json", *store]) == 0
    (record,) = json.loads(capsys.readouterr().out)
    assert (record["id"], record["verdict"], record["shape_agrees"], record["numbers_agree"]) == (
        "R1", "in part", True, False,
    )  # fmt: skip
    assert record["numbers"][0]["n"] == 2
    assert main(["verdicts", *store]) == 0, "what is published stands apart, and leaves the claims without results"
    assert "not run" in capsys.readouterr().out


def test_an_unknown_id_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["reproduce", "R99"]) == 2
    assert "Unknown published result 'R99'" in capsys.readouterr().err


def test_a_published_result_is_shown_and_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", "R4"]) == 0
    out = capsys.readouterr().out
    assert "run it      bptt-bench reproduce R4\n" in out
    assert "updates until the metric is 0.95, lstm-no-forget: 200, within a factor of 2" in out
    assert main(["list", "published", "--json"]) == 0
    assert {"id", "title", "source", "minutes"} == set(json.loads(capsys.readouterr().out)[0])
