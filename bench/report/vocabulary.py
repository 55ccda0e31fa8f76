"""The report's words for what results name by keys, each in one place."""

from __future__ import annotations

from bench.languages import words

MOMENTS = {
    "start": words("before training"),
    "during": words("during training"),
    "end": words("at the end of training"),
}
OUTCOMES = {
    "solved": words("solved"),
    "unsolved": words("unsolved"),
    "diverged": words("diverged"),
    "failed": words("failed"),
}
ROLES = {"tuning": words("tuning"), "measured": words("measured")}
STATES = {
    "skipped": words("cannot do this setting: {reason}"),
    "untuned": words("not run: at lag {lag} every tuning run failed"),
    "ladder": words("not run: unsolved at lag {lag}"),
    "pending": words("not yet run"),
    "unplanned": words("not planned"),
}
"""Reasons why a setting has no result, each as part of a sentence."""
STATES_IN_SHORT = {
    "skipped": words("cannot do it"),
    "untuned": words("tuning failed"),
    "ladder": words("not run, unsolved at a shorter lag"),
    "pending": words("not yet run"),
    "unplanned": words("not planned"),
    "broken": words("some diverged or failed"),
}
"""The same in a figure's legend."""
COUNTED = {"diverged": words("{count} diverged"), "failed": words("{count} failed")}
SYMBOLS = {"supported": "✓", "contradicted": "×", "practically equal": "≈", "undecided": "?", "not run": "–"}
"""Symbols in front of verdicts, for those who do not see their colours."""
ORTHOGONAL = {
    "holds": words("holds"),
    "does not hold": words("does not hold"),
    "undecided": words("undecided"),
    "not run": words("not run"),
}
QUANTITIES = {"x": words("inputs"), "cell": words("cell state alone")}
"""Names of the quantities that a gradient is taken with respect to; any other state goes by its own name."""
ARMS = {
    "main": words("Main matrix"),
    "start": words("Before training"),
    "dials": words("Dials turned"),
    "exploding": words("Where gradients explode"),
    "clipped": words("Clipping for everybody"),
    "orthogonal": words("Orthogonal initialisation"),
}
FAMILIES = {
    "baseline": words("Baseline"),
    "gated": words("Gates"),
    "relu": words("ReLU"),
    "clipping": words("Clipping"),
    "residual": words("Residual"),
    "truncated": words("Truncation"),
    "activation": words("Activation"),
    "initialisation": words("Initialisation"),
    "optimiser": words("Optimiser"),
    "light gate": words("Light gates"),
    "attention": words("Attention"),
    "": words("Not run yet"),
}
"""The families in the report's order: the baseline, the rows of the source's table, the controls, its outlook."""
TASKS = {
    "adding": words("Adding"),
    "copy": words("Copy"),
    "temporal-order": words("Temporal order, two symbols"),
    "temporal-order-3": words("Temporal order, three symbols"),
    "digits": words("Digits, pixel by pixel"),
    "digits-permuted": words("Digits, permuted"),
}
TASKS_IN_SHORT = {
    "adding": words("adding"),
    "copy": words("copy"),
    "temporal-order": words("order"),
    "temporal-order-3": words("order of three"),
    "digits": words("digits"),
    "digits-permuted": words("permuted digits"),
}
ABOUT = {
    "adding": words("Two numbers of a long sequence are marked, one in each half; the network is asked for their sum."),
    "copy": words(
        "A string of symbols is followed by blank steps; the network then has to recall the string. Only the recall "
        "is scored."
    ),
    "temporal-order": words(
        "Two symbols are hidden in a long sequence of distractors; the network has to say in which order they came."
    ),
    "temporal-order-3": words(
        "Three symbols are hidden in a long sequence of distractors; the network has to say in which order they came."
    ),
    "digits": words(
        "Handwritten digits are shown pixel by pixel, then come as many blank steps as the lag says; the network has "
        "to name the digit."
    ),
    "digits-permuted": words(
        "As digits, with the pixels in one fixed random order, so that neighbours in the image stand far apart."
    ),
}
METRICS = {
    name: name
    for name in (
        words("mean squared error"),
        words("share of symbols recalled"),
        words("share of sequences classified correctly"),
        words("share of images classified correctly"),
        words("accuracy"),
        words("one number known"),
        words("last symbol known"),
        words("last two symbols known"),
    )
}
"""Metrics, and levels of a metric, of this project's own tasks: tasks name them in English."""
