"""The moment at which a gradient's flow is looked at: the same for all whom a part compares."""

from __future__ import annotations

import pandas as pd

from bench.evidence.claims import Part
from bench.evidence.scope import MEMBER, SETTING, Scope, Table

OUTPUT, INPUTS, CELL_TO_CELL = "h", "x", "cell"
"""Quantities that gradients are taken of: what claims call a technique's output, whatever its own name; the inputs; and
the last cell state, taken to earlier ones. All others are states by their names."""
PAIR = ["task", "lag", "seed"]
"""The columns by which runs are paired."""
_ORDER = {"start": 0, "during": 1, "end": 2}


def at_moment(scope: Scope, name: Table, technique: str, part: Part) -> pd.DataFrame:
    """A technique's rows of a table of its flow, of the part's quantity at its moment.

    At the end, techniques that are compared are looked at after equally many updates, the most at which all of them
    were probed: before the one had solved its task, if the other had not. Else whoever solved would be seen solved, and
    would have a gradient that reaches, for that is how it solved. A run that has no probe at its end, as one that
    diverged, is seen as it was last; it is not left out.
    """
    table = scope.rows(name, technique)
    table = table[table.quantity == quantity_of(list(table.quantity.unique()), part.quantity)]
    if part.moment != "end":
        return table[table.moment == part.moment]
    if part.after_equal_updates and not table.empty:
        table = table.merge(_shared(scope, name, part), on=[*PAIR, "update"])
    if table.empty:
        return table
    place = table["update"] * len(_ORDER) + table.moment.map(_ORDER)
    last = place.groupby([table[column] for column in [*SETTING, *MEMBER]]).transform("max")
    return table[place == last]


def quantity_of(probed: list[str], asked: str) -> str:
    """The quantity that is meant, of those that were probed of a technique, in their order.

    The output is the state h, or the first state of a technique that has none of this name.
    """
    states = [name for name in probed if name not in (INPUTS, CELL_TO_CELL)]
    return states[0] if asked == OUTPUT and states and OUTPUT not in states else asked


def _shared(scope: Scope, table: Table, part: Part) -> pd.DataFrame:
    """The updates after which all of a part's techniques were probed, pair by pair; one without probes has no say."""
    tables = [scope.rows(table, name) for name in dict.fromkeys((*part.techniques, *part.twins))]
    asked = [rows[[*PAIR, "update"]].drop_duplicates() for rows in tables if not rows.empty]
    shared = asked[0]
    for other in asked[1:]:
        shared = shared.merge(other, on=[*PAIR, "update"])
    return shared
