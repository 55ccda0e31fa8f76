"""Whatever became of a store: what was written, or one sentence; never a traceback or a hang."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import event, given
from hypothesis import strategies as st
from made_up.cohorts import cohort, costs, result, study
from profiles import FLOATS, TEXTS, VALUES, WEIRD_NUMBERS, examples, no_hang

from bench.errors import BenchError
from bench.evidence import scope
from bench.records.result import COSTS
from bench.records.study import Study
from bench.report.findings import gather
from bench.tracking import Store, layout, reading

TABLES = ("members", "curves", "gradients", "probes", "costs", "studies")
FILES = ("members.parquet", "curves.parquet", "gradients.parquet", "probes.parquet", "costs.parquet", "study.json")


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, empty_database: Path) -> Path:
    """A small real store with everything in it, closed."""
    folder = tmp_path_factory.mktemp("whole")
    shutil.copyfile(empty_database, folder / "mlflow.db")
    store = Store.open(str(folder))
    for what in (cohort("tanh"), cohort("lstm"), cohort("lstm", role="tuning")):
        store.write_cohort(result(what))
    store.write_costs(pd.concat([costs("tanh"), costs("lstm")]))
    store.write_studies([study()])
    store.client._tracking_client.store._dispose_engine()
    with closing(sqlite3.connect(folder / "mlflow.db")) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")
    return folder


@pytest.fixture(scope="module")
def written(whole: Path) -> dict[str, Any]:
    """What reading the whole store gives."""
    return read(shutil.copytree(whole, whole.with_name("read")))


@pytest.fixture(autouse=True)
def _of_today(monkeypatch: pytest.MonkeyPatch) -> None:
    """Made-up results have made-up hashes of their code."""
    monkeypatch.setattr(scope, "why_stale", lambda *_: "")


def read(folder: Path) -> dict[str, Any]:
    """Every table of a store."""
    store = Store.open(str(folder), create=False)
    try:
        return {name: getattr(store, name)() for name in TABLES}
    finally:
        store.client._tracking_client.store._dispose_engine()


def rows(table: pd.DataFrame) -> set[str]:
    """The rows of a table as texts."""
    return set(table.to_csv(index=False, header=False).splitlines())


def same(one: Any, other: Any) -> bool:
    return one.equals(other) if isinstance(one, pd.DataFrame) else one == other


def attempt(whole: Path, damage: Callable[[Path], None]) -> dict[str, Any] | None:
    """Damage a copy of the store and read it; None where a sentence said that it cannot be."""
    folder = whole.with_name("copy")
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(whole, folder)
    damage(folder)
    try:
        with no_hang():
            found = read(folder)
    except BenchError as error:
        event(str(error).partition(":")[0][:12])
        return None
    event("read")
    return found


class Tables:
    """Tables as a store hands them out."""

    def __init__(self, found: dict[str, Any]) -> None:
        for name, table in found.items():
            setattr(self, name, lambda table=table: table)

    def snapshots(self) -> list[Any]:
        return []


def artifacts(folder: Path) -> list[Path]:
    """The files that are read, in an order that does not depend on ids."""
    return sorted(
        (f for f in (folder / "artifacts").rglob("*") if f.name in FILES), key=lambda f: (f.name, f.stat().st_size)
    )


DAMAGES = st.tuples(
    st.sampled_from(["flip", "cut", "zero", "append", "gone", "folder"]), st.floats(0, 1), st.integers(1, 255)
)


def spoil(file: Path, damage: tuple[str, float, int]) -> None:
    """Change a file as disks and people do: a byte, its end, a block, or all of it."""
    kind, where, by = damage
    content = bytearray(file.read_bytes())
    place = min(int(where * len(content)), len(content) - 1)
    if kind == "flip":
        content[place] ^= by
    elif kind == "cut":
        del content[place:]
    elif kind == "zero":
        content[place : place + 8 * by] = bytes(len(content[place : place + 8 * by]))
    elif kind == "append":
        content += bytes([by]) * by
    file.unlink()
    if kind == "folder":
        file.mkdir()
    elif kind != "gone":
        file.write_bytes(content)


@given(st.floats(0, 1, exclude_max=True), DAMAGES)
@examples(8, shrink=False)
def test_damaged_files(whole: Path, written: dict[str, Any], which: float, damage: tuple[str, float, int]) -> None:
    """Nothing but what was written is ever read."""

    def one(folder: Path) -> None:
        files = artifacts(folder)
        spoil(files[int(which * len(files))], damage)

    found = attempt(whole, one)
    assert found is None or all(same(found[name], written[name]) for name in TABLES)


@given(DAMAGES)
@examples(8, shrink=False)
def test_a_damaged_database(whole: Path, written: dict[str, Any], damage: tuple[str, float, int]) -> None:
    """SQLite has no checksums, so a record may get lost; what is read is what was written."""
    found = attempt(whole, lambda folder: spoil(folder / "mlflow.db", damage))
    for name in TABLES[:-1] if found else ():
        assert rows(found[name]) <= rows(written[name])
        event("rows lost" if len(found[name]) < len(written[name]) else "no row lost")


CELLS = st.one_of(
    st.none(),
    WEIRD_NUMBERS.filter(lambda n: abs(n) < 2**63),
    FLOATS,
    TEXTS.map(lambda t: t.encode("utf-8", "replace").decode()),
    st.binary(max_size=8),
)
PLACES = (
    *(("runs", c) for c in ("run_uuid", "name", "status", "start_time", "end_time", "lifecycle_stage")),
    *(("runs", c) for c in ("artifact_uri", "experiment_id")),
    *(("experiments", c) for c in ("name", "artifact_location", "lifecycle_stage", "experiment_id", "creation_time")),
    *((table, c) for table in ("tags", "params") for c in ("key", "value", "run_uuid")),
    *(("latest_metrics", c) for c in ("key", "value", "timestamp", "step", "is_nan")),
    ("alembic_version", "version_num"),
)  # fmt: skip


@given(st.sampled_from(PLACES), CELLS, st.floats(0, 1, exclude_max=True), st.booleans())
@examples(12, shrink=False)
def test_tampered_rows(
    whole: Path, written: dict[str, Any], place: tuple[str, str], value: Any, which: float, everywhere: bool
) -> None:
    """A cell of the database, or a whole column, holds anything; files are never looked for elsewhere."""
    table, column = place

    def one(folder: Path) -> None:
        with closing(sqlite3.connect(folder / "mlflow.db")) as connection:
            connection.execute("PRAGMA ignore_check_constraints = ON")
            rows = [row for (row,) in connection.execute(f"SELECT rowid FROM {table} ORDER BY rowid")]
            one = "" if everywhere else f" WHERE rowid = {rows[int(which * len(rows))]}"
            connection.execute(f"UPDATE OR REPLACE {table} SET {column} = ?{one}", (value,))
            connection.commit()

    try:
        found = attempt(whole, one)
    except sqlite3.IntegrityError:
        return
    for name in TABLES[:-1] if found else ():
        assert rows(found[name]) <= rows(written[name])
        event("rows lost" if len(found[name]) < len(written[name]) else "no row lost")


TYPES: tuple[Callable[[Any], Any], ...] = (str, lambda _: [1], lambda _: None, lambda _: b"\xff", lambda _: 1.5, bool)


@given(st.sampled_from(FILES[:-1]), st.sampled_from(["drop", "type", "twice", "none", "word"]), st.data())
@examples(40, shrink=False)
def test_forged_columns(written: dict[str, Any], tmp_path: Path, name: str, change: str, data: st.DataObject) -> None:
    """Columns that are missing, of other types or with words that do not exist; rows there twice or not at all."""
    kind, file = name.partition(".")[0], tmp_path / name
    table = written[kind]
    expected = {"members": layout.STORED_MEMBERS, "costs": COSTS, **layout.STORED_OF_MEMBERS}[kind]
    column = data.draw(st.sampled_from(list(table)))
    if change == "drop":
        table = table.drop(columns=column)
    elif change == "type":
        table = table.assign(**{column: table[column].astype(object).map(data.draw(st.sampled_from(TYPES)))})
    elif change == "word":
        column = data.draw(
            st.sampled_from([c for c in ("role", "outcome", "moment", "dials", "round_ratios") if c in table])
        )
        table = table.assign(**{column: printed(data.draw(TEXTS))})
    else:
        table = pd.concat([table, table]) if change == "twice" else table[:0]
    table.to_parquet(file, index=False)
    try:
        found = reading.table(file, expected).to_pandas()
    except reading.UNREADABLE:
        event("refused")
        return
    event("read")
    assert len(found) == len(table)
    assert change in ("twice", "none") or found.dtypes.astype(str).to_dict() == expected.types


def printed(text: str) -> str:
    """Without what Parquet cannot hold."""
    return text.encode("utf-8", "replace").decode()


def use(tables: dict[str, Any]) -> None:
    """Everything that a report is made of."""
    try:
        with no_hang():
            gather(Tables(tables))
    except BenchError:
        event("refused")


@given(st.sampled_from(TABLES[:-1]), st.booleans(), st.data())
@examples(8, shrink=False)
def test_forged_values(written: dict[str, Any], name: str, everywhere: bool, data: st.DataObject) -> None:
    """Values of the right types that no training gives."""
    table = written[name].copy()
    column = data.draw(
        st.sampled_from(
            [c for c in table if c not in ("role", "outcome", "moment", "dials", "plateaus", "round_ratios")]
        )
    )
    kinds = {"i": WEIRD_NUMBERS.filter(lambda n: abs(n) < 2**63), "f": FLOATS, "b": st.booleans()}
    value = data.draw(kinds.get(table[column].dtype.kind, TEXTS.map(printed)))
    table.loc[table.index if everywhere else [data.draw(st.sampled_from(list(table.index)))], column] = value
    use({**written, name: table})


@given(st.data())
@examples(12, shrink=False)
def test_forged_studies(written: dict[str, Any], data: st.DataObject) -> None:
    """A study's JSON with any value anywhere, or not JSON at all."""
    plan = json.loads(study().model_dump_json())
    holder, key = plan, data.draw(st.sampled_from(sorted(plan)))
    while isinstance(holder[key], dict | list) and holder[key] and data.draw(st.booleans()):
        holder = holder[key]
        key = data.draw(st.sampled_from(sorted(holder) if isinstance(holder, dict) else range(len(holder))))
    holder[key] = data.draw(VALUES)
    text = json.dumps(plan)
    if data.draw(st.integers(0, 4)) == 0:
        cut = data.draw(st.integers(0, len(text)))
        text = text[:cut] + data.draw(st.one_of(TEXTS, st.just("[" * 5000))) + text[cut + 1 :]
    try:
        forged = Study.model_validate_json(text.encode("utf-8", "surrogatepass"))
    except ValueError:  # which a store says in a sentence
        event("no study")
        return
    use({**written, "studies": [forged]})
