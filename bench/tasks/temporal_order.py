"""The temporal order problem with two symbols."""

from __future__ import annotations

from bench.tasks.hidden_symbols import HiddenSymbols


class TemporalOrder(HiddenSymbols):
    """Say which symbols, X or Y, came first and second, among distractors.

        E Y a c b X d c a B  →  Y X, class 2 of XX, XY, YX, YY

    E starts the sequence, B ends it, a to d are the distractors. The lag is the sequence's length T: the
    first symbol lies anywhere in [T/10, 2T/10), the second in [5T/10, 6T/10). So the first travels about
    0.8 T to 0.9 T.

    Source: experiment 6a of Hochreiter & Schmidhuber 1997, its positions scaled from their length of about
    100 as in the code of Pascanu, Mikolov & Bengio 2013 (who have neither E nor B).
    """

    name = "temporal-order"
    title = "Temporal order, two symbols"
    short = "order"
    about = "Two symbols are hidden in a long sequence of distractors; the network has to say in which order they came."
    lag_means = "the length of the sequence"
    reference = "Hochreiter & Schmidhuber 1997, experiment 6a; lengths as in Pascanu, Mikolov & Bengio 2013"
    answers = "XX XY YX YY"
    outputs = 4
    plateaus = {"last symbol known": 1 / 2}
    tenths = (1, 5)
