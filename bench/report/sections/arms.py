"""Shows the matrices besides the main one, each under its own protocol."""

from __future__ import annotations

from collections.abc import Iterator

from bench.evidence.scope import BASELINE
from bench.languages import words
from bench.report import matched
from bench.report.document import Block, Figure, Heading, Text
from bench.report.draw.heatmap import solve_rates
from bench.report.matrix import Matrix
from bench.report.protocols import differences
from bench.report.section import ReportSection
from bench.report.sentences import Sentences

WHY = {
    "start": words(
        "Nothing is trained here; gradients are measured at the weights that networks start from, which is where the "
        "source's argument about eigenvalues and activations applies."
    ),
    "dials": words("The techniques' own numbers are turned over a wide range, to see how much depends on them."),
    "exploding": words(
        "Recurrent weights start larger, so that gradients explode and clipping has something to prevent."
    ),
    "clipped": words(
        "Every technique is clipped, to see whether clipping ever does harm; the same technique in the main matrix is "
        "the comparison."
    ),
    "orthogonal": words(
        "All recurrent weights start orthogonal, which alone helps against vanishing; verdicts say whether they hold "
        "here too."
    ),
}


class Arms(ReportSection):
    """Each trained matrix with its solve rates."""

    name = "arms"
    order = 70
    title = words("Other matrices")
    in_appendix = True

    def blocks(self) -> Iterator[Block]:
        trained = {arm: matrix for arm, matrix in self.findings.arms.items() if matrix.trained}
        if not trained:
            return
        yield Text(
            self.words(
                "Some claims cannot be put to the test under the main protocol. Each matrix below has a protocol of "
                "its own; results of different matrices are never pooled."
            )
        )
        for arm, matrix in trained.items():
            yield Heading(self.say.arm(arm), f"arm-{arm}")
            yield Text(about(arm, self.say))
            caption = self.words(
                "{arm}: share of measured runs that solve each task, by technique and lag. Grey cells were not run.",
                arm=self.say.arm(arm),
            )
            picture = solve_rates(matrix, self.say, matrix.tasks, self._alt(arm, matrix))
            yield Figure(picture, caption, f"arm-{arm}")
            yield from self._sizes(arm, matrix)

    def _sizes(self, arm: str, matrix: Matrix) -> Iterator[Block]:
        """Say how large techniques are where that is not the protocol's word: of the first task with costs."""
        for task in (task for task in matrix.tasks if matrix.costs(task)):
            caption = self.words(
                "{arm}: the size of each technique on the task {task}, and what is matched over the baseline's.",
                arm=self.say.arm(arm),
                task=self.say.task(task),
            )
            if table := matched.sizes(matrix, task, caption, f"arm-{arm}-sizes", self.say):
                yield Text(matched.told(matrix, task, self.say))
                yield table
            return

    def _alt(self, arm: str, matrix: Matrix) -> str:
        """Name the technique that solves most in an arm, compared with the baseline."""
        rates = _rates(matrix)
        if not rates:
            return self.words("{arm}: nothing has been measured yet.", arm=self.say.arm(arm))
        best = max(rates, key=lambda technique: rates[technique])
        values = {
            "arm": self.say.arm(arm),
            "technique": self.say.technique(best),
            "share": self.numbers.percent(rates[best]),
        }
        if BASELINE not in rates or best == BASELINE:
            return self.words("{arm}: {technique} solves the most, {share} of its runs.", **values)
        return self.words(
            "{arm}: {technique} solves the most, {share} of its runs; the baseline {base}.",
            base=self.numbers.percent(rates[BASELINE]),
            **values,
        )


def _rates(matrix: Matrix) -> dict[str, float]:
    """The share of its runs that each technique solves, over all settings."""
    counts: dict[str, tuple[int, int]] = {}
    for e in matrix.estimates:
        if e.measured:
            solved, runs = counts.get(e.technique, (0, 0))
            counts[e.technique] = solved + e.solved, runs + e.runs
    return {technique: solved / runs for technique, (solved, runs) in counts.items()}


def about(arm: str, say: Sentences) -> str:
    """Say what an arm is for, how its protocol differs from the main one, and how much was run."""
    matrix, n = say.findings.arms[arm], say.numbers
    unlike = list(differences(say.findings, matrix, say))
    joined = say.words.rules.between_clauses.join(unlike)
    runs = sum(run.measured for run in matrix.runs)
    return say.words.joined(
        say.words(WHY[arm]) if arm in WHY else "",
        "" if matrix.trained else say.start(matrix),
        say.words("Protocol: {differences}.", differences=joined) if unlike else "",
        say.words(
            "{techniques} techniques, {runs} measured runs."
            if matrix.trained
            else "{techniques} techniques, {runs} networks, none of them trained.",
            techniques=n.count(len(matrix.techniques)),
            runs=n.count(runs),
        ),
    )
