"""A task from a file: what is drawn from it, what counts as trivial, and what is said of a file that is wrong."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from bench.errors import BenchError
from bench.execution.needs import packed
from bench.own_data import Description, Made, make
from bench.own_data.splitting import by_chance, by_group, by_place, by_time
from bench.records.source_hash import is_made, source_hash
from bench.registry import loaded, run_plugin
from bench.tasks.base import IGNORED
from bench.testing import check_task

RNG = np.random.default_rng(1)
DAYS = pd.date_range("2026-01-01", periods=300, freq="D")
SERIES = pd.DataFrame({"date": DAYS.astype(str), "a": np.arange(300.0), "b": RNG.normal(size=300)})


@pytest.fixture
def csv(tmp_path: Path):
    """csv(table) → its file; csv(text) alike."""

    def write(table: pd.DataFrame | str, name: str = "series.csv") -> Path:
        file = tmp_path / name
        if isinstance(table, str):
            file.write_text(table, encoding="utf-8")
        else:
            table.to_csv(file, index=False)
        return file

    return write


def task_of(made: Made):
    run_plugin(made.plugin)
    return loaded(made.plugin).FromFile


def seeded(seed: int = 1) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


# Windows


def test_a_window_is_answered_by_what_comes_later_in_its_own_part(csv):
    made = make(Description(csv(SERIES), target="a", windows=(20,), horizon=7))
    task = task_of(made)()
    assert (made.name, made.lags, task.inputs) == ("series-a-7-ahead", (20,), 2)
    train = np.arange(210.0)[:203] + 7  # what training is asked, whose mean and deviation are the units
    for split, (low, high) in {"train": (0, 209), "validation": (210, 254), "test": (255, 299)}.items():
        inputs, targets = task.sample(seeded(), 40, 20, split)
        first = inputs[:, :, 0] * np.arange(210.0)[:203].std() + np.arange(203.0).mean()
        answers = targets[:, :, 0] * train.std() + train.mean()
        assert torch.allclose(answers, first[-10:] + 7, atol=1e-3)
        assert low - 0.01 <= first.min()
        assert answers.max() <= high + 0.01


def test_trivial_levels_are_those_of_their_predictors(csv):
    season = np.tile([0.0, 1.0, 5.0, 2.0], 100)
    task = task_of(make(Description(csv(pd.DataFrame({"y": season})), target="y", windows=(8,), period=4, horizon=2)))
    train, test = season[2:280], season[342:400]
    shifted = season[340:398]
    wanted = {
        "constant": test.var() / train.var(),
        "last value": np.square(test - shifted).mean() / train.var(),
        "season": 0.0,
    }
    assert task.levels == pytest.approx(wanted, rel=1e-3)


def test_a_solution_leaves_the_share_of_the_trivial_error_that_is_asked_for(csv):
    task = task_of(make(Description(csv(SERIES), target="b", windows=(20,), solved=0.2)))
    assert task.solved_at == pytest.approx(0.2 * min(task.levels.values()), rel=1e-3)
    table = pd.DataFrame({"x": RNG.normal(size=400), "c": ["u", "v", "v", "v"] * 100})
    task = task_of(make(Description(csv(table), label="c", windows=(20,), solved=0.2)))
    assert task.levels == {"commonest class": 0.75}
    assert task.solved_at == pytest.approx(0.95)


def test_windows_span_no_gap_that_was_cut_and_no_two_series(csv):
    table = pd.DataFrame({"who": ["p"] * 200 + ["q"] * 200, "y": [*range(200), *range(1000, 1200)]})
    table.loc[[50, 160, 250], "y"] = np.nan
    task = task_of(make(Description(csv(table), target="y", group="who", windows=(9,), gaps="cut", split="time")))()
    inputs, targets = task.sample(seeded(), 400, 9)
    steps = inputs[1:, :, 0] - inputs[:-1, :, 0]
    assert torch.allclose(steps, steps[0, 0].expand_as(steps), rtol=1e-2)
    assert torch.isfinite(targets).all()


def test_held_values_are_marked_and_missing_answers_are_never_asked(csv):
    table = SERIES.copy()
    table.loc[100:104, "b"] = np.nan
    task = task_of(make(Description(csv(table), target="b", inputs=("b",), windows=(12,), gaps="hold")))()
    assert task.inputs == 2
    inputs, _ = task.sample(seeded(), 500, 12)
    value, mark = inputs.unbind(-1)
    assert set(mark.unique().tolist()) == {0.0, 1.0}
    held = mark[1:].bool()
    assert torch.equal(value[1:][held], value[:-1][held])
    assert not mark[-6 + 1 :].bool().any()  # the answer of a moment is the next value, so none of these is missing


def test_jumps_in_time_are_filled_with_marked_rows(csv):
    table = SERIES.drop(index=range(100, 105))
    held = task_of(make(Description(csv(table), target="b", windows=(12,), gaps="hold")))
    assert held().inputs == 4
    ignored = task_of(make(Description(csv(table), target="b", windows=(12,), gaps="ignore")))
    assert ignored().inputs == 2


# Sequences


def test_shorter_sequences_end_where_longer_ones_do(tmp_path):
    x, lengths = np.zeros((100, 6, 1)), RNG.integers(2, 7, size=100)
    for n, length in enumerate(lengths):
        x[n, :length, 0] = np.arange(1, length + 1)
    np.savez(tmp_path / "counts.npz", x=x, y=(lengths > 3).astype(int), lengths=lengths)
    task = task_of(make(Description(tmp_path / "counts.npz")))()
    inputs, targets = task.sample(seeded(), 50, 3)
    assert (inputs.shape, task.steps(3)) == ((9, 50, 2), 9)
    there = inputs[:6, :, 1]
    assert torch.equal((there.sum(0) > 3).long(), targets[0])
    assert (there[-1] == 1).all()
    assert not inputs[:6, :, 0][there == 0].any()
    assert not inputs[6:].any()


def test_rows_and_steps_of_a_table_are_the_same_sequences(csv):
    values, labels = RNG.normal(size=(80, 5)), np.tile(["u", "v"], 40)
    wide = pd.DataFrame(values, columns=[f"t{i}" for i in range(5)]).assign(kind=labels)
    long = pd.DataFrame({"n": np.repeat(np.arange(80), 5), "v": values.ravel(), "kind": np.repeat(labels, 5)})
    drawn = []
    for table, sequence in ((wide, None), (long, "n")):
        task = task_of(make(Description(csv(table), label="kind", sequence=sequence)))()
        drawn.append(task.sample(seeded(), 12, 0, "test"))
    for one, other in zip(*drawn, strict=True):
        assert torch.allclose(one.float(), other.float(), atol=1e-6)


def test_answers_at_every_step_come_as_late_as_the_lag_and_padding_is_not_scored(tmp_path):
    x = RNG.integers(0, 3, size=(90, 5))
    lengths = np.tile([3, 5], 45)
    np.savez(tmp_path / "echo.npz", x=x, y=x, lengths=lengths)
    cls = task_of(make(Description(tmp_path / "echo.npz")))
    task = cls()
    _, targets = task.sample(seeded(), 30, 2)
    assert (task.steps(2), task.scored_steps(2), targets.shape) == (7, 5, (5, 30))
    assert set((targets == IGNORED).sum(0).tolist()) == {0, 2}
    check_task(cls)


def test_the_contract_is_kept(csv):
    check_task(task_of(make(Description(csv(SERIES), target="b", windows=(10,)))))


# Parts


def test_parts_are_ordered_whole_or_mixed():
    assert by_time(np.arange(100)).tolist() == [0] * 70 + [1] * 15 + [2] * 15
    assert len({int(part) for part in by_time(np.repeat([1.0, 2.0], 50))[:50]}) == 1
    codes = np.repeat(np.arange(3), [5, 50, 5])
    assert sorted({(code, part) for code, part in zip(codes, by_group(codes, "abc"), strict=True)}).__len__() == 3
    assert set(by_group(codes, "abc").tolist()) == {0, 1, 2}
    assert by_place(np.repeat([0, 1], 20)).tolist() == 2 * ([0] * 14 + [1] * 3 + [2] * 3)
    classes = np.tile([0, 0, 0, 1], 100)
    assert all(classes[by_chance(classes, 400) == part].mean() == 0.25 for part in range(3))


# Hashes


def test_the_hash_follows_content_and_options_and_says_which_code_it_runs_on(csv):
    def hashed(table, **words) -> str:
        return source_hash(task_of(make(Description(csv(table), target="b", windows=(10,), **words))))

    first = hashed(SERIES)
    assert hashed(SERIES) == first
    assert len({first, hashed(SERIES.round(3)), hashed(SERIES, period=7), hashed(SERIES, horizon=2)}) == 4
    assert is_made(first)
    assert not is_made("0" * 12)
    assert not is_made(f"{'0' * 12}-{'0' * 12}")


def test_it_travels_to_another_machine_as_any_plugin_does(csv, tmp_path):
    made = make(Description(csv(SERIES), target="b", windows=(10,)))
    here = task_of(made)
    content = packed(str(made.plugin))
    assert sorted(content) == ["data.npz", "series-b.py"]
    for name, data in content.items():
        (tmp_path / "there").mkdir(exist_ok=True)
        (tmp_path / "there" / name).write_bytes(data)
    there = task_of(made._replace(plugin=tmp_path / "there" / "series-b.py"))
    assert source_hash(there) == source_hash(here)
    drawn = [task().sample(seeded(), 4, 10, "test") for task in (here, there)]
    assert all(torch.equal(a, b) for a, b in zip(*drawn, strict=True))


# Files that are wrong


ROWS = [f"{n},{n % 7},{'uv'[n % 2]}" for n in range(200)]
GOOD = "t,y,c\n" + "\n".join(ROWS)
WRONG = {
    "no column": (GOOD, {"target": "z"}, "--target z: there is no such column; there are t, y, c."),
    "text": (GOOD, {"target": "c"}, "Column 'c' holds 'u' in row 1, which is no number"),
    "infinite": (GOOD.replace("5,5,", "5,inf,", 1), {"target": "y"}, "Column 'y' is infinite in row 6."),
    "missing": (GOOD.replace("\n5,5,", "\n5,,", 1), {"target": "y"}, "'y' has 1 missing values, the first in row 6"),
    "fractions": (GOOD.replace("5,5,", "5,5.5,", 1), {"label": "y"}, "Label 'y' holds fractions, not classes"),
    "many classes": (GOOD, {"label": "t"}, "Label 't' has 200 classes in 200 rows"),
    "one class": (GOOD.replace("v", "u"), {"label": "c"}, "Label 'c' is 'u' everywhere"),
    "same time": (GOOD.replace("\n6,", "\n5,", 1), {"target": "y", "time": "t"}, "is the same in rows 6 and 7"),
    "back in time": (GOOD.replace("\n6,", "\n1,", 1), {"target": "y", "time": "t"}, "not rise from row 6 to row 7"),
    "no time": (GOOD.replace("\n6,", "\n,", 1), {"target": "y", "time": "t"}, "Time 't' is missing in row 7."),
    "no date": (GOOD.replace("\n6,", "\nMay,", 1), {"target": "y", "time": "t"}, "Time 't' holds '0' in row 1"),
    "jump": ("\n".join([*GOOD.split("\n")[:9], *GOOD.split("\n")[12:]]), {"target": "y", "time": "t"},
             "Time 't' goes from 7 in row 8 to 11 in row 9, which is not the usual step"),
    "part of a step": (GOOD.replace("\n199,", "\n200.5,"), {"target": "y", "time": "t", "gaps": "hold"},
                       "2.5 usual steps, so that no whole number of rows is missing"),
    "constant": ("y\n" + "1\n" * 200, {"target": "y"}, "'y' is 1 throughout the train part: nothing to forecast."),
    "few windows": (GOOD, {"target": "y", "windows": (25,)}, "its validation part has 5 windows of 25 moments"),
    "too short": ("y\n1\n2\n3\n", {"target": "y"}, "part of series.csv has no moment with an answer: it is too short."),
    "one group": (GOOD, {"target": "y", "group": "c"}, "There are 2 groups, and three parts to fill"),
    "late class": (GOOD + "\n200,1,w", {"label": "c", "windows": (9,)}, "Class 'w' occurs in the test part"),
    "no header": ("1.5,2.5\n3.5,4.5\n", {"target": "y"}, "series.csv begins with numbers"),
    "twice": ("a,a\n1,2\n", {"target": "a"}, "series.csv has two columns 'a'"),
    "nothing": ("", {"target": "a"}, "series.csv has no first line"),
    "no rows": ("a,b\n", {"target": "a"}, "series.csv has no rows."),
    "ragged": ("a,b\n1,2\n1,2,3\n", {"target": "a"}, "series.csv cannot be read as CSV: Expected 2 fields in line 3"),
    "no window": (GOOD, {"target": "y", "windows": ()}, "Say how long a window is: --window N"),
    "no question": (GOOD, {}, "Say what is asked of series.csv: --target COLUMN"),
    "both": (GOOD, {"target": "y", "label": "c"}, "not both"),
    "rows": (GOOD, {"target": "y", "split": "rows"}, "--split rows would leak"),
    "share": (GOOD, {"target": "y", "solved": 2.0}, "--solved 2 must lie between 0 and 1"),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_with_a_table_is_said_in_a_sentence(csv, case):
    text, words, sentence = WRONG[case]
    words = {"inputs": ("y",) if "y" in text.split("\n")[0] and words.get("label") != "y" else (), **words}
    if words.get("target"):
        words = {"windows": (10,), **words}
    with pytest.raises(BenchError) as said:
        run_and_ask_lag(Description(csv(text), **words))
    assert sentence in str(said.value)
    assert str(said.value).count(". ") == 0
    assert str(said.value).endswith(".")


def run_and_ask_lag(said: Description) -> None:
    made = make(said)
    task = task_of(made)()
    for lag in made.lags:
        task.check_lag(lag)


ARRAYS = {
    "no y": ({"x": np.zeros((9, 3))}, "counts.npz has no array y: it holds x"),
    "objects": ({"x": np.array([None, 1])}, "counts.npz holds Python objects"),
    "sizes": ({"x": np.zeros((9, 3)), "y": np.zeros(8)}, "y of counts.npz is (8,)"),
    "text": ({"x": np.array([["a"]]), "y": np.zeros(1)}, "x of counts.npz is <U1 (1, 1)"),
    "lengths": ({"x": np.zeros((9, 3)), "y": np.arange(9) % 2, "lengths": np.full(9, 4)}, "lengths of counts.npz run"),
    "few": ({"x": np.zeros((30, 3)), "y": np.arange(30) % 2}, "has 4 sequences, and at least 10 are needed"),
    "gaps": (
        {"x": np.full((90, 3), np.nan), "y": np.arange(90) % 2},
        "270 values are missing, the first in",
    ),
    "same": ({"x": np.zeros((90, 3)), "y": np.ones(90)}, "is the same for all sequences of a part"),
}


@pytest.mark.parametrize("case", ARRAYS)
def test_what_is_wrong_with_arrays_is_said_in_a_sentence(tmp_path, case):
    arrays, sentence = ARRAYS[case]
    np.savez(tmp_path / "counts.npz", **arrays)
    with pytest.raises(BenchError) as said:
        make(Description(tmp_path / "counts.npz"))
    assert sentence in str(said.value)


def test_a_file_that_is_none_of_its_kind_is_refused(tmp_path):
    for name, words in {"a.npz": {}, "a.parquet": {"target": "a", "windows": (5,)}}.items():
        (tmp_path / name).write_bytes(b"nothing of the kind")
        with pytest.raises(BenchError, match=f"{name} cannot be read as"):
            make(Description(tmp_path / name, **words))
    with pytest.raises(BenchError, match=r"a\.txt is of no kind that --data reads"):
        make(Description(tmp_path / "a.txt"))
    with pytest.raises(BenchError, match="does not exist"):
        make(Description(tmp_path / "b.npz"))
