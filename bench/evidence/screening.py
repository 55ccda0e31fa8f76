"""Finds the settings whose other seeds were spared because the first, which screen, had not solved."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import pandas as pd

from bench.records.cell import SettingKey
from bench.records.settings import Protocol
from bench.records.study import Study

Stops = dict[SettingKey, "Stop"]


class Stop(NamedTuple):
    """The end of a setting after its screening seeds."""

    after: int
    """Seeds that screened."""
    spared: tuple[int, ...]
    """Measured seeds that were planned and not trained."""


def stops_of(members: pd.DataFrame, studies: Iterable[Study], hashes: Mapping[str, str]) -> Stops:
    """The settings of these studies that ended after their screening seeds.

    members: the finished members that count, MEMBER_COLUMNS; hashes: of the protocol that counts, by task. A seed all
    of whose own tuning failed has screened, too: it is not going to be measured.
    """
    found: Stops = {}
    by_setting = dict(iter(members.groupby("setting_hash", sort=False)))
    for study in studies:
        for setting in study.settings:
            screening, rows = study.screening(setting.protocol), by_setting.get(setting.hash)
            if not screening or rows is None or hashes.get(setting.task) != setting.protocol.hash:
                continue
            measured = rows[rows.role == "measured"]
            leading = measured[measured.seed.isin(screening)]
            through = set(leading.seed) | _untuned(rows, setting.protocol)
            if not through.issuperset(screening) or leading.empty or (leading.outcome == "solved").any():
                continue
            spared = set(study.seeds) - set(measured.seed)
            if spared:
                before = found.get(setting.key, Stop(len(screening), ()))
                found[setting.key] = Stop(len(screening), tuple(sorted({*before.spared, *spared})))
    return found


def _untuned(rows: pd.DataFrame, protocol: Protocol) -> set[int]:
    """The measured seeds all of whose own tuning members failed."""
    tuning = rows[rows.role == "tuning"]
    if protocol.tuning != "own" or tuning.empty:
        return set()
    failed = (tuning.outcome == "failed").groupby([protocol.measured_by(seed) for seed in tuning.seed]).all()
    return set(failed.index[failed])
