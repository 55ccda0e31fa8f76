"""`bptt-bench show`: one sheet on whatever has the name."""

import json
from pathlib import Path

import pytest

from bench.cli import main
from bench.evidence.claims import source_claims
from bench.protocol.preset import preset_names
from bench.tasks import tasks
from bench.techniques import techniques


@pytest.mark.parametrize("name", [*techniques.names(), *tasks.names(), *preset_names(), "S01", "S30"])
def test_everything_that_is_listed_can_be_shown(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", name, "--json"]) == 0
    sheet = json.loads(capsys.readouterr().out)
    (title,) = next(iter(sheet.values()))
    assert title.startswith(name)
    assert sheet.get("about") or sheet.get("says")


def test_a_technique_has_its_equation_its_dials_and_its_claims(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", "tbptt:window=20"]) == 0
    out = capsys.readouterr().out
    assert "technique        tbptt:window=20: Truncated BPTT\n" in out
    assert "window = 20 (other values worth trying: " in out
    shown = {claim.id for claim in source_claims() if f" {claim.id} {claim.says}\n" in out}
    assert shown == {"S24", "S25", "S26", "S27"}


def test_a_claim_is_found_however_it_is_spelt(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", "s06"]) == 0
    assert "verdicts --claim S06" in capsys.readouterr().out


def test_a_claim_has_its_parts_and_where_each_has_to_lie(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", "S15"]) == 0
    out = capsys.readouterr().out
    assert "holds if       all of them do\n" in out
    assert "by norm: share of runs that explode" in out
    assert "; below −0.1 (arm exploding)\n" in out
    assert main(["show", "lstm", "--json"]) == 0
    sheet = json.loads(capsys.readouterr().out)
    assert not set(sheet["claims about it"]) & set(sheet["reference of"])


def test_an_unknown_name_is_told_with_what_is_near(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", "lst"]) == 2
    assert "Unknown name 'lst': did you mean lstm" in capsys.readouterr().err


def test_a_technique_is_unrolled_with_what_is_left_of_its_gradient(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", "tbptt:window=3", "--json"]) == 0
    head, states, read, way, left, told = json.loads(capsys.readouterr().out)["unrolled"]
    assert head.split() == ["in", "%", "T−4", "T−3", "T−2", "T−1", "T"]
    shares = states.replace("╫", " ").split()
    assert shares[0] == "h"
    assert states.index("╫") < states.index("loss")
    assert [cell for cell in shares if cell == "0"] == ["0", "0"], "beyond its window of three steps"
    assert states.endswith("100━▶ loss")
    assert read.split() == ["x"] * 6
    assert way == "h → h: through a matrix"
    assert left.endswith("nothing after 10, nothing after 20 steps")
    assert told == "follows the gradient back in its own way"


def test_a_task_has_an_example_with_its_answer(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", "copy", "--json"]) == 0
    head, read, answer = json.loads(capsys.readouterr().out)["example"]
    assert head == "an example at lag 8, 28 steps"
    assert answer.split() == ["answer", *"?" * 18, *read.split()[1:11]]
    assert main(["show", "digits", "--json"]) == 0
    *_, answer = json.loads(capsys.readouterr().out)["example"]
    assert answer.split()[1] in "0123456789"


@pytest.mark.parametrize(
    ("name", "file", "begins"),
    [("lstm:forget_bias=4", "a.svg", b"<svg"), ("adding", "new/b.png", b"\x89PNG"), ("tanh", "c.PDF", b"%PDF")],
)
def test_drawings_are_written_by_their_ending(
    name: str, file: str, begins: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["show", name, "--output", str(tmp_path / file)]) == 0
    assert (tmp_path / file).read_bytes().startswith(begins)
    assert f"Drawn: {tmp_path / file}" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "file", "said"),
    [
        ("lstm", "a.jpg", "give a file that ends in .svg or .png or .pdf."),
        ("lstm", "a", "give a file that ends in .svg or .png or .pdf."),
        ("quick", "a.svg", "There is no drawing of quick: only techniques and tasks have one."),
        ("S06", "a.svg", "There is no drawing of S06: only techniques and tasks have one."),
    ],
)
def test_what_cannot_be_drawn_is_told_in_a_sentence(
    name: str, file: str, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["show", name, "--output", str(tmp_path / file)]) == 2
    assert said in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
