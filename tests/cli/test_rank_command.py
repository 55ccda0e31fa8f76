"""`bptt-bench rank`: two pages on a module, and text for a paper."""

from pathlib import Path

import pytest

from bench.cli import main
from bench.techniques import techniques


@pytest.mark.usefixtures("few_timings")
def test_a_module_is_trained_and_ranked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(techniques, "_found", techniques.all())
    words = ["rank", "torch.nn:RNNCell", "--preset", "smoke", "--technique", "tanh", "--task", "copy", "--seeds", "2"]
    assert main([*words, "--jobs", "1", "--output", "out", "--format", "md", "--language", "en,zh"]) == 0
    said = capsys.readouterr()
    assert "RNNCell: its members train one after the other" in said.err
    written = {"standing.en.md", "standing.zh.md", "table.tex", "method.txt", "references.bib"}
    assert {Path(line).name for line in said.out.splitlines()} == written
    page = Path("out/standing.en.md").read_text()
    assert "# RNNCell among 2 techniques" in page
    assert "All techniques score alike" in page or "RNNCell has rank" in page
    assert "Price and gradient" in page
    assert "RNNCell" in Path("out/table.tex").read_text()
    assert "of 2 seeds was evaluated every" in Path("out/method.txt").read_text()
    assert Path("out/references.bib").read_text().startswith("@misc{bpttbench")
