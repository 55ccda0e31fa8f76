"""Whatever a preset file holds: a plan of bounded size, or one sentence; and nothing of it runs."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import yaml
from hypothesis import event, example, given
from hypothesis import strategies as st
from profiles import TEXTS, VALUES, examples, no_hang

from bench.errors import BenchError
from bench.protocol.preset import MOST_MEMBERS, load_preset, resolve_arms

GOOD: dict[str, Any] = {
    "title": {"en": "Mine", "zh": "我的"},
    "description": {"en": "Mine.", "zh": "我的。"},
    "techniques": ["tanh", "tbptt:window=3"],
    "tasks": {"copy": {"lags": [3, 5]}, "adding": {"lags": [4], "protocol": {"updates": 3}}},
    "measured_seeds": 1,
    "protocol": {
        "hidden_size": 4, "batch_size": 2, "updates": 2, "evaluate_every": 1, "held_out_size": 4,
        "learning_rates": [0.01, 0.02], "tuning_seeds": 1, "optimizer": "sgd", "clip_norm": 1.0,
    },
    "arms": {"start": {"title": {"en": "S", "zh": "S"}, "tasks": {"copy": {}}, "protocol": {"updates": 0}}},
}  # fmt: skip
_TOKENS = (
    *("&a ", "*a", "<<: "),
    *("!!python/object/apply:os.mkdir [ran]", "!!python/name:os.system ", "!!binary ", "!!timestamp x"),
    *("!!int x", "!x ", "? ", "- ", "[", "{", "]", "}"),
    *("|\n", ">\n", "'", '"', "#", "%YAML 9.9\n", "---\n", "...\n", "\t"),
    *("\0", "\ufeff", "\n", ": ", "2020-13-45"),
    *("1:2:3", "0x" + "f" * 300, "9" * 5000, "1e999", ".inf", ".nan", "[" * 3000),
)  # fmt: skip
TOKENS = st.sampled_from(_TOKENS)


def read(text: str) -> None:
    """Load a preset file of this text and resolve all its arms."""
    Path("mine.yaml").write_bytes(text.encode("utf-8", errors="surrogatepass"))
    try:
        with no_hang():
            studies = resolve_arms(load_preset("mine.yaml"))
    except BenchError:
        event("refused")
        return
    event("taken")
    assert studies
    assert all(study.members <= MOST_MEMBERS for study in studies)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The path of everything within nested lists and mappings."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path] * bool(path) + [place for key, item in inner for place in places(item, (*path, key))]


@given(st.lists(st.tuples(st.sampled_from(places(GOOD)), VALUES), min_size=1, max_size=3))
@examples(150)
def test_values(elsewhere: Path, changes: list[tuple[tuple[Any, ...], Any]]) -> None:
    """A good preset in which values are exchanged for any others."""
    preset = copy.deepcopy(GOOD)
    for path, value in changes:
        holder: Any = preset
        for key in path[:-1]:
            holder = holder[key] if isinstance(holder, dict) and key in holder else {}
        if isinstance(holder, dict):
            holder[path[-1]] = value
    read(yaml.safe_dump(preset, allow_unicode=True))


@given(st.lists(st.tuples(st.integers(0, 400), TOKENS), min_size=1, max_size=4))
@example([(0, "a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n")])
@example([(0, "!!python/object/apply:os.mkdir [ran]\n")])
@example([(0, "techniques: " + "[" * 20000 + "\n")])
@examples(150)
def test_tokens(elsewhere: Path, insertions: list[tuple[int, str]]) -> None:
    """A good preset into whose text signs are put that mean something to YAML."""
    text = yaml.safe_dump(GOOD, allow_unicode=True)
    for place, token in insertions:
        text = text[:place] + token + text[place:]
    read(text)
    assert [file.name for file in elsewhere.iterdir()] == ["mine.yaml"], "nothing ran"


@given(st.one_of(TEXTS, st.text(alphabet="&*!<[]{}:,-?|>'\"#%@`\n\t 0ax~.", max_size=60)))
@examples(150)
def test_texts(elsewhere: Path, text: str) -> None:
    read(text)
