"""What Lightning, the probes of gradient flow and MLflow add to a `quick` cohort's time.

    python benchmarks/overhead.py [--technique lstm] [--rounds 5]

The same members train on the same sequences, in turns: by `train_cohort` (Lightning's Trainer, the monitor), and by
a bare loop over the same blocks with the same evaluations. The difference, less what the probes took, is Lightning's
share, in processor time, which other programs disturb less; MLflow's is the wall time to write the cohort's results.
Each is given as a share of the bare loop's time: the median of the rounds, and their range.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from typing import Any

from bench.protocol.preset import Selectors, load_preset, resolve
from bench.records.settings import Cohort
from bench.tasks import tasks
from bench.tracking import Store
from bench.training.cohort import build, prepare_process, train_cohort
from bench.training.data import BlockStream, held_out
from bench.training.flow import FlowRecorder


def bare_loop(cohort: Cohort) -> None:
    """A cohort's updates and evaluations, with nothing around them."""
    setting, protocol = cohort.setting, cohort.setting.protocol
    task = tasks.get(setting.task)()
    seeds = [m.seed for m in cohort.members]
    module = build(setting, cohort.members)
    optimizer = module.configure_optimizers()
    inputs, targets = held_out(task, setting.lag, "test", protocol.held_out_size, seeds)

    def evaluate() -> None:
        module.evaluate(inputs, targets)

    evaluate()
    for block in BlockStream(task, setting.lag, protocol, seeds):
        for inputs, targets in block.batches():
            module.update(optimizer, inputs[module.rows], targets[module.rows])
        evaluate()


def seconds(clock: Callable[[], float], work: Callable[..., Any], *arguments: Any) -> tuple[float, Any]:
    """The time of a call by this clock, and what it returns."""
    begin = clock()
    found = work(*arguments)
    return clock() - begin, found


class TimedProbes:
    """Adds up the processor time of `FlowRecorder.take` while it stands in its place."""

    def __init__(self) -> None:
        self.spent, self._take = 0.0, FlowRecorder.take

    def __enter__(self) -> TimedProbes:
        def take(recorder: FlowRecorder, *arguments: Any) -> None:
            self.spent += seconds(time.process_time, self._take, recorder, *arguments)[0]

        FlowRecorder.take = take  # type: ignore[method-assign]
        return self

    def __exit__(self, *error: object) -> None:
        FlowRecorder.take = self._take  # type: ignore[method-assign]


def main() -> None:
    """Print one table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--technique", default="tanh,gru,lstm")
    parser.add_argument("--task", default="adding")
    parser.add_argument("--lag", type=int, default=50)
    parser.add_argument("--updates", type=int, help="the budget of a member")
    parser.add_argument("--rounds", type=int, default=5)
    words = parser.parse_args()
    prepare_process()
    print(f"{'technique':>12} {'bare s':>8} {'Lightning':>24} {'probes':>24} {'MLflow':>24}")
    for name in words.technique.split(","):
        chosen = Selectors(techniques=(name,), tasks=(words.task,), lags=(words.lag,), updates=words.updates)
        study = resolve(load_preset("quick"), chosen)
        # out of reach, so that both ways train every member for the whole budget
        cohort = study.measured_cohort(study.settings[0], 1e-6)
        with tempfile.TemporaryDirectory() as folder:
            bare_loop(cohort)
            train_cohort(cohort)  # neither is timed cold
            table = []
            for _ in range(words.rounds):
                bare, _ = seconds(time.process_time, bare_loop, cohort)
                with TimedProbes() as probes:
                    whole, result = seconds(time.process_time, train_cohort, cohort)
                store = Store.open(f"{folder}/{len(table)}")  # a new one: writing a cohort twice does nothing
                written, _ = seconds(time.perf_counter, store.write_cohort, result)
                lightning = (whole - probes.spent) / bare - 1
                table.append((bare, lightning, probes.spent / bare, written / bare))
        bare, *shares = zip(*table, strict=True)
        spreads = [f"{statistics.median(x):.1%} ({min(x):.1%} to {max(x):.1%})" for x in shares]
        print(f"{name:>12} {statistics.median(bare):8.2f} " + " ".join(f"{spread:>24}" for spread in spreads))


if __name__ == "__main__":
    main()
