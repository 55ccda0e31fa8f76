"""Presets are read as plain data."""

from pathlib import Path

import pytest
import yaml

import bench
from bench import plain_yaml
from bench.errors import BenchError
from bench.protocol.preset import load_preset, preset_names


def test_it_reads_what_yaml_means():
    text = "{a: [1, -2, 0x10, 1.5, .inf, true, null, text, 'yes', 2020-02-03], b: {c: 字}}"
    assert plain_yaml.load(text) == {
        "a": [1, -2, 16, 1.5, float("inf"), True, None, "text", "yes", "2020-02-03"],
        "b": {"c": "字"},
    }
    assert plain_yaml.load("") is None


BOMB = "a: &a [x, x]\n" + "".join(f"{b}: &{b} [*{a}, *{a}]\n" for a, b in zip("abcdefghi", "bcdefghij", strict=True))
REFUSED = {
    BOMB: r"line 1: anchors and aliases are not supported: write out the value",
    "a: 1\nb: *a": "line 2: anchors and aliases",
    "!!python/object/apply:os.mkdir [ran]": "the tag 'tag:yaml.org,2002:python/object/apply:os.mkdir' is not supported",
    "a: !!binary aGk=": "the tag 'tag:yaml.org,2002:binary' is not supported",
    "a: !own 1": "the tag '!own' is not supported",
    "a: 1\nb: {c: 1, c: 2}": "line 2: the key 'c' appears twice",
    "a: 1\na: 2": "line 2: the key 'a' appears twice",
    f"a: {'[' * 30}": "nested deeper than 20",
    "[" * 100_000: "nested deeper than 20",
    f"a: {'9' * 5000}": "a whole number exceeds 64 bits",
    f"a: 0x{'f' * 17}": "a whole number exceeds 64 bits",
}


@pytest.mark.parametrize("text", REFUSED, ids=REFUSED.values())
def test_what_is_more_than_data_is_refused(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    Path("mine.yaml").write_text(text[:90_000])
    with pytest.raises(BenchError, match=REFUSED[text]):
        load_preset("mine.yaml")
    assert [file.name for file in tmp_path.iterdir()] == ["mine.yaml"], "nothing ran"


def test_a_merge_key_is_a_key_like_others():
    assert plain_yaml.load("{<<: {a: 1}}") == {"<<": {"a": 1}}


def test_two_documents_are_not_one():
    with pytest.raises(yaml.YAMLError):
        plain_yaml.load("a: 1\n---\nb: 2")


def test_our_own_presets_read_as_any_yaml_reader_has_them():
    folder = Path(plain_yaml.__file__).parent / "protocol" / "presets"
    assert preset_names()
    for name in preset_names():
        text = (folder / f"{name}.yaml").read_text(encoding="utf-8")
        assert plain_yaml.load(text) == yaml.safe_load(text)


def test_files_that_are_no_presets(tmp_path: Path):
    large = tmp_path / "large.yaml"
    large.write_text("#" * 200_000)
    with pytest.raises(BenchError, match="more than 100000 bytes"):
        load_preset(str(large))
    for name in ("x" * 5000 + ".yaml", "a\0b.yaml"):
        with pytest.raises(BenchError, match=r"cannot be read|does not exist"):
            load_preset(str(tmp_path / name))


@pytest.mark.parametrize(
    "file", sorted(Path(bench.__file__).parent.glob("evidence/*.yaml")), ids=lambda file: file.name
)
def test_the_program_s_own_files_read_alike_with_and_without_libyaml(file):
    text = file.read_text(encoding="utf-8")
    assert plain_yaml.load_own(text) == yaml.safe_load(text)
