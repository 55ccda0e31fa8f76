"""Finds the settings whose other seeds were spared because the first, which screen, had not solved."""

from __future__ import annotations

from typing import NamedTuple

import pandas as pd

from bench.evidence.seeds import Counting
from bench.records.cell import SettingKey
from bench.records.settings import Protocol

Stops = dict[SettingKey, "Stop"]


class Stop(NamedTuple):
    """The end of a setting after its screening seeds."""

    after: int
    """Seeds that screened."""
    spared: tuple[int, ...]
    """Measured seeds that were planned and not trained."""


def stops_of(members: pd.DataFrame, studies: Counting) -> Stops:
    """The settings that ended after the screening seeds of the studies that count.

    members: the finished members that count, MEMBERS. A seed all of whose own tuning failed has screened, too:
    it is not going to be measured.
    """
    found: Stops = {}
    by_setting = dict(iter(members.groupby("setting_hash", sort=False)))
    for study, plan in (pair for pairs in studies.values() for pair in pairs):
        for setting in (setting for setting in study.settings if setting.task == plan.task):
            screening, rows = study.screening(setting.protocol), by_setting.get(setting.hash)
            if not screening or rows is None:
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
