"""How fast members train, beside other ways to train the same members; each part prints one table.

    python benchmarks/speed.py update [--technique tanh,lstm] [--hidden 64,128] [--members 8] [--rounds 9]
    python benchmarks/speed.py matrix [--technique …] [--task …] [--lag …] [--members 2] [--rounds 3]
    python benchmarks/speed.py lag [--technique …] [--lag …] [--stack 1,4,16] [--rounds 5]
    python benchmarks/speed.py jobs [--technique …] [--updates 200] [--rounds 5]

Contestants take turns, round by round. Ratios are formed within a round, and given as their median (with quartiles);
above 1, ours is the faster. Needs `pip install '.[peers]'` for JAX.

update: one training update on the adding problem, per member of a stack of ours, in core time (of all threads), with
denormals flushed. JAX: the same update, first held to the same losses; the faster of one member and a stack under
`vmap`. torch: its own module alone, one member, forward and backward, no readout and no optimiser. loop: the cell in a
Python loop with autograd and plain Adam, one member. Last, our time over the floor: the update's products at the speed
of the best matrix product that this machine did in the same run.

matrix: the ladders of the `quick` preset (tuning, measured seeds, next lag), by `train_cohort` and `write_cohort` on
one core, against a plain Lightning script with MLflow that trains one member after the other, from the same weights on
the same sequences by the same stop rule. `plain` runs with torch's default threads, one a core, and denormals as they
come; `plain, 1 core` on one thread with denormals flushed. Ratios are of core seconds, what a member costs the
machine, for both. `plain wall` is the plain script's wall time over that of ours on ONE core; with as many jobs as
cores, ours is faster still by what `jobs` measures. Torch's threads spin while they wait for one another: on a machine
that other programs use too, `plain` comes out far too slow (`--threads 1` spares that). The plain script trains a
random sample of a setting's members, another each round; its time is scaled up to as many updates as all of ours took.
`updates` are what members of ours and of theirs trained for, on average: at first their losses are the same, then
rounding tells them apart.

lag: core time a step and member of one update, over that at the first lag, measured in turns in one process; and how
far the process's memory grew at its most. jobs: updates a second of two processes side by side over those of one.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import random
import resource
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
import peers
import torch

from bench.protocol.ladder import next_cohort
from bench.protocol.preset import Selectors, load_preset, resolve
from bench.records.result import MEMBERS, typed
from bench.records.settings import Cohort, Setting
from bench.records.study import Study
from bench.tracking import Store
from bench.training.cohort import prepare_process, train_cohort
from bench.training.cost import count_flops, one_member
from bench.training.turns import Work, one_round, seconds, warm

SECONDS_A_ROUND = 0.05
"""Repeats of a round are chosen to take about this long."""
FIRST_UPDATES = 3
"""So many updates of JAX and of ours must give the same losses before they are timed."""
PRODUCT_SIZES = (256, 512, 1024)
"""Of the square matrices whose product measures what the machine can do."""


core_seconds = partial(seconds, time.process_time)
"""Core time of one call, all threads added up."""


def alternate(works: dict[str, Work], rounds: int) -> dict[str, list[float]]:
    """Core seconds of one call of each, round by round, warmed up."""
    called = list(works.values())
    with warm(called):
        repeats = [max(1, round(SECONDS_A_ROUND / (2 * core_seconds(work, 2)))) for work in called]
        found = [one_round(time.process_time, called, repeats) for _ in range(rounds)]
    return dict(zip(works, map(list, zip(*found, strict=True)), strict=True))


def spread(values: Sequence[float]) -> str:
    """The median (and quartiles)."""
    if len(values) < 2:
        return f"{values[0]:.2f}"
    low, median, high = statistics.quantiles(values, n=4, method="inclusive")
    return f"{median:.2f} ({low:.2f} to {high:.2f})"


def ratios(theirs: Sequence[float], ours: Sequence[float]) -> str:
    """The spread of their time over ours, round by round."""
    return spread([a / b for a, b in zip(theirs, ours, strict=True)])


def print_row(widths: Sequence[int], cells: Sequence[str]) -> None:
    """One row of a table, as soon as it is known."""
    print(" ".join(f"{cell:>{width}}" for cell, width in zip(cells, widths, strict=True)), flush=True)


def quick(words: argparse.Namespace, hidden: int | None = None) -> Study:
    """The `quick` study with what the command line chose."""
    return resolve(
        load_preset("quick"),
        Selectors(
            techniques=words.technique, tasks=words.task, lags=words.lag, updates=words.updates, hidden_size=hidden
        ),
    )


@contextmanager
def worker() -> Iterator[ProcessPoolExecutor]:
    """A fresh process that does one thing after the other; what takes seconds to import is imported once for all."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["peers"])
    with ProcessPoolExecutor(1, context) as pool:
        yield pool


# update


def best_flops() -> float:
    """Floating-point operations a second of the best matrix product."""
    best = 0.0
    for size in PRODUCT_SIZES:
        a, b, out = (torch.rand(size, size) for _ in range(3))
        times = [core_seconds(lambda a=a, b=b, out=out: torch.mm(a, b, out=out)) for _ in range(20)]
        best = max(best, 2 * size**3 / min(times))
    return best


def contestants(setting: Setting, members: int) -> dict[str, Work]:
    """Ours and its peers, by name; those that train have given the same losses as ours."""
    module, ours = one_member(setting, members=members)
    trained: dict[str, Work] = {"loop": peers.loop_update(setting)}
    if setting.technique in ("tanh", "gru", "lstm"):
        import peers_jax

        given = *peers.batch(setting), setting.learning_rates[-1]
        for name, count in {"one": 1, "vmap": members}.items():
            trained[name] = peers_jax.updater(setting.technique, module, *given, count)
    for _ in range(FIRST_UPDATES):
        losses = ours()[0]
        for work in trained.values():
            found = torch.tensor(work().tolist()).flatten()
            torch.testing.assert_close(found, losses[: len(found)], rtol=1e-3, atol=1e-5)
    if setting.technique in peers.CELLS:
        trained["torch"] = peers.module_update(setting)
    return {"ours": ours} | trained


def update(words: argparse.Namespace) -> None:
    """One training update."""
    prepare_process()
    best = best_flops()
    print(f"best matrix product: {best / 1e9:.1f} Gflop/s; members of ours: {words.members}")
    widths = (14, 5, 7, 24, 5, 24, 24, 24)
    print_row(widths, ("technique", "units", "ours ms", "JAX", "form", "torch", "loop", "floor: ours over it"))
    for hidden in words.hidden:
        for setting in quick(words, hidden).settings:
            found = alternate(contestants(setting, words.members), words.rounds)
            for stacked in {"ours", "vmap"} & set(found):
                found[stacked] = [seconds / words.members for seconds in found[stacked]]
            ours = found["ours"]
            form = min({"one", "vmap"} & set(found), key=lambda name: statistics.median(found[name]), default="")
            floor = count_flops(setting) / best
            theirs = [ratios(found[name], ours) if name in found else "" for name in (form, "torch", "loop")]
            print_row(
                widths,
                (setting.technique, str(hidden), f"{statistics.median(ours) * 1e3:.2f}", theirs[0], form, *theirs[1:],
                 spread([seconds / floor for seconds in ours])),
            )  # fmt: skip


# matrix


def climb(study: Study) -> list[dict[str, Any]]:
    """Train and store the one ladder of a study: a row a setting with its members, core and wall seconds, updates."""
    prepare_process()
    (chain,) = study.chains()
    done = typed([], MEMBERS)
    rows: dict[int, dict[str, Any]] = {}
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "mlflow.db").write_bytes(peers.empty_database())
        store = Store.open(folder)
        while cohort := next_cohort(study, chain, done):
            core, wall = time.process_time(), time.perf_counter()
            result = train_cohort(cohort)
            store.write_cohort(result)
            row = rows.setdefault(
                cohort.setting.lag, {"setting": cohort.setting, "members": [], "core": 0.0, "wall": 0.0, "updates": 0}
            )
            row["core"] += time.process_time() - core
            row["wall"] += time.perf_counter() - wall
            row["members"] += cohort.members
            row["updates"] += trained_updates(result.members)
            done = result.members if done.empty else pd.concat([done, result.members])
    return list(rows.values())


def trained_updates(members: pd.DataFrame) -> int:
    """Updates that members trained for: one that solved went on to the evaluation that confirmed it."""
    solved = members["outcome"] == "solved"
    return int(members["updates"].sum() + (solved * members["evaluate_every"]).sum())


def chains(words: argparse.Namespace) -> list[Study]:
    """A study a ladder."""
    study = quick(words)
    return [study.model_copy(update={"settings": chain.settings}) for chain in study.chains()]


def matrix(words: argparse.Namespace) -> None:
    """Whole ladders."""
    plain = {"plain": (words.threads, False), "single": (1, True)}
    rows: list[dict[str, Any]] = []
    with worker() as us, worker() as them:
        _warm_up(chains(words)[0], us, them)
        for number in range(words.rounds):
            for study in chains(words):
                for row in us.submit(climb, study).result():
                    count = len(row["members"])
                    sample = random.Random(number).sample(row["members"], min(words.members, count))
                    for name, how in plain.items():
                        found = them.submit(peers.train_plainly, row["setting"], sample, *how).result()
                        scale = row["updates"] / found["updates"]
                        row |= {f"{name} {key}": scale * found[key] for key in ("core", "wall")}
                        row[f"{name} updates"] = found["updates"] * count / len(sample)
                    rows.append(row | {"label": row["setting"].label, "members": count})
    _print_matrix(pd.DataFrame(rows), words.threads, words.members)


def _warm_up(study: Study, us: ProcessPoolExecutor, them: ProcessPoolExecutor) -> None:
    """Let both processes train a little of the study's first setting."""
    setting = study.settings[0]
    protocol = setting.protocol.model_copy(update={"updates": setting.protocol.evaluate_every})
    setting = setting.model_copy(update={"protocol": protocol})
    study = study.model_copy(update={"settings": (setting,)})
    us.submit(climb, study).result()
    them.submit(peers.train_plainly, setting, study.measured_cohort(setting, 0.001).members[:1], 1, True).result()


def _print_matrix(rows: pd.DataFrame, threads: int, sampled: int) -> None:
    """A row a setting, and one of all; each round counts once."""
    print(f"plain script: {sampled} members a setting, scaled to all updates; `plain` on {threads} threads; core time")
    widths = (28, 7, 8, 10, 22, 22, 22, 15)
    print_row(
        widths,
        ("setting", "members", "core s", "a core-h", "plain", "plain, 1 core", "plain wall", "updates"),
    )
    sums = rows.drop(columns="setting")
    rounds = sums.groupby("label", sort=False).cumcount()
    whole = sums.drop(columns="label").groupby(rounds).sum().assign(label="all")
    for label, table in pd.concat([sums, whole]).groupby("label", sort=False):
        members, core = table["members"].iloc[0], table["core"].median()
        print_row(
            widths,
            (label, f"{members:.0f}", f"{core:.2f}", f"{3600 * members / core:.0f}",
             ratios(table["plain core"], table["core"]), ratios(table["single core"], table["core"]),
             ratios(table["plain wall"], table["wall"]),
             f"{table['updates'].mean() / members:.0f} / {table['plain updates'].mean() / members:.0f}"),
        )  # fmt: skip


# lag


def time_steps(setting: Setting, first: Setting, members: int, rounds: int, limit: int) -> tuple[list[float], int]:
    """Core seconds a step and member over those at the first lag, round by round; and bytes that the process grew."""
    prepare_process()
    resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    _, own = one_member(setting, members=members)
    own()
    own()
    grown = 1024 * (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
    _, base = one_member(first, members=members)
    found = alternate({"own": own, "base": base}, rounds)
    scale = first.lag / setting.lag
    return [scale * a / b for a, b in zip(found["own"], found["base"], strict=True)], grown


def lag(words: argparse.Namespace) -> None:
    """Cost a step against lag."""
    widths = (12, 7, 6, 24, 9)
    print_row(widths, ("technique", "members", "lag", "time a step", "MiB"))
    for chain in quick(words, words.hidden[0]).chains():
        first, *_ = chain.settings
        for members in words.stack:
            for setting in chain.settings:
                with worker() as pool:
                    case = setting, first, members, words.rounds, int(words.memory * 2**30)
                    try:
                        found, grown = pool.submit(time_steps, *case).result()
                        cells = spread(found), f"{grown / 2**20:.0f}"
                    except (RuntimeError, MemoryError) as error:
                        if isinstance(error, RuntimeError) and "memory" not in str(error):  # as torch says it
                            raise
                        cells = "needs more memory", f"> {1024 * words.memory:.0f}"
                print_row(widths, (setting.technique, str(members), str(setting.lag), *cells))


# jobs


def wall_seconds(cohort: Cohort) -> float:
    """Wall time to train a cohort."""
    prepare_process()
    begin = time.perf_counter()
    train_cohort(cohort)
    return time.perf_counter() - begin


def jobs(words: argparse.Namespace) -> None:
    """Two processes side by side."""
    widths = (12, 6, 8, 24)
    print_row(widths, ("technique", "units", "one: s", "two over one"))
    with worker() as first, worker() as second:
        for hidden in words.hidden:
            study = quick(words, hidden)
            for setting in study.settings:
                # out of reach, so that all members train for the whole budget
                cohort = study.measured_cohort(setting, 1e-6)
                alone, gains = [], []
                for _ in range(words.rounds + 1):
                    both = [
                        future.result() for future in [pool.submit(wall_seconds, cohort) for pool in (first, second)]
                    ]
                    alone.append(first.submit(wall_seconds, cohort).result())
                    gains.append(sum(alone[-1] / seconds for seconds in both))
                one = f"{statistics.median(alone[1:]):.2f}"  # the first round warms up
                print_row(widths, (setting.technique, str(hidden), one, spread(gains[1:])))


def names(text: str) -> tuple[str, ...]:
    """'a,b' as a tuple."""
    return tuple(text.split(","))


def numbers(text: str) -> tuple[int, ...]:
    """'1,2' as a tuple."""
    return tuple(map(int, text.split(",")))


OWN_CELLS = "residual-time,mgu,fastgrnn,mingru,gelu,clip-norm,irnn,softsign,leaky-relu"
PARTS: dict[Callable[[argparse.Namespace], None], dict[str, Any]] = {
    update: {"technique": names(f"tanh,gru,lstm,{OWN_CELLS}"), "lag": (100,), "hidden": (64, 128), "rounds": 9},
    matrix: {
        "technique": names("tanh,lstm,gru,clip-norm"), "task": names("adding,temporal-order"), "rounds": 3, "members": 2
    },
    lag: {"technique": names("tanh,gru,lstm"), "lag": (100, 500, 1000, 5000), "hidden": (128,), "rounds": 5},
    jobs: {"technique": names("tanh,gru,lstm"), "lag": (50,), "hidden": (32,), "updates": 200, "rounds": 5},
}  # fmt: skip
"""What each part does by default."""


def main() -> None:
    """Print one table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parts = parser.add_subparsers(required=True)
    for part, defaults in PARTS.items():
        words = parts.add_parser(part.__name__, help=part.__doc__)
        words.add_argument("--technique", type=names)
        words.add_argument("--task", type=names, default=("adding",))
        words.add_argument("--lag", type=numbers)
        words.add_argument("--hidden", type=numbers)
        words.add_argument("--updates", type=int, help="the budget of a member")
        words.add_argument("--rounds", type=int)
        words.add_argument("--members", type=int, default=8, help="of ours in a stack, or of the plain script")
        words.add_argument("--threads", type=int, default=os.cpu_count() or 1, help="of the plain script")
        words.add_argument("--stack", type=numbers, default=(1, 4, 16), help="sizes of a stack")
        words.add_argument("--memory", type=float, default=8, help="GiB that a case may take")
        words.set_defaults(part=part, **defaults)
    chosen = parser.parse_args()
    chosen.part(chosen)


if __name__ == "__main__":
    main()
