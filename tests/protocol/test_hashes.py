"""What names a result: protocol, setting and code."""

import sys

import pytest
from factory import PROTOCOL, setting

from bench.protocol.provenance import provenance
from bench.protocol.result import MEMBER_COLUMNS
from bench.protocol.settings import Cohort, Member
from bench.protocol.source_hash import source_hash
from bench.registry import load_plugin
from bench.tasks import tasks
from bench.techniques import techniques
from bench.techniques.base import Technique

OTHER = {
    "hidden_size": 33, "batch_size": 33, "updates": 401, "evaluate_every": 101, "held_out_size": 257,
    "learning_rates": (0.5,), "tuning_seeds": 3, "optimizer": "sgd", "clip_norm": 1.0, "initialisation": "orthogonal",
    "recurrent_gain": 2.0,
}  # fmt: skip


@pytest.mark.parametrize("field", OTHER)
def test_every_field_of_the_protocol_counts(field):
    changed = PROTOCOL.model_copy(update={field: OTHER[field]})
    assert changed.hash != PROTOCOL.hash
    assert setting(protocol=changed).hash != setting().hash
    assert set(OTHER) == set(type(PROTOCOL).model_fields)


def test_equal_settings_have_equal_hashes_and_cohorts_name_their_members():
    assert setting().hash == setting().hash
    assert setting(technique="lstm").hash != setting().hash
    members = (Member(seed=1, learning_rate=0.1), Member(seed=2, learning_rate=0.1))
    whole = Cohort(setting=setting(), role="measured", members=members)
    assert whole.key != whole.model_copy(update={"members": members[:1]}).key
    assert whole.key != whole.model_copy(update={"role": "tuning"}).key


SOURCE = '''"""Plugin."""
from bench.techniques.tanh import Tanh


class Mine(Tanh):
    """Mine."""

    name = "{name}"
    scale = {scale}  # {comment}
'''


@pytest.fixture
def hashed(tmp_path, monkeypatch):
    """The source hash of a plugin written to a file."""

    def write(name, **words):
        file = tmp_path / "mine.py"
        file.write_text(SOURCE.format(name=name, **{"scale": 1, "comment": "so"} | words))
        monkeypatch.setattr(techniques, "_found", None)
        load_plugin(file, [techniques])
        return source_hash(techniques.get(name))

    return write


def test_code_counts_and_comments_do_not(hashed):
    first = hashed("mine")
    assert hashed("mine", comment="otherwise") == first
    assert hashed("mine", scale=2) != first


def test_c_code_counts_and_comments_do_not(tmp_path, monkeypatch):
    from bench.engine.native import library as native

    def hashed_with(text):
        file = tmp_path / "cell.c"
        file.write_text(text)
        monkeypatch.setattr(sys.modules[native.__module__], "SOURCES", (file,))
        sys.modules[source_hash.__module__]._essence.cache_clear()
        return source_hash(techniques.get("tanh"))

    first = hashed_with("int f() { return 1; }")
    assert hashed_with("/* what\n it does */ int f() {\n  return 1; }") == first
    assert hashed_with("int f() { return 2; }") != first
    monkeypatch.undo()
    sys.modules[source_hash.__module__]._essence.cache_clear()


def test_techniques_depend_on_the_engine_that_they_use():
    assert len({source_hash(cls) for cls in techniques.all().values()}) == len(techniques.names())
    assert len({source_hash(cls) for cls in tasks.all().values()}) == len(tasks.names())
    assert source_hash(techniques.get("lstm")) == source_hash(techniques.get("lstm"))
    assert issubclass(techniques.get("lstm"), Technique)


def test_provenance_fills_its_columns():
    known = provenance()
    assert set(known) <= set(MEMBER_COLUMNS)
    assert set(MEMBER_COLUMNS) - set(known) >= {"accelerator", "threads", "started"}
    assert all(str(value) for value in known.values())
