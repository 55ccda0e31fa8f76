"""Which remedies fit which models."""

from __future__ import annotations

from torch import nn

from bench.diagnosis.remedies import FITS
from bench.evidence.offers import OFFERS


def test_every_offer_says_which_models_it_fits() -> None:
    assert list(FITS) == [(offer.technique, offer.baseline) for offer in OFFERS]
    for offer in OFFERS:
        fits = FITS[offer.technique, offer.baseline]
        layer = fits(nn.ModuleDict({"layer": nn.LSTM(2, 3) if offer.baseline == "lstm" else nn.RNN(2, 3)}))
        wanted = None if offer.technique == "residual-time" else "layer" if "LAYER" in offer.code else ""
        assert layer == wanted, offer.technique
