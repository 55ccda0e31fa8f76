"""The entries of a task's protocol, as the report names and shows them."""

from __future__ import annotations

from collections.abc import Iterator

from bench.evidence.scope import Scope
from bench.languages import words
from bench.report.names import Names

ENTRIES = {
    "hidden_size": words("Hidden units"),
    "batch_size": words("Sequences an update"),
    "updates": words("Budget, updates"),
    "sequences": words("Budget, sequences"),
    "evaluate_every": words("Updates between evaluations"),
    "held_out_size": words("Held-out sequences"),
    "learning_rates": words("Learning rates tried"),
    "tuning_seeds": words("Tuning seeds per rate"),
    "tuning": words("Tuning"),
    "seeds_tuning": words("Seeds for tuning"),
    "seeds_measured": words("Seeds measured"),
    "optimizer": words("Optimiser"),
    "clip_norm": words("Gradients clipped to norm"),
    "initialisation": words("Initialisation"),
    "recurrent_gain": words("Gain on recurrent weights"),
    "hash": words("Protocol hash"),
}
"""The protocol's fields and what follows from them."""
TUNINGS = {
    "grid": words("all seeds at all rates"),
    "halving": words("the worse half of the rates drops out as seeds double"),
    "own": words("each measured seed by tuning seeds of its own"),
}
SET_APART = ("updates", "learning_rates", "optimizer", "clip_norm", "initialisation", "recurrent_gain")
"""The entries in which an arm's protocol may differ from the main one."""


def protocol(scope: Scope, task: str, say: Names) -> dict[str, str]:
    """Each entry of a task's protocol in an arm, in the order of ENTRIES."""
    n, rules = say.numbers, scope.protocols[task]
    return {
        "hidden_size": n.count(rules.hidden_size),
        "batch_size": n.count(rules.batch_size),
        "updates": n.count(rules.updates),
        "sequences": n.count(rules.updates * rules.batch_size),
        "evaluate_every": n.count(rules.evaluate_every),
        "held_out_size": n.count(rules.held_out_size),
        "learning_rates": say.words.rules.between_items.join(f"{rate:g}" for rate in rules.learning_rates),
        "tuning_seeds": n.count(rules.tuning_seeds),
        "tuning": say.words(TUNINGS[rules.tuning]) if rules.tunes else n.none,
        "seeds_tuning": _seeds(scope, task, "tuning") or n.none,
        "seeds_measured": _seeds(scope, task, "measured") or n.none,
        "optimizer": rules.optimizer,
        "clip_norm": say.words("not clipped") if rules.clip_norm is None else f"{rules.clip_norm:g}",
        "initialisation": rules.initialisation,
        "recurrent_gain": f"{rules.recurrent_gain:g}",
        "hash": scope.hashes[task],
    }


def differences(main: Scope, other: Scope, say: Names) -> Iterator[str]:
    """The entries in which an arm's protocol is not the main one's, of the first task that both have."""
    task = next((task for task in other.tasks if task in main.tasks), None)
    if task is None:
        return
    own, usual = protocol(other, task, say), protocol(main, task, say)
    for entry in SET_APART:
        if own[entry] != usual[entry]:
            name = say.words(ENTRIES[entry])
            yield say.words("{name} {own} (main: {main})", name=name, own=own[entry], main=usual[entry])


def _seeds(scope: Scope, task: str, role: str) -> str:
    """The range of the seeds used, such as 1–5; empty where there are none."""
    members = scope.members
    seeds = members[(members["task"] == task) & (members["role"] == role)]["seed"]
    if seeds.empty:
        return ""
    return str(seeds.min()) if seeds.nunique() == 1 else f"{seeds.min()}–{seeds.max()}"
