"""Text for a paper: a table in LaTeX, and a paragraph on the method with the protocol's numbers."""

from __future__ import annotations

import re
from collections.abc import Sequence

from bench.evidence.standing import ALL, RESAMPLES, Standing
from bench.report.findings import Findings
from bench.report.names import Names

_SPECIAL = re.compile(r"[&%$#_{}~^\\]")
_SPELT = {"~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "\\": r"\textbackslash{}"}


def latex(text: str) -> str:
    """Text for LaTeX: nothing in it is a command."""
    return _SPECIAL.sub(lambda found: _SPELT.get(found[0], f"\\{found[0]}"), text)


def latex_table(found: Sequence[Standing], technique: str, say: Names) -> str:
    """A table with booktabs: techniques by rising rank, a column a task, mean scores with half intervals."""
    tasks = list(dict.fromkeys(one.task for one in found))
    order = [one.technique for one in found if one.task == tasks[-1]]
    cells = {(one.technique, one.task): one for one in found}
    heads = [latex("All" if task == ALL else say.task(task)) for task in tasks]
    lines = [
        r"\begin{tabular}{l" + "c" * len(tasks) + "r}",
        r"\toprule",
        " & ".join(["Technique", *heads, "Rank"]) + r" \\",
        r"\midrule",
    ]
    for name in order:
        row = [f"{cells[name, t].score:.2f} [{cells[name, t].low:.2f}, {cells[name, t].high:.2f}]" for t in tasks]
        last = cells[name, tasks[-1]]
        parts = [latex(say.technique(name)), *row, f"{last.rank} ({last.best}--{last.worst})"]
        lines.append(" & ".join(rf"\textbf{{{part}}}" if name == technique else part for part in parts) + r" \\")
    return "\n".join([*lines, r"\bottomrule", r"\end{tabular}", ""])


def method(findings: Findings, found: Sequence[Standing], tasks: Sequence[str], say: Names) -> str:
    """A paragraph in English with all numbers of the protocol that the comparison rests on."""
    protocols = {task: findings.protocols[task] for task in tasks}
    first = protocols[tasks[0]]
    lags = "; ".join(f"{say.task(task)} ({', '.join(map(str, findings.lags(task)))})" for task in tasks)
    updates = " and ".join(map(str, sorted({p.updates for p in protocols.values()})))
    rates = ", ".join(f"{rate:g}" for rate in first.learning_rates)
    whose = "for each seed by itself" if first.tuning == "own" else "once for all seeds"
    clip = "without clipping" if first.clip_norm is None else f"clipped to norm {first.clip_norm:g}"
    seeds = f"{first.tuning_seeds} further seed{'s' * (first.tuning_seeds > 1)}"
    tuned = (
        f"The learning rate was tuned over {rates} with {seeds}, {whose}."
        if first.tunes
        else f"The learning rate was {rates}."
    )
    return (
        f"We compared {found[0].ranked} techniques on {lags}; the lags are in parentheses. All had one layer of "
        f"{first.hidden_size} units unless they say otherwise, a linear readout, the initialisation "
        f"'{first.initialisation}' and {first.optimizer}, {clip}, with batches of {first.batch_size} sequences and at "
        f"most {updates} updates. {tuned} Each of {found[0].seeds} seeds was evaluated every {first.evaluate_every} "
        f"updates on {first.held_out_size} held-out sequences, the same for all techniques. The score of a run is the "
        "share of its budget that was left when it solved its task, 0 if it did not; longer lags than one that no run "
        "of a technique solved count as 0. Intervals are 95 % confidence intervals of the mean score over seeds, "
        "without an assumption on its distribution; those of ranks are percentiles over "
        f"{RESAMPLES} resamples of the seeds, the same for all techniques."
    )
