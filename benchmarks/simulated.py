"""Results whose truth is known: what two techniques may do, seed by seed and cell by cell, and whole stores of it."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from bench.evidence.claims import source_claims
from bench.testing.made_up import RULES, SmallStore, World, probe, setting

Array = NDArray[np.float64]
Rng = np.random.Generator
MARGIN = 0.1
"""That of the score."""


@dataclass(frozen=True)
class Truth:
    """How differences come about."""

    name: str
    mean: float
    """Their true mean; of values without bounds, their true median."""
    draw: Callable[[Rng, int], Array]
    """(seeds, cells) of so many seeds."""


# One comparison


def _failing(share: float) -> Truth:
    """A small gain, but now and then a failure that makes up for it."""
    return Truth(
        f"lopsided: {share:.0%} fail", 0.0, lambda rng, n: np.where(rng.random((n, 1)) < share, share - 1, share)
    )


def _losing(cells: int, shared: float | None) -> Callable[[Rng, int], Array]:
    """A tenth of the cells loses everything: each by itself (0), all of a seed (None), or with this correlation."""

    def draw(rng: Rng, n: int) -> Array:
        if shared is None:
            return np.repeat(-1.0 * (rng.random((n, 1)) < MARGIN), cells, axis=1)
        total = 1 / shared - 1 if shared else np.inf
        share = rng.beta(MARGIN * total, (1 - MARGIN) * total, (n, 1)) if shared else MARGIN
        return -1.0 * (rng.random((n, cells)) < share)

    return draw


def _scores(rng: Rng, n: int) -> Array:
    return np.round(30 * rng.beta(0.5, 3, (n, 1))) / 30


SCORES = (
    Truth("exchangeable: smooth", 0.0, lambda rng, n: rng.beta(2, 2, (n, 1)) - rng.beta(2, 2, (n, 1))),
    Truth(
        "exchangeable: solved or not", 0.0, lambda rng, n: 1.0 * (rng.random((n, 1)) < 0.7) - (rng.random((n, 1)) < 0.7)
    ),
    Truth("exchangeable: skewed lattice", 0.0, lambda rng, n: _scores(rng, n) - _scores(rng, n)),
    _failing(0.05),
    _failing(0.1),
    Truth("all alike but a tenth", -MARGIN, _losing(1, 0.0)),
    Truth("9 cells together", -MARGIN, _losing(9, None)),
    Truth("9 cells, correlated by .3", -MARGIN, _losing(9, 0.3)),
    Truth("9 cells, independent", -MARGIN, _losing(9, 0.0)),
)
"""Differences of scores between −1 and 1; where the mean is not 0 it lies at the margin, so that equality is false."""


def _dying(rng: Rng, n: int) -> Array:
    """A fifth of the gradients is dead, far below all others, of which so many lie above 0 that half of all do."""
    return np.where(rng.random((n, 1)) < 0.2, -700.0, rng.normal(stats.norm.isf(0.375), 1, (n, 1)))


TYPICAL = (
    Truth("normal", 0.0, lambda rng, n: rng.normal(0, 1, (n, 1))),
    Truth("exponential", 0.0, lambda rng, n: rng.exponential(1, (n, 1)) - np.log(2)),
    Truth("Cauchy", 0.0, lambda rng, n: rng.standard_cauchy((n, 1))),
    Truth("a fifth are dead", 0.0, _dying),
)
"""Differences without bounds, as of the gradient's rate."""


# A dial


@dataclass(frozen=True)
class Dial:
    """Scores of several values of a dial; seeds differ, and so may values."""

    name: str
    worth: float
    """The best mean less the worst."""
    means: tuple[float, ...]

    def draw(self, rng: Rng, n: int) -> Array:
        """(dial values, seeds)."""
        seeds = rng.normal(0, 0.1, (1, n))
        return np.clip(np.array(self.means)[:, None] + seeds + rng.normal(0, 0.1, (len(self.means), n)), 0, 1)


DIALS = (
    Dial("two values, no effect", 0.0, (0.5,) * 2),
    Dial("five values, no effect", 0.0, (0.5,) * 5),
    Dial("one of five .05 worse", 0.05, (0.5, 0.5, 0.5, 0.5, 0.45)),
    Dial("five values, .1 from end to end", 0.1, (0.55, 0.52, 0.5, 0.48, 0.45)),
)


# Tuning


@dataclass(frozen=True)
class Response:
    """How a technique responds to the learning rate: by rate, the share of runs that solve, and mean updates to."""

    name: str
    by_rate: tuple[tuple[float, float], ...]
    budget: int = 1500

    def run(self, rng: Rng, rate: int, shape: tuple[int, ...]) -> tuple[NDArray[np.bool_], Array]:
        """Whether runs solve, and their updates: the budget if not."""
        share, updates = self.by_rate[rate]
        solved = rng.random(shape) < share
        taken = np.clip(np.round(rng.normal(updates, 0.2 * updates, shape) / 50) * 50, 50, self.budget)
        return solved, np.where(solved, taken, self.budget)

    def scores(self, rng: Rng, rates: Array | int, n: int) -> Array:
        """Scores of seeds, each at its rate."""
        chosen = np.broadcast_to(rates, (n,))
        found = np.zeros(n)
        for rate in set(chosen.tolist()):
            here = chosen == rate
            found[here] = 1 - self.run(rng, rate, (int(here.sum()),))[1] / self.budget
        return found


RESPONSES = (
    Response("best at the edge", ((0.9, 600), (0.7, 800), (0.4, 1100), (0.1, 1300), (0.0, 1500))),
    Response("easy", ((1.0, 300), (1.0, 500), (0.9, 900), (0.5, 1200), (0.1, 1400))),
    Response("best within", ((0.1, 1400), (0.6, 900), (0.9, 600), (0.7, 800), (0.3, 1200))),
)


# Whole stores

NAMES = tuple(
    dict.fromkeys(
        name
        for claim in source_claims()
        for part in claim.parts
        if part.arm == "main" and part.estimand.bounds
        for name in (*part.techniques, *part.twins)
        if "=" not in name
    )
)
"""The techniques whose learning the source's claims compare in the main arm."""
CELLS = (("adding", 20), ("adding", 40), ("copy", 5), ("temporal-order", 20))
Draw = Callable[[Rng, str, tuple[str, int], int], Array]
"""Updates that so many seeds of a technique take in a cell; infinite where one does not solve."""


def store(rng: Rng, seeds: int, draw: Draw, names: Iterable[str] = NAMES, screening: int = 0) -> SmallStore:
    """A store in which techniques do as they are drawn, and their gradients all decay alike.

    One in ten gradients is dead at the end, in whatever technique; lags beyond one that no seed solves are spared, and
    so are other seeds if none of the first solves: as many as `screening` says.
    """
    made = World(rules=RULES.model_copy(update={"screening_seeds": screening}), planned=seeds)
    for name, task in itertools.product(names, dict.fromkeys(task for task, _ in CELLS)):
        _climb(made, rng, seeds, name, [lag for other, lag in CELLS if other == task], task, draw)
    return made.finish()


def _climb(made: World, rng: Rng, seeds: int, name: str, lags: list[int], task: str, draw: Draw) -> None:
    spared = False
    for lag in lags:
        if spared:
            made.settings["main"].append(setting(name, lag, task, rules=made.rules))
            continue
        taken = screened(draw(rng, name, (task, lag), seeds), made.rules.screening_seeds)
        solved = np.isfinite(taken)
        spared = not solved.any()
        columns: dict[str, Any] = {
            "outcome": np.where(solved, "solved", "unsolved").tolist(),
            "updates": np.where(solved, taken, RULES.updates).astype(int).tolist(),
        }
        for row in made.train(name, len(taken), lag=lag, task=task, **columns):
            decays = {"start": rng.normal(-0.5, 0.05), "during": rng.normal(-0.3, 0.1), "end": rng.normal(-0.2, 0.1)}
            decays["end"] = np.nan if rng.random() < 0.1 else decays["end"]
            made.store.probe_rows += [
                probe(row, moment, quantity, decay=decay, reach=max(0.0, -5 / decay) if decay < 0 else 0.0)
                for moment, decay in decays.items()
                for quantity in (("h", "c") if name == "lstm" else ("h",))
                if moment != "during" or row["updates"] > RULES.updates // 4
            ]


def screened(taken: Array, screening: int) -> Array:
    """The updates of the seeds that are trained: only the first, if so many screen and none of them solves."""
    return taken[:screening] if screening and not np.isfinite(taken[:screening]).any() else taken


@dataclass
class Alike:
    """Every technique solves as often and as fast; a seed has the luck of its weights in all that it does."""

    share: float = 0.7
    luck: dict[int, Array] = field(default_factory=dict)

    def __call__(self, rng: Rng, name: str, cell: tuple[str, int], seeds: int) -> Array:
        if seeds not in self.luck:
            self.luck[seeds] = rng.normal(0, 0.15, seeds)
        chance = np.clip(self.share + self.luck[seeds] - (0.4 if cell[1] == 40 else 0.0), 0, 1)
        taken = np.clip(rng.normal(40, 15, seeds), 10, 100)
        return np.where(rng.random(seeds) < chance, taken, np.inf)


@dataclass
class Lopsided:
    """The baseline takes half of the budget; its rivals gain a little, but a tenth of their seeds fails in all."""

    fails: dict[str, NDArray[np.bool_]] = field(default_factory=dict)

    def __call__(self, rng: Rng, name: str, cell: tuple[str, int], seeds: int) -> Array:
        if name == "tanh":
            return np.full(seeds, 50.0)
        if name not in self.fails:
            self.fails[name] = rng.random(seeds) < 0.1
        gained = np.where(rng.random(seeds) < 5 / 9, 6, 5)  # 50 / 9 on average: a tenth of 50 over nine tenths
        return np.where(self.fails[name], np.inf, 50.0 - gained)


HOPELESS = ("tanh", "gru", "clip-norm", "residual-time")


@dataclass
class Hopeless:
    """A fifth of the rivals' seeds fails where the baseline takes half of the budget, which is the margin exactly.

    Only the GRU ever adds: at the one lag all others fail, and at the longer one they are spared.
    """

    fails: dict[str, NDArray[np.bool_]] = field(default_factory=dict)

    def __call__(self, rng: Rng, name: str, cell: tuple[str, int], seeds: int) -> Array:
        if cell[0] == "adding":
            return np.full(seeds, 50.0 if name == "gru" else np.inf)
        if name not in self.fails:
            self.fails[name] = rng.random(seeds) < (0.0 if name in ("tanh", "gru") else 0.2)
        return np.where(self.fails[name], np.inf, 50.0)


@dataclass
class Rare:
    """Every technique solves this share of its runs, at once: the most that a run can be worth."""

    share: float

    def __call__(self, rng: Rng, name: str, cell: tuple[str, int], seeds: int) -> Array:
        return np.where(rng.random(seeds) < self.share, 10.0, np.inf)


def tuned_apart(response: Response, choose: Callable[[Rng, Response, int], Array | int]) -> Draw:
    """Every technique responds alike to the rate, and is tuned by itself in each cell."""

    def draw(rng: Rng, name: str, cell: tuple[str, int], seeds: int) -> Array:
        scores = response.scores(rng, choose(rng, response, seeds), seeds)
        return np.where(scores > 0, np.round(RULES.updates * (1 - scores)), np.inf)

    return draw
