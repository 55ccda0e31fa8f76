"""Explains the words of the report."""

from __future__ import annotations

import math
from collections.abc import Iterator

from bench.evidence.estimates import CONFIDENCE, HORIZON_SHARE
from bench.languages import words
from bench.report.document import Block, Terms
from bench.report.section import ReportSection
from bench.report.sections.flow import RATE

MEANINGS = (
    (words("BPTT"), words("Back-propagation through time: the gradient is followed back step by step.")),
    (words("Lag"), words("The number of steps over which a task makes a network remember.")),
    (words("Technique"), words("The baseline, or the baseline with one thing changed.")),
    (words("Baseline"), words("A plain tanh RNN, trained by full BPTT with Adam and without clipping.")),
    (words("Seed, run"), words("A run is one training; its seed fixes its weights and data.")),
    (words("Setting"), words("A technique on a task at a lag; its runs differ by their seeds alone.")),
    (words("Matrix"), words("Settings under one protocol. Others than the main one have another protocol.")),
    (words("Update"), words("One step of the optimiser, on one batch of sequences.")),
    (words("Solved"), words("A run reached the task's threshold on held-out sequences, and again on fresh ones.")),
    (words("Horizon"), words("The longest lag that at least {share} of a technique's runs solve.")),
    (words("Price"), words("Updates until solved × time per update, in updates of the baseline.")),
    (
        words("Score"),
        words("The share of the budget that was left when a run had solved its task; zero if it had not."),
    ),
    (
        words("Nat per step"),
        words("The change of the gradient's logarithm with each step back: {rate} is a factor of {factor}."),
    ),
    (words("Margin"), words("The difference that would not matter; each claim states its own.")),
    (words("Interval"), words("Where the true value lies with a confidence of {confidence}, over seeds.")),
)


class Glossary(ReportSection):
    """A term and its meaning each."""

    name = "glossary"
    order = 145
    title = words("The words of this report")

    def blocks(self) -> Iterator[Block]:
        values = {
            "share": self.numbers.percent(HORIZON_SHARE),
            "confidence": self.numbers.percent(CONFIDENCE),
            "rate": self.numbers.signed(RATE),
            "factor": self.numbers.factor(math.exp(RATE)),
        }
        yield Terms(tuple((self.words(term), self.words(says, **values)) for term, says in MEANINGS), "reading")
