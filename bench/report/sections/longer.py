"""Shows what is kept on longer sequences than trained on."""

from __future__ import annotations

from collections.abc import Iterator

from bench.languages import words
from bench.report.document import Block, Figure, Heading, Text
from bench.report.draw.longer import longer
from bench.report.longer import Kept, kept
from bench.report.section import ReportSection


class LongerSequences(ReportSection):
    """A picture for each matrix whose solved runs were tested at further lags."""

    name = "longer"
    order = 56
    title = words("Longer than trained")

    def blocks(self) -> Iterator[Block]:
        found = {arm: (matrix, kept(matrix.scope)) for arm, matrix in self.findings.matrices.items()}
        tested = {arm: (matrix, own) for arm, (matrix, own) in found.items() if own}
        if not tested:
            return
        yield Text(
            self.words(
                "Runs that had solved their task at one lag were tested at longer ones, without any further training. "
                "Shown is how much they keep of the way from the trivial level to a perfect answer, which is at the "
                "top. A line that falls has learned the length together with the task."
            )
        )
        for arm, (matrix, own) in tested.items():
            if len(tested) > 1:
                yield Heading(self.say.arm(arm), f"longer-{arm}")
            yield Figure(longer(own, matrix.techniques, self.say, self._alt(own)), self._caption(), f"longer-{arm}")

    def _caption(self) -> str:
        return self.words(
            "What runs keep at longer lags than they were trained at. Each panel has a task and the lag of its "
            "training; the mean of solved runs and, where at most three techniques share a panel, its {confidence} "
            "interval.",
            confidence=self.numbers.percent(0.95),
        )

    def _alt(self, own: list[Kept]) -> str:
        """Name who keeps most at the longest test of each panel."""
        sentences = []
        for task, trained in dict.fromkeys((one.task, one.trained) for one in own):
            here = [one for one in own if (one.task, one.trained) == (task, trained)]
            longest = max(one.lag for one in here)
            best = max((one for one in here if one.lag == longest), key=lambda one: one.share)
            sentences.append(
                self.words(
                    "Trained on {cell} and tested at lag {lag}, {technique} keeps most, {share}.",
                    cell=self.say.cell(task, trained),
                    lag=self.numbers.count(longest),
                    technique=self.say.technique(best.technique),
                    share=self.numbers.percent(best.share),
                )
            )
        return self.words.joined(*sentences)
