"""A diagnosis as pages, files and records."""

import json
import math
from pathlib import Path

import mlflow
import pytest
import torch
from made_up.sequence_models import Linear, Reader, noise
from torch import nn

import bench
from bench.cli import main
from bench.diagnosis import document
from bench.diagnosis.evidence import Evidence, measured
from bench.diagnosis.findings import Diagnosis
from bench.evidence.claims import source_claims
from bench.languages import language
from bench.languages.check import complaints, marked
from bench.tracking import Store
from bench.tracking.diagnoses import write_diagnosis

FOLDER = Path(document.__file__).parent


def vanishing(kind: type[nn.RNNBase] = nn.RNN) -> Diagnosis:
    torch.manual_seed(0)
    batch = noise(steps=40, inputs=2, targets=1)
    return bench.diagnose(Reader(kind), (batch.x, batch.y))


def test_pages_and_files_in_each_language(tmp_path: Path) -> None:
    found = vanishing()
    files = document.write(found, "Reader", tmp_path)
    pages = [f"diagnosis.{code}.{ending}" for code in ("en", "zh") for ending in ("html", "pdf")]
    assert {file.name for file in files} == {*pages, "diagnosis.json", "profile.csv"}
    english, chinese = ((tmp_path / f"diagnosis.{code}.html").read_text() for code in ("en", "zh"))
    assert found.says in english
    assert "梯度消失" in chinese
    assert "nn.init.orthogonal_(model.rnn.weight_hh_l0)" in chinese
    record = json.loads((tmp_path / "diagnosis.json").read_text())
    assert record["verdict"] == "vanishes"
    assert [set(remedy) for remedy in record["remedies"]] == [{"technique", "says", "evidence", "code"}] * 2
    assert (tmp_path / "profile.csv").read_text().startswith("steps_back,norm\n0,")


def test_chinese_lacks_nothing_of_a_diagnosis() -> None:
    texts = marked(FOLDER.rglob("*.py"))
    assert len(texts) > 80
    assert not [line for line in complaints(language("zh"), texts) if "never used" not in line]


def test_evidence_is_told_or_said_to_be_missing() -> None:
    told = [remedy.evidence for remedy in vanishing().remedies]
    assert "gru solves temporal-order at lag 40 in 24 of 24 runs (95 % interval 86% to 100%), tanh in 0" in told[0]
    assert Evidence().of("unheard-of", "tanh", ()).text.startswith("none")
    assert set(measured().claims) <= {claim.id for claim in source_claims()}


def test_an_lstm_gets_a_start_of_its_own() -> None:
    found = {remedy.technique: remedy for remedy in vanishing(nn.LSTM).remedies}
    model = Reader(nn.LSTM)
    exec(found["lstm-chrono"].code, {"model": model, "torch": torch})
    forget = model.rnn.bias_ih_l0[8:16] + model.rnn.bias_hh_l0[8:16]
    assert forget.min() >= 0
    assert forget.max() <= math.log(40)


def test_a_diagnosis_shows_itself_in_a_notebook() -> None:
    found = vanishing()
    assert found.to_frame().columns.tolist() == ["steps_back", "norm"]
    assert "<b>vanishes</b>" in found._repr_html_()


def test_a_record_in_the_store_is_no_result(store: Store, tmp_path: Path) -> None:
    file = tmp_path / "diagnosis.json"
    file.write_text("{}")
    with store.lock():
        run = write_diagnosis(store, "Reader", vanishing().to_dict(), [file])
    found = store.client.get_run(run)
    assert {"flow/decay", "flow/half_life", "flow/reach"} <= set(found.data.metrics)
    assert found.data.params == {"verdict": "vanishes"}
    assert store.client.get_experiment(found.info.experiment_id).name == "bptt-bench/diagnoses"
    assert Store.open(store.uri).members().empty
    with store.lock():
        assert store.repair() == 0


def test_the_users_active_run_gets_the_numbers(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", store.uri)  # MLflow sets it, too; so it is removed afterwards
    before = mlflow.get_tracking_uri()
    mlflow.set_tracking_uri(store.uri)
    try:
        with mlflow.start_run(experiment_id=store.client.create_experiment("mine")) as run:
            bench.diagnose(Linear(0.5), (noise().x, noise().y))
    finally:
        mlflow.set_tracking_uri(before)
    metrics = store.client.get_run(run.info.run_id).data.metrics
    assert metrics["flow/decay"] == pytest.approx(math.log(0.5))


def test_the_command_writes_and_records(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], store: Store
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("m.py").write_text(
        "import torch\nfrom torch import nn\nclass M(nn.Module):\n    def __init__(self):\n        super().__init__()\n"
        "        self.rnn = nn.GRU(1, 4)\n    def forward(self, x):\n        return self.rnn(x)[0][:, -1, :1]\n"
        "def data():\n    return torch.randn(8, 5, 1), torch.randn(8, 1)\n"
    )
    line = f"diagnose m.py:M --data m.py:data --output out --language en --seeds 1 --store {store.uri}"
    assert main(line.split()) == 1
    assert sorted(file.name for file in Path("out").iterdir()) == [
        "diagnosis.en.html", "diagnosis.en.pdf", "diagnosis.json", "profile.csv",
    ]  # fmt: skip
    experiment = store.client.get_experiment_by_name("bptt-bench/diagnoses")
    (run,) = store.client.search_runs([experiment.experiment_id])
    assert [file.path for file in store.client.list_artifacts(run.info.run_id)] == sorted(
        file.name for file in Path("out").iterdir()
    )
