"""Explains the words of the report."""

from __future__ import annotations

from collections.abc import Iterator

from bench.evidence.estimates import HORIZON_SHARE
from bench.languages import words
from bench.report.document import Block, Terms
from bench.report.section import ReportSection

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
    (words("Score"), words("The share of the budget that was left when a run had solved its task; 0 if it had not.")),
    (
        words("Nat per step"),
        words("The change of the gradient's logarithm with each step back: −0.15 is a factor of 0.86."),
    ),
    (words("Margin"), words("The difference that would not matter; each claim states its own.")),
    (words("Interval"), words("Where the true value lies with a confidence of 95 %, over seeds.")),
)


class Glossary(ReportSection):
    """A term and its meaning each."""

    name = "glossary"
    order = 145
    title = words("The words of this report")

    def blocks(self) -> Iterator[Block]:
        share = self.numbers.percent(HORIZON_SHARE)
        yield Terms(tuple((self.words(term), self.words(says, share=share)) for term, says in MEANINGS), "reading")
