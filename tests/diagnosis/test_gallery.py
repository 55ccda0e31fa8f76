"""Real threads by people whose model does not learn: each script gets the verdict that it names."""

from typing import Any

import generated_documents
import pytest
import torch

import bench

EXAMPLES = generated_documents.examples()
FEWEST = 25


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.__name__)
@pytest.mark.filterwarnings("ignore:Using a target size")
def test_a_thread_gets_its_verdict(example: Any) -> None:
    torch.manual_seed(0)
    found = bench.diagnose(example.Model(), example.batch(), **getattr(example, "OPTIONS", {}))
    assert (found.verdict, example.SAYS in found.says) == (example.VERDICT, True), str(found)


def test_there_are_many_and_they_are_short() -> None:
    assert len(EXAMPLES) >= FEWEST
    assert len({example.THREAD for example in EXAMPLES}) == len(EXAMPLES)
    sizes = {file.stem: len(file.read_text().splitlines()) for file in generated_documents.EXAMPLES.glob("*.py")}
    assert not {name: lines for name, lines in sizes.items() if lines > 50}
