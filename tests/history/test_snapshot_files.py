"""Snapshots as files that somebody else wrote: read whole, or refused in a sentence."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest
from made_up.snapshots import ORIGIN, cell, claim, snapshot, speed

from bench.errors import BenchError
from bench.history.changes import compare, worse
from bench.history.timeline import look_back
from bench.history.words import as_lines, changes_record, history_record, notes
from bench.records import snapshot as snapshots
from bench.records.snapshot import HorizonState, Snapshot, unpacked

Place = tuple[str | int, ...]
SMALL = snapshot(
    2,
    cells=(cell("tanh", 0, 3), cell("lstm", 2, 3)),
    claims=(claim("contradicted"),),
    horizons=(HorizonState(technique="lstm", task="adding", horizon=20),),
    speeds=(speed("tanh"), speed("lstm", technique_hash="lstm-2")),
)
BEFORE = snapshot(1, cells=SMALL.cells, speeds=(speed("tanh", 2.0), speed("lstm")))
VALUES: tuple[Any, ...] = (
    *(None, "", "nan", "2026-01-01T00:00:00+00:00", "\x1b[31m\u202e", "x" * 3000, 0, -1, 1, 7, 2**62, 1e308, -1e308),
    *(1e-320, float("nan"), float("inf"), True, [], [0], [None], [1, 2, 3], [1, 1, 1], ["a"], {}),
)


def places(value: Any, at: Place = ()) -> Iterator[Place]:
    """Of every value in JSON, the outermost first; of a list the first item stands for all."""
    yield at
    items = value.items() if isinstance(value, dict) else enumerate(value[:1]) if isinstance(value, list) else ()
    for key, item in items:
        yield from places(item, (*at, key))


def changed(whole: dict[str, Any], at: Place, value: Any) -> bytes:
    made = copy.deepcopy(whole)
    inner: Any = made
    for key in at[:-1]:
        inner = inner[key]
    inner[at[-1]] = value
    return json.dumps(made).encode()


def looked_at(made: Snapshot) -> None:
    """Everything that the commands do with it, in both directions; a BenchError is an answer."""
    for old, new in ((BEFORE, made), (made, BEFORE)):
        try:
            changes = compare(old, new)
            text = str(as_lines(changes)) + str(notes(changes))
            json.dumps(changes_record(changes, worse(changes, ("verdict", "quality", "speed"))))
        except BenchError as error:
            text = str(error)
        assert text
        json.dumps(history_record(look_back([old, new])))


WHOLE = json.loads(SMALL.model_dump_json())


@pytest.mark.parametrize("field", WHOLE)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # numbers beyond all measure
def test_any_value_in_any_place_is_read_or_refused(field: str) -> None:
    read = 0
    for at in places(WHOLE[field], (field,)):
        for value in VALUES:
            try:
                made = unpacked(changed(WHOLE, at, value), "it")
            except BenchError:
                continue
            read += 1
            looked_at(made)
    assert read or field == "version"


@pytest.mark.parametrize(
    "changes",
    [
        {"origins": [], "sampled": None, "cells": []},
        {"origins": [], "cells": [SMALL.cells[0].model_dump()]},
        {"cells": [SMALL.cells[0].model_dump() | {"seeds": [1, 2]}]},
        {"cells": [SMALL.cells[0].model_dump() | {"origins": [1]}]},
        {"cells": [SMALL.cells[0].model_dump() | {"origins": [-1]}]},
        {"cells": [SMALL.cells[0].model_dump() | {"updates": [-1, None, None]}]},
        {"speeds": [speed().model_dump() | {"ratios": []}]},
        {"speeds": [speed().model_dump() | {"ratios": [0.0]}]},
    ],
)
def test_what_does_not_fit_together_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(BenchError, match="it is not a snapshot of this version"):
        unpacked(json.dumps(WHOLE | changes).encode(), "it")


def test_a_snapshot_may_have_an_origin_alone() -> None:
    made = WHOLE | {"origins": [ORIGIN.model_dump()], "sampled": None, "cells": []}
    assert unpacked(json.dumps(made).encode(), "it").origin == ORIGIN


@pytest.mark.parametrize("packed", [True, False])
def test_a_snapshot_is_read_up_to_a_size(packed: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    data = snapshot().packed() if packed else snapshot().model_dump_json().encode()
    size = len(snapshot().model_dump_json())
    monkeypatch.setattr(snapshots, "LARGEST", size)
    assert unpacked(data, "it") == snapshot()
    monkeypatch.setattr(snapshots, "LARGEST", size - 1)
    with pytest.raises(BenchError, match=f"it holds more than {size - 1} bytes: it is not a snapshot"):
        unpacked(data, "it")


@pytest.mark.parametrize("kept", [12, 50, 100])
def test_a_damaged_snapshot_is_none(kept: int) -> None:
    whole = snapshot().packed()
    for damaged in (whole[:kept], whole[:kept] + b"0" * (len(whole) - kept)):
        with pytest.raises(BenchError, match="is not a snapshot"):
            unpacked(damaged, "it")


def test_a_snapshot_without_hashes_of_claims_keeps_its_id_and_its_bytes() -> None:
    """Those from before they were kept are read as they were written."""
    assert "families" not in json.loads(SMALL.model_dump_json())
    assert unpacked(SMALL.packed(), "here").id == SMALL.id
    newer = snapshot(2, families={"source": "a" * 12})
    assert json.loads(newer.model_dump_json())["families"] == {"source": "a" * 12}
    assert newer.id != snapshot(2).id
