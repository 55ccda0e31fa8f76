"""What is newest is what the store took last, whatever clocks said meanwhile."""

from functools import partial

import pytest
from made_up.cohorts import cohort, costs, result, study
from made_up.snapshots import snapshot

from bench.tracking import Store
from bench.tracking.layout import SEQUENCE

AHEAD, BEHIND = 1_900_000_000_000, 1


def at(store: Store, start: int) -> Store:
    """The store, as a program writes to it whose clock says this."""
    clocked = Store(store.location, type(store.client)(store.uri))
    clocked.client.create_run = partial(clocked.client.create_run, start_time=start)  # members bring their own
    return clocked


def test_after_a_clock_was_ahead_the_newest_study_is_newest_and_stands_once(store):
    for start, name in ((AHEAD, "first"), (BEHIND, "second"), (AHEAD, "third"), (BEHIND, "fourth")):
        at(store, start).write_studies([study(name)])
    for _ in range(2):
        store.write_studies([study("fourth")])
    assert [one.preset for one in store.studies()] == ["first", "second", "third", "fourth"]
    assert len(store.records.standing("studies").whole) == 4


def test_snapshots_and_costs_too(store):
    for number, start in enumerate((AHEAD, BEHIND, AHEAD, BEHIND)):
        at(store, start).write_snapshot(snapshot(preset=str(number)))
        at(store, start).write_costs(costs("tanh", float(number)))
    assert [one.preset for one in store.snapshots()] == ["0", "1", "2", "3"]
    assert store.costs()["milliseconds"].tolist() == [3.0]


def test_what_has_no_number_comes_first_by_its_time(store):
    """Programs wrote it that gave none."""
    for start, name in ((3, "third"), (2, "second"), (AHEAD, "fourth"), (1, "first")):
        at(store, start).write_snapshot(snapshot(preset=name))
    for record in store.records.standing("snapshots").whole:
        store.client.delete_tag(record.info.run_id, SEQUENCE)
    at(store, BEHIND).write_snapshot(snapshot(preset="fifth"))
    assert [one.preset for one in store.snapshots()] == ["first", "second", "third", "fourth", "fifth"]


@pytest.mark.parametrize("edited", ["", "x", "-1", "999999999999999", "１２３４５６７８９０１２"])
def test_a_number_that_was_edited_is_none(store, edited):
    for name in ("first", "second"):
        at(store, BEHIND).write_snapshot(snapshot(preset=name))
    last = store.records.standing("snapshots").whole[-1]
    store.client.set_tag(last.info.run_id, SEQUENCE, edited)
    store.write_snapshot(snapshot(preset="third"))
    assert [one.preset for one in store.snapshots()] == ["second", "first", "third"]


def test_two_programs_by_turns_go_on_counting(store):
    other = Store(store.location, store.client)
    for number, writer in enumerate((store, store, other, store, other)):
        with writer.lock():
            writer.write_snapshot(snapshot(preset=str(number)))
    assert [one.preset for one in store.snapshots()] == ["0", "1", "2", "3", "4"]


def test_rows_come_in_the_order_in_which_cohorts_were_stored(store):
    for start, name in ((AHEAD, "gru"), (BEHIND, "lstm"), (5, "tanh")):
        clocked = at(store, start)
        create = clocked.client.create_run
        clocked.client.create_run = lambda *args, create=create, **kwargs: (
            create.func(*args, **kwargs) if len(args) > 1 else create(*args, **kwargs)
        )
        clocked.write_cohort(result(cohort(name, seeds=1), evaluations=1))
    assert store.members()["technique"].tolist() == ["gru", "lstm", "tanh"]
