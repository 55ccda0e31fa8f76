"""The temporal order problem with three symbols."""

from __future__ import annotations

from bench.tasks.hidden_symbols import HiddenSymbols


class TemporalOrder3(HiddenSymbols):
    """Say which symbols, X or Y, came first, second and third, among distractors.

        E Y a X b c Y d c B  →  Y X Y, class 5 of XXX, XXY, XYX, XYY, YXX, YXY, YYX, YYY

    As with two symbols; these lie in the tenths of the sequence that begin at T/10, 3T/10 and 6T/10.

    Source: experiment 6b of Hochreiter & Schmidhuber 1997, its positions (from 10, 33 and 66 of about 100)
    scaled and rounded to tenths as in the code of Pascanu, Mikolov & Bengio 2013.
    """

    name = "temporal-order-3"
    title = "Temporal order, three symbols"
    short = "order of three"
    about = (
        "Three symbols are hidden in a long sequence of distractors; the network has to say in which order they came."
    )
    lag_means = "the length of the sequence"
    reference = "Hochreiter & Schmidhuber 1997, experiment 6b; lengths as in Pascanu, Mikolov & Bengio 2013"
    answers = "XXX XXY XYX XYY YXX YXY YYX YYY"
    outputs = 8
    plateaus = {"last symbol known": 1 / 4, "last two symbols known": 1 / 2}
    tenths = (1, 3, 6)
