"""The report's words for what results name by keys, each in one place."""

from __future__ import annotations

from bench.languages import words

MOMENTS = {
    "start": words("before training"),
    "during": words("during training"),
    "end": words("at the end of training"),
    "equal": words("after equal updates"),
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
    "stopped": words("stopped after {seeds} seeds, none of which solved it"),
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
SYMBOLS = {
    "supported": "✓",
    "weakly supported": "✓",
    "in part": "±",
    "practically equal": "≈",
    "weakly contradicted": "×",
    "contradicted": "×",
    "undecided": "?",
    "cannot tell": "–",
    "not run": "–",
}
"""Symbols that stand before a verdict, for readers who do not see its colour."""
ORTHOGONAL = {
    "holds": words("holds"),
    "does not hold": words("does not hold"),
    "undecided": words("undecided"),
    "not run": words("not run"),
}
QUANTITIES = {"x": words("inputs"), "cell": words("from cell to cell")}
"""Names of the quantities that a gradient is taken with respect to; any other state goes by its own name."""
SELECTORS = {
    "techniques": words("techniques"),
    "tasks": words("tasks"),
    "lags": words("lags"),
    "seeds": words("seeds"),
}
"""Selectors of a study that are not fields of the protocol."""
ARMS = {
    "main": words("Main matrix"),
    "start": words("Before training"),
    "dials": words("Dials turned"),
    "exploding": words("Where gradients explode"),
    "clipped": words("Clipping for everybody"),
    "orthogonal": words("Orthogonal initialisation"),
}
CHOICES = {
    "adam": "Adam",
    "adamw": "AdamW",
    "nadam": "NAdam",
    "radam": "RAdam",
    "rmsprop": "RMSprop",
    "sgd": "SGD",
    "default": words("default"),
    "orthogonal": words("orthogonal"),
}
"""Values of the protocol's fields that are words."""
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
    "regulariser": words("Regularisers"),
    "normalisation": words("Normalisation"),
    "orthogonal": words("Orthogonal weights"),
    "independent": words("Independent units"),
    "oscillators": words("Oscillators"),
    "light gate": words("Light gates"),
    "linear recurrence": words("Linear recurrences"),
    "matrix memory": words("Matrix memories"),
    "attention": words("Attention"),
    "convolution": words("Convolution"),
    "own": words("Own modules"),
    "": words("Not run yet"),
}
"""The families in the report's order: the baseline, the rows of the source's table, the controls, its outlook, and what
came since."""
