"""Where the time of a cohort goes, from its first sequence to its last row in MLflow.

    python benchmarks/shares.py [--technique tanh,gru,lstm] [--hidden 64,128] [--members 8] [--updates 1000]

Members of one setting train by `train_cohort`, and their results are written. The native kernels' calls are timed
within it: those of training are the recurrence, and what is not in them is the rest, with some of its parts beside.
Shares of one and the same run: what else the machine does weighs on all of them alike.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from typing import Any

from bench.engine import stack
from bench.engine.native import cell
from bench.protocol.preset import Selectors, load_preset, resolve
from bench.records.settings import Cohort
from bench.tracking import Store
from bench.training.cohort import prepare_process, train_cohort
from bench.training.data import BlockStream
from bench.training.flow import FlowRecorder
from bench.training.monitor import Monitor

PARTS = {
    "data": (BlockStream, "_draw"),
    "clipping": (stack.clipping, "global_norm"),
    "optimiser": (stack, "step_members"),
    "evaluation": (Monitor, "_evaluate"),
    "probes": (FlowRecorder, "take"),
}
"""What is timed by its name, wherever it is called."""


class Stopwatch:
    """Adds up the seconds of functions while stand-ins are in their places."""

    def __init__(self) -> None:
        self.spent: dict[str, float] = defaultdict(float)
        self.undo: list[tuple[Any, str, Callable[..., Any]]] = []

    def watch(self, place: Any, name: str, key: Callable[..., str]) -> None:
        """Time place.name; `key` says from its arguments what it is counted as."""
        real = getattr(place, name)

        def timed(*words: Any, **more: Any) -> Any:
            begin = time.perf_counter()
            try:
                return real(*words, **more)
            finally:
                self.spent[key(*words)] += time.perf_counter() - begin

        setattr(place, name, timed)
        self.undo.append((place, name, real))

    def stop(self) -> None:
        """Put the functions back."""
        for place, name, real in reversed(self.undo):
            setattr(place, name, real)


def pass_of(name: str, *words: Any) -> str:
    """Which part a kernel's call belongs to: forward passes without a way back are evaluations."""
    kept = name.endswith("_backward") or bool(words[5])
    return "recurrence" if kept else "recurrence of evaluation"


def measure(cohort: Cohort) -> dict[str, float]:
    """Shares of the whole time, by part."""
    watch = Stopwatch()
    watch.watch(cell, "call", pass_of)
    for part, (place, name) in PARTS.items():
        watch.watch(place, name, lambda *_, part=part: part)
    try:
        with tempfile.TemporaryDirectory() as folder:
            store = Store.open(folder)
            begin = time.perf_counter()
            result = train_cohort(cohort)
            trained = time.perf_counter()
            store.write_cohort(result)
            whole = time.perf_counter() - begin
            watch.spent["MLflow"] = begin + whole - trained
    finally:
        watch.stop()
    return {"seconds": whole, **{part: seconds / whole for part, seconds in watch.spent.items()}}


def main() -> None:
    """Print one table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--technique", default="tanh,gru,lstm")
    parser.add_argument("--hidden", default="64,128")
    parser.add_argument("--lag", type=int, default=100)
    parser.add_argument("--members", type=int, default=8)
    parser.add_argument("--updates", type=int, default=1000)
    words = parser.parse_args()
    prepare_process()
    heads = ["seconds", "recurrence", "recurrence of evaluation", *PARTS, "MLflow"]
    print(f"{'technique':>12} {'units':>5}", *(f"{head:>{max(9, len(head))}}" for head in heads), f"{'rest':>9}")
    for name in words.technique.split(","):
        for hidden in map(int, words.hidden.split(",")):
            preset = load_preset("quick")
            study = resolve(preset, Selectors(techniques=(name,), tasks=("adding",), lags=(words.lag,)))
            setting = study.settings[0]
            sizes = {"hidden_size": hidden, "updates": words.updates}
            protocol = setting.protocol.model_copy(update=sizes)
            cohort = study.measured_cohort(setting.model_copy(update={"protocol": protocol}), 1e-6)
            members = [cohort.members[0].model_copy(update={"seed": 1 + seed}) for seed in range(words.members)]
            shares = measure(cohort.model_copy(update={"members": tuple(members)}))
            row = [f"{shares['seconds']:9.1f}"]
            row += [f"{shares.get(head, 0.0):{max(9, len(head))}.1%}" for head in heads[1:]]
            print(f"{name:>12} {hidden:5}", *row, f"{1 - shares['recurrence']:9.1%}")


if __name__ == "__main__":
    main()
