"""The sentences and clauses that say why a verdict is what it is; `bench.evidence.wording` fills them."""

from __future__ import annotations

from bench.evidence.questions import Verdict
from bench.languages import words

ESTIMATE = words("{effect} ({low} to {high}; {count}; {p} corrected for {comparisons} comparisons)")
REASONS = {
    "supported": words("As claimed, by more than {margin}: {estimate}."),
    "weakly supported": words("As claimed, but after the correction it may be by less than {margin}: {estimate}."),
    "supported equal": words("Equal within ±{margin}: {estimate}."),
    "supported not lower": words("Not lower by more than {margin}: {estimate}."),
    "contradicted": words("The other way round, by more than {margin}: {estimate}."),
    "weakly contradicted": words(
        "The other way round, but after the correction it may be by less than {margin}: {estimate}."
    ),
    "contradicted equal": words("Off by more than {margin}: {estimate}."),
    "contradicted not lower": words("Lower by more than {margin}: {estimate}."),
    "practically equal": words("No difference beyond {margin}: {estimate}."),
    "undecided": words("Too little to tell: {estimate}; about {needed} would be needed ({range})."),
    "undecided for good": words(
        "Too few data to decide, and no practical number of seeds would be enough: {estimate}."
    ),
    "undecided for few": words(
        "Too few ({count}) for significance after correcting for {comparisons} comparisons: about {needed} would be "
        "needed ({range}); so far {effect} ({low} to {high})."
    ),
    "undecided for few and for good": words(
        "Too few ({count}) for significance after correcting for {comparisons} comparisons, and no practical number "
        "of seeds would be enough; so far {effect} ({low} to {high})."
    ),
    "counted supported": words("As claimed: {effect}, counted."),
    "counted contradicted": words("The opposite: {effect}, counted."),
    "counted practically equal": words("No difference beyond {margin}: {effect}, counted."),
    "arm": words("Not run here."),
    "missing": words("{technique} was not run here."),
    "stale": words("{technique} was run here only with older code."),
    "unmeasured": words("This was not measured for {technique}."),
    "unpaired": words("No seed was run with both on the same task and lag."),
    "lags": words("No such lag has been run."),
    "tasks": words("No such task has been run here: {tasks}."),
    "untelling": words("Wherever both were run, every run was at the floor or every one at the ceiling."),
    "unsolved": words("No run of what is compared solved the task, so the budget was too small to decide."),
    "unsolved ladder": words(
        "No run of what is compared solved even the shortest lag, so the budget was too small to decide."
    ),
    "calm": words("Without a remedy ({technique}) hardly any run explodes: there is nothing to prevent."),
    "matched": words("Sizes were chosen so that these are equal."),
    "dial": words("Too few values of {dial} have been run with {technique}."),
}
"""The sentences by the reason's key."""
OF_CLAIMS: dict[Verdict, str] = {
    "supported": words("holds: {parts}"),
    "weakly supported": words("holds weakly: {parts}"),
    "practically equal": words("practically equal: {parts}"),
    "weakly contradicted": words("weakly contradicted: {parts}"),
    "contradicted": words("does not hold: {parts}"),
    "undecided": words("undecided: {parts}"),
    "cannot tell": words("cannot tell: {parts}"),
    "not run": words("not run: {parts}"),
}
"""The clauses about the parts of a claim by their verdict."""
