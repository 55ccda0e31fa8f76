"""What names a result: protocol, setting and code."""

import shutil
from typing import Annotated, get_args, get_type_hints

import pytest
from pydantic import TypeAdapter, ValidationError

from bench.records import source_hash as source_hash_module
from bench.records.own_classes import PACKAGE, own_classes, own_word
from bench.records.provenance import provenance
from bench.records.result import MEMBERS
from bench.records.settings import Cohort, Member, Protocol, Setting
from bench.records.source_hash import _part_of, _tree, own_hash, own_parts, source_hash
from bench.registry import load_plugin
from bench.tasks import tasks
from bench.techniques import techniques
from bench.techniques.base import Technique
from bench.testing.made_up import RULES, setting

GUESSES = (0.5, 1.0, 2.0, (0.5,), 3, True, False)


def another(name: str) -> object:
    """A value of a field of the protocol that is not the one in RULES."""
    hint = get_type_hints(Protocol)[name]
    field: TypeAdapter = TypeAdapter(Annotated[hint, Protocol.model_fields[name]])
    for guess in (*get_args(hint), *GUESSES):
        try:
            found = field.validate_python(guess, strict=not isinstance(guess, tuple))
        except ValidationError:
            continue
        if found != getattr(RULES, name):
            return found
    raise AssertionError(f"no other value of {name} is known")


@pytest.mark.parametrize("field", Protocol.model_fields)
def test_every_field_of_the_protocol_counts(field):
    changed = RULES.model_copy(update={field: another(field)})
    assert changed.hash != RULES.hash
    assert setting("tanh", 50, rules=changed).hash != setting("tanh", 50).hash


class LaterProtocol(Protocol):
    """The protocol with a field that was added later."""

    added_later: float = 0.0


class LaterSetting(Setting):
    """A setting with one, too."""

    note: tuple[str, ...] = ()


def test_a_field_that_is_added_later_leaves_old_hashes_alone_at_its_default():
    words = RULES.model_dump()
    same, other = (LaterProtocol(**words, added_later=decay) for decay in (0.0, 0.1))
    assert same.hash == RULES.hash
    assert other.hash != RULES.hash
    known = setting("tanh", 50)
    for protocol, note, equal in ((same, (), True), (other, (), False), (same, ("new",), False)):
        later = LaterSetting.model_construct(**dict(known) | {"protocol": protocol, "note": note})
        assert (later.hash == known.hash) == equal


def test_what_was_there_first_counts_at_its_default_too():
    """Hashes of results in stores do not depend on which of these fields have which default."""
    assert set(RULES.counted()) == Protocol.first_fields
    assert set(setting("tanh", 50).counted()) == set(Setting.model_fields)
    assert setting("tanh", 50).counted()["protocol"] == RULES.counted()


def test_equal_settings_have_equal_hashes_and_cohorts_name_their_members():
    assert setting("tanh", 50).hash == setting("tanh", 50).hash
    assert setting("lstm", 50).hash != setting("tanh", 50).hash
    members = (Member(seed=1, learning_rate=0.1), Member(seed=2, learning_rate=0.1))
    whole = Cohort(setting=setting("tanh", 50), role="measured", members=members)
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


PARTS = {"tanh": "bench.techniques.tanh", "lstm": "bench.techniques.lstm", "gru": "bench.techniques.gru"}


@pytest.fixture
def package(tmp_path):
    """A copy of the package's rooms that count, to be changed."""
    for room in ("engine", "techniques", "tasks"):
        shutil.copytree(PACKAGE / room, tmp_path / room)
    return tmp_path


def parts_in(package):
    """What counts of each of some techniques in a copy of the package."""
    _part_of.cache_clear()
    return {name: own_parts({module}, package) for name, module in PARTS.items()}


def differing(before, after):
    return {name for name in PARTS if before[name] != after[name]}


def edit(file, old, new):
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))


def test_a_technique_depends_on_no_cell_but_its_own(package):
    parts = parts_in(package)
    assert {"engine/elman.py", "engine/native/elman.c"} <= set(parts["tanh"])
    for name, own in (("lstm", "lstm"), ("gru", "gru")):
        cells = {part for part in parts[name] if part.rpartition("/")[2].partition(".")[0] in ("elman", *PARTS)}
        assert {f"engine/{own}.py", f"engine/native/{own}.c"} <= cells
        assert not any("elman" in part or "tanh" in part for part in parts[name])


def test_the_kernel_of_a_cell_counts_for_the_techniques_that_use_it_alone(package):
    before = parts_in(package)
    edit(package / "engine" / "native" / "lstm.c", "return failed;", "return !!failed;")
    assert differing(before, parts_in(package)) == {"lstm"}
    assert {name for name, parts in before.items() if "engine/native/lstm.c" in parts} == {"lstm"}
    assert {name for name, parts in before.items() if "engine/native/update.c" in parts} == set(PARTS)


def test_a_header_counts_for_all_whose_kernels_include_it(package):
    before = parts_in(package)
    edit(package / "engine" / "native" / "vector.h", "#endif", "enum { MORE }; #endif")
    assert differing(before, parts_in(package)) == set(PARTS)


def test_layout_and_comments_of_c_do_not_count(package):
    before = parts_in(package)
    edit(package / "engine" / "native" / "lstm.c", "return failed;", "/* what\n it does */\n    return   failed;")
    assert not differing(before, parts_in(package))


def test_a_further_kernel_and_a_further_cell_leave_all_hashes_alone(package):
    before = parts_in(package)
    (package / "engine" / "native" / "brand_new.c").write_text("int brand_new_forward() { return 0; }")
    (package / "engine" / "brand_new.py").write_text('CELL = NativeCell("brand_new", ())')
    (package / "techniques" / "brand_new.py").write_text("from bench.engine.brand_new import CELL")
    assert not differing(before, parts_in(package))


def test_what_a_module_imports_within_a_function_counts(package):
    before = parts_in(package)
    (package / "engine" / "more.py").write_text("FACTOR = 2")
    edit(package / "techniques" / "gru.py", "return gru.GRU", "from bench.engine import more\n\n        return gru.GRU")
    assert set(parts_in(package)["gru"]) - set(before["gru"]) == {"engine/more.py"}


def test_a_hash_found_without_importing_is_the_one_of_the_class():
    for registry, room in ((techniques, "techniques"), (tasks, "tasks")):
        for name, cls in registry.all().items():
            assert own_classes(room)[name].module == cls.__module__
            assert own_hash(cls.__module__) == source_hash(cls)


def test_a_file_is_parsed_once_however_often_it_is_hashed(monkeypatch):
    """A preset hashes a technique for each of its settings."""
    first = own_hash("bench.tasks.text")

    def parse(*_):
        raise AssertionError("parsed again")

    monkeypatch.setattr(source_hash_module.ast, "parse", parse)
    assert own_hash("bench.tasks.text") == first


def test_an_installed_module_that_is_data_counts(tmp_path, monkeypatch):
    """The text task reads CPython's help: its hash is that of the text, too."""
    before = own_hash("bench.tasks.text")
    (tmp_path / "topics.py").write_text("topics = {}")
    spec = type("Spec", (), {"origin": str(tmp_path / "topics.py")})
    monkeypatch.setattr(source_hash_module, "find_spec", lambda name: spec)
    assert own_hash("bench.tasks.text") != before
    monkeypatch.setattr(source_hash_module, "find_spec", lambda name: None)
    assert own_hash("bench.tasks.text") != before


def test_words_for_readers_do_not_count_and_all_else_does():
    plain = b"class A(B):\n    name = 'a'\n    size = 2"
    worded = b"class A(B):\n    name = 'a'\n    about = 'What ' 'it asks.'\n    short: str = 'a'\n    size = 2"
    assert _tree(plain) == _tree(worded) == _tree(worded.replace(b"asks", b"wants"))
    for other in (worded.replace(b"size = 2", b"size = 3"), worded.replace(b"'a'\n    about", b"'b'\n    about")):
        assert _tree(other) != _tree(plain)
    assert _tree(b"about = 'x'") != _tree(b"about = 'y'"), "outside of a class it may be anything"
    assert _tree(b"class A:\n    about = f()") != _tree(b"class A:\n    about = g()"), "no text that is written out"


def test_words_are_found_without_importing():
    for registry, room in ((techniques, "techniques"), (tasks, "tasks")):
        for name, cls in registry.all().items():
            for word in ("title", "called", "short", "about", "lag_means"):
                assert own_word(room, name, word) == getattr(cls, word, "")
    assert own_word("tasks", "nobody's", "title") == ""


def test_a_tree_is_written_alike_by_all_versions_of_python():
    assert _tree(b"def f(x, *, y=1.5): return g(x)[1:]") == (
        "Module(body=[FunctionDef(name='f',args=arguments(args=[arg(arg='x')],kwonlyargs=[arg(arg='y')],"
        "kw_defaults=[Constant(value=1.5)]),body=[Return(value=Subscript(value=Call(func=Name(id='g',ctx=Load()),"
        "args=[Name(id='x',ctx=Load())]),slice=Slice(lower=Constant(value=1)),ctx=Load()))])])"
    )


def test_techniques_depend_on_the_engine_that_they_use():
    assert len({source_hash(cls) for cls in techniques.all().values()}) == len(techniques.names())
    assert len({source_hash(cls) for cls in tasks.all().values()}) == len(tasks.names())
    assert source_hash(techniques.get("lstm")) == source_hash(techniques.get("lstm"))
    assert issubclass(techniques.get("lstm"), Technique)


def test_provenance_fills_its_columns():
    known = provenance()
    assert set(known) <= set(MEMBERS.types)
    assert set(MEMBERS.types) - set(known) >= {"accelerator", "threads", "started"}
    assert all(str(value) for value in known.values())
