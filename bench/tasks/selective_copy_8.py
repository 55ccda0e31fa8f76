"""Selective copying of eight symbols."""

from __future__ import annotations

from bench.tasks.selective_copying import SelectiveCopying


class SelectiveCopy8(SelectiveCopying):
    """Recall eight symbols in their order, wherever they stood among the blanks: see `SelectiveCopying`.

    Source: the task of Gu & Dao 2023 (section 4.1.1), after Arjovsky et al. 2016 and Jing et al. 2019, who scattered
    the symbols first. Gu & Dao show sixteen symbols in 4,096 steps.
    """

    name = "selective-copy-8"
    title = "Selective copy, eight"
    short = "selective copy, 8"
    about = (
        "Eight symbols are scattered among blank steps; the network then has to recall them in their order. Only the "
        "recall is scored."
    )
    lag_means = "the steps among which the symbols are scattered"
    reference = "Gu & Dao 2023, section 4.1.1; Jing et al. 2019"
    scored = shown = 8
    least_lag = 8
