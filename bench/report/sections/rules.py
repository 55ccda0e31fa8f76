"""The rules of the protocol."""

from __future__ import annotations

from collections.abc import Iterator

from bench.evidence.claims import family_hashes
from bench.evidence.estimates import CONFIDENCE, HORIZON_SHARE
from bench.languages import words
from bench.report.document import Block, Items
from bench.report.section import ReportSection

RULES = (
    words(
        "One thing at a time: the baseline is a one-layer tanh network, trained by full back-propagation "
        "through time with Adam and no clipping. Each technique changes one thing; combinations are "
        "techniques of their own."
    ),
    words(
        "Same data: sequences depend on task, lag, split and seed alone, so every technique sees the "
        "same ones for the same seed, and comparisons are paired."
    ),
    words(
        "Fresh training data, fixed held-out data: training never repeats a generated sequence. Tuning "
        "reads the validation set; what is reported reads the test set."
    ),
    words(
        "Equal tuning: the same grid of learning rates, the same tuning seeds, the same budget. Reported "
        "runs use fresh seeds at the winning rate."
    ),
    words(
        "Equal budget: a run stops early only when it has solved the task or diverged. Unsolved is "
        "censored at the budget, never dropped and never averaged away."
    ),
    words(
        "A run has solved its task once a held-out metric reaches the threshold at two evaluations in a "
        "row, and on fresh sequences then drawn to confirm it. An evaluation stops after an eighth of the "
        "held-out sequences if the threshold is already out of reach, so curves far from it are noisier."
    ),
    words(
        "Trivial levels, the score of the best answer that ignores the input, are computed in closed "
        "form and drawn in every plot of learning curves."
    ),
    words(
        "The lag ladder: lags rise, and a technique that solves no run at one lag is not run at longer "
        "ones of that task."
    ),
    words("Failures are outcomes: runs that diverge or fail count as unsolved in every score."),
    words(
        "Cost is measured apart from training, each technique alone, in turns with the baseline, with "
        "its spread. The baseline is timed against itself as well: the noise floor."
    ),
    words(
        "Provenance: every run carries the commit, the versions, the machine and the hash of its "
        "protocol; results with different hashes are never pooled."
    ),
    words(
        "Order: the tests of claims were not fixed before any result was seen. They were written after a first table "
        "of results, and revised after reviews and after development runs on the first twenty seeds. Since then their "
        "hash stands in every report and snapshot; here it is {hashes}. Seeds measured here: {seeds}."
    ),
    words(
        "Statistics: solve rates carry {confidence} Wilson intervals; updates to solve are Kaplan–Meier "
        "estimates, censored at the budget; a horizon asks for {share} of the measured runs."
    ),
)


class Rules(ReportSection):
    """The rules that every run was made by."""

    name = "rules"
    order = 130
    title = words("The rules of the trial")
    in_appendix = True

    def blocks(self) -> Iterator[Block]:
        values = {
            "confidence": self.numbers.percent(CONFIDENCE),
            "share": self.numbers.percent(HORIZON_SHARE),
            "hashes": self.numbers.join([f"{found} ({family})" for family, found in family_hashes().items()]),
            "seeds": self._seeds(),
        }
        yield Items(tuple(self.words(rule, **values) for rule in RULES), "rules", ordered=True)

    def _seeds(self) -> str:
        """Name the first and the last of the measured seeds."""
        seeds = [run.seed for run in self.findings.all_runs if run.measured]
        if not seeds:
            return self.numbers.none
        return self.numbers.range(self.numbers.count(min(seeds)), self.numbers.count(max(seeds)))
