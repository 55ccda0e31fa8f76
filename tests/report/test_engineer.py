"""The lines that a reader may paste work, and verdicts stand beside them."""

from __future__ import annotations

import pytest
import torch
from rendering import texts
from torch import nn

from bench.evidence.offers import OFFERS
from bench.languages import language
from bench.report.document import Items
from bench.report.findings import Findings, gather
from bench.report.section import Page
from bench.report.sections.engineer import SYMPTOMS, Engineer, Symptom
from bench.testing.made_up import SmallStore


@pytest.mark.parametrize("symptom", SYMPTOMS, ids=lambda symptom: symptom.name)
def test_its_lines_run(symptom: Symptom, capsys: pytest.CaptureFixture[str]) -> None:
    torch.manual_seed(0)
    inputs, hidden = 3, 5
    rnn = nn.RNN(inputs, hidden, batch_first=True)
    outputs = rnn(torch.randn(4, 7, inputs))[0]
    outputs.sum().backward()
    first = SYMPTOMS[0].look if symptom.name == "cut" else ""  # it reads the first test's gradient
    names = {
        "torch": torch,
        "nn": nn,
        "rnn": rnn,
        "model": rnn,
        "inputs": inputs,
        "hidden": hidden,
        "x": torch.randn(4, 7, inputs),
        "outputs": outputs,
        "x_t": torch.randn(4, inputs),
        "h": torch.zeros(4, hidden),
        "step": lambda x, h: torch.tanh(x @ torch.ones(inputs, hidden) + h),
    }
    exec(f"{first}\n{symptom.look}", names)
    for _, code in symptom.changes:
        own = {**names, "rnn": rnn}  # each stands by itself
        exec(code, own)
        if "orthogonal_" in code:
            assert torch.allclose(rnn.weight_hh_l0 @ rnn.weight_hh_l0.T, torch.eye(hidden), atol=1e-5)
        assert isinstance(own["rnn"], nn.GRU) == ("GRU" in code)
    if symptom.name == "cut":
        assert "tensor(0)" in capsys.readouterr().out, "a plain network is not cut"


def test_what_is_changed_is_what_a_diagnosis_offers() -> None:
    offered = [one.lines("rnn", "lag", "1.0") for one in OFFERS]
    for symptom in SYMPTOMS:
        own = [code for _, code in symptom.changes if code != symptom.before]
        assert own
        assert all(code in offered for code in own)
    claims = {id for one in OFFERS if one.baseline != "lstm" for id in one.claims}
    assert claims <= {id for symptom in SYMPTOMS for id in symptom.claims}


def test_the_norm_of_the_first_test_falls_with_each_step_back(capsys: pytest.CaptureFixture[str]) -> None:
    torch.manual_seed(0)
    rnn = nn.RNN(3, 32, batch_first=True)
    names = {"rnn": rnn, "x": torch.randn(16, 30, 3)}
    exec(SYMPTOMS[0].look, names)
    norms = names["x"].grad.norm(dim=-1).mean(dim=0)  # type: ignore[attr-defined]
    assert norms[0] < 1e-3 * norms[-1]
    assert capsys.readouterr().out.startswith("tensor([")


@pytest.mark.parametrize("code", ["en", "zh"])
def test_claims_that_anything_is_known_of_stand_beside_it(store: SmallStore, code: str) -> None:
    found: Findings = gather(store)
    words = language(code)
    shown = texts([b for b in Engineer(Page(found, words)).blocks() if isinstance(b, Items)], words)
    asked = {id for symptom in SYMPTOMS for id in symptom.claims}
    known = {c.claim for c in found.all_verdicts if c.claim in asked and any(part.estimated for part in c.parts)}
    assert known
    assert {id for id in asked if any(f" {id} " in text for text in shown)} == known
