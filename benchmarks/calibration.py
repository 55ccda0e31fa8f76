"""Does the evidence keep its word? What it says at most to err, and how often it errs on results whose truth is known.

    python benchmarks/calibration.py [--runs 1000] [--part scores,family,…]

One table: errors of what is said of one comparison alone (at the level by itself, and at that of one among all of the
source's), of whole families, of dials, of techniques that are alike and were tuned apart or given up early, and of
whole stores through `verdicts`. A rate that is higher than promised by more than the luck of the simulation is marked.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from simulated import (
    DIALS,
    HOPELESS,
    MARGIN,
    NAMES,
    RESPONSES,
    SCORES,
    TYPICAL,
    Alike,
    Array,
    Draw,
    Hopeless,
    Lopsided,
    Rare,
    Response,
    Rng,
    Truth,
    store,
    tuned_apart,
)

from bench.evidence.claims import source_claims
from bench.evidence.family import most_comparisons
from bench.evidence.questions import answers
from bench.evidence.statistics import LEVEL, BestLessWorst, BoundedMean, Inference, Median, Screened, adjusted
from bench.evidence.verdicts import PartVerdict, judge
from bench.testing.luck import at_most
from bench.testing.made_up import SmallStore

SIZES = (5, 8, 13, 20, 32, 50)
FAMILY = most_comparisons(source_claims())
"""The comparisons of the source's claims."""
DIFFERENT = {"supported", "weakly supported", "contradicted", "weakly contradicted"}


COLUMNS = {
    "differ": LEVEL,
    "differ*": LEVEL / FAMILY,
    "beyond": LEVEL,
    "beyond*": LEVEL / FAMILY,
    "equal": LEVEL,
    "equal*": LEVEL / FAMILY,
    "missed": LEVEL,
    "any": LEVEL,
}
"""What may be false, and how often at most: that there is a difference, one beyond the margin, or none that matters
(* at the level of one among FAMILY); that the interval holds the truth; any statement of a family or a store."""


@dataclass(frozen=True)
class Row:
    """A case, and how often each thing that is false was said."""

    part: str
    case: str
    n: int
    runs: int
    hits: dict[str, int]

    def kept(self, column: str) -> bool:
        """Whether so many errors are no sign of more than promised."""
        return at_most(np.arange(self.runs) < self.hits[column], COLUMNS[column])

    def line(self) -> str:
        """Give it as a line of the table."""
        cells = [
            f"{self.hits[column] / self.runs:.3f}{' ' if self.kept(column) else '!'}" if column in self.hits else "-  "
            for column in COLUMNS
        ]
        return f"{self.part:8} {self.case:37} {self.n:3d}{self.runs:6d}" + "".join(f"{cell:>9}" for cell in cells)


HEAD = f"{'part':8} {'case':37} {'n':>3}{'runs':>6}" + "".join(f"{column + ' ':>9}" for column in COLUMNS)
PROMISED = " " * 56 + "".join(
    f"{f'{promised:.3f} ' if promised > 0.001 else f'{promised:.4f}':>9}" for promised in COLUMNS.values()
)


# One comparison alone


def scores(runs: int) -> Iterator[Row]:
    """Means of differences of scores."""
    for truth in SCORES:
        yield from _alone("scores", truth, runs, lambda values: BoundedMean(values, (-1, 1)), MARGIN)


def typical(runs: int) -> Iterator[Row]:
    """Medians of differences without bounds."""
    for truth in TYPICAL:
        yield from _alone("typical", truth, runs, Median, MARGIN)


def _alone(part: str, truth: Truth, runs: int, made: Callable[[Array], Inference], margin: float) -> Iterator[Row]:
    for n in SIZES:
        rng = np.random.default_rng(n)
        found = [made(truth.draw(rng, n).mean(axis=1)) for _ in range(runs)]
        yield _statements(part, truth.name, n, found, truth.mean, margin)


def _statements(part: str, case: str, n: int, found: list[Inference], centre: float, margin: float) -> Row:
    """How often each statement that is false is made, by itself and at the level of a family."""
    stated = [{a.statement: a.p for a in answers("higher", one, one, margin)} for one in found]
    false = {
        "differ": [min(p["above"], p["below"]) for p in stated] if centre == 0 else [],
        "beyond": [min(p["beyond above"], p["beyond below"]) for p in stated] if abs(centre) <= margin else [],
        "equal": [p["within"] for p in stated] if abs(centre) >= margin else [],
    }
    hits = {
        what + mark: sum(p <= level for p in p_values)
        for what, p_values in false.items()
        for mark, level in (("", LEVEL), ("*", LEVEL / FAMILY))
        if p_values
    }
    limits = [one.interval(1 - LEVEL) for one in found]
    missed = sum(not low - 1e-9 <= centre <= high + 1e-9 for low, high in limits)
    return Row(part, case, n, len(found), hits | {"missed": missed})


def dials(runs: int) -> Iterator[Row]:
    """The best of a dial's values less the worst."""
    for dial in DIALS:
        for n in SIZES[2:]:
            rng = np.random.default_rng(n)
            found: list[Inference] = [BestLessWorst(dial.draw(rng, n), (0, 1)) for _ in range(runs)]
            yield _statements("dials", dial.name, n, found, dial.worth, MARGIN)


# A family


def family(runs: int) -> Iterator[Row]:
    """Any false statement among those on FAMILY comparisons, corrected as verdicts are."""
    smooth, lopsided, together = SCORES[0], SCORES[3], SCORES[6]
    cases = {
        "all exchangeable": [smooth] * FAMILY,
        f"4 of {FAMILY} lopsided": [lopsided] * 4 + [smooth] * (FAMILY - 4),
        f"10 of {FAMILY} at the margin, together": [together] * 10 + [smooth] * (FAMILY - 10),
    }
    for case, truths in cases.items():
        for n in (13, 20, 50):
            rng = np.random.default_rng(n)
            hits = sum(_any_false(truths, rng, n) for _ in range(runs))
            yield Row("family", case, n, runs, {"any": hits})


def _any_false(truths: list[Truth], rng: Rng, n: int) -> bool:
    found = [BoundedMean(truth.draw(rng, n).mean(axis=1), (-1, 1)) for truth in truths]
    stated = [answers("higher", one, one, MARGIN) for one in found]
    corrected = adjusted([[(a.p, a.final) for a in several] for several in stated])
    for truth, several, p_values in zip(truths, stated, corrected, strict=True):
        told = {a.statement for a, p in zip(several, p_values, strict=True) if p <= LEVEL}
        true = {"above": truth.mean > 0, "below": truth.mean < 0, "within": abs(truth.mean) < MARGIN}
        if any(not true.get(statement, False) for statement in told):
            return True
    return False


# Tuning


def shared(seeds: int) -> Callable[[Rng, Response, int], Array | int]:
    """One rate for all, by successive halving up to so many tuning seeds: as `bench.protocol.ladder` has it."""

    def choose(rng: Rng, response: Response, n: int) -> int:
        rates, have = list(range(len(response.by_rate))), 0
        solved, taken = np.zeros((len(rates), 0), bool), np.zeros((len(rates), 0))
        while True:
            more = min(max(2, 2 * have), seeds) - have
            fresh = [response.run(rng, rate, (more,)) for rate in range(len(response.by_rate))]
            solved = np.hstack([solved, [one for one, _ in fresh]])
            taken = np.hstack([taken, [one for _, one in fresh]])
            have += more
            rates.sort(key=lambda rate: (-solved[rate].mean(), taken[rate].mean()))
            if have >= seeds:
                return rates[0]
            rates = rates[: max(2, -(-len(rates) // 2))]

    return choose


def own(rng: Rng, response: Response, n: int) -> Array:
    """Every measured seed's own rate, by one tuning seed of its own at each."""
    found = [response.run(rng, rate, (n,)) for rate in range(len(response.by_rate))]
    order = np.array([taken - 1e6 * solved for solved, taken in found])
    return order.argmin(axis=0)


TUNINGS = {"2 seeds": shared(2), "8 seeds": shared(8), "16 seeds": shared(16), "own": own}


def tuning(runs: int) -> Iterator[Row]:
    """Two techniques that respond alike to the rate, each tuned by itself."""
    for response in RESPONSES:
        for name, choose in TUNINGS.items():
            for n in (20, 32, 50):
                rng = np.random.default_rng(n)
                draws = [[response.scores(rng, choose(rng, response, n), n) for _ in range(2)] for _ in range(runs)]
                found: list[Inference] = [BoundedMean(one - other, (-1, 1)) for one, other in draws]
                yield _statements("tuning", f"{response.name}, {name}", n, found, 0.0, MARGIN)


# Screening

SHARES = (0.05, 0.1, 0.2, 0.3, 0.4, 0.5)
SCREENING, SCREENED = 8, 32


def screening(runs: int) -> Iterator[Row]:
    """Two techniques that are alike, each given up in a cell after some seeds if none solves."""
    for share in SHARES:
        for cells in (1, 4):
            rng = np.random.default_rng(SCREENED)
            pairs = [(given_up(rng, share, cells), given_up(rng, share, cells)) for _ in range(runs)]
            case = f"{share:g} solve, {SCREENING} of {SCREENED}, {cells} cells"
            found = [of_two(one, other) for one, other in pairs]
            yield _statements("screening", case, SCREENED, found, 0.0, MARGIN)


def given_up(rng: Rng, share: float, cells: int) -> tuple[Array, float]:
    """Scores (seeds, cells), 0 where a seed was spared, and the share of cells that were given up."""
    solved = rng.random((SCREENED, cells)) < share
    ended = ~solved[:SCREENING].any(axis=0)
    return np.where(ended, 0.0, solved), float(ended.mean())


def of_two(one: tuple[Array, float], other: tuple[Array, float]) -> Inference:
    """What verdicts infer from the difference."""
    whole = BoundedMean((one[0] - other[0]).mean(axis=1), (-1, 1))
    return Screened(whole, one[1], other[1], SCREENING)


# Whole stores


def stores(runs: int) -> Iterator[Row]:
    """Any false verdict of a store, through `judge`: differences between techniques that are alike, and the like."""
    for n in (13, 30):
        yield _of_stores("all alike, a tenth of gradients dead", n, runs, Alike)
        yield _of_stores("lopsided", n, runs, Lopsided)
        for name, choose in TUNINGS.items():
            yield _of_stores(f"tuned apart, {name}", n, runs, lambda c=choose: tuned_apart(RESPONSES[0], c))
    for share in SHARES:
        yield _of_stores(
            f"{share:g} solve, {SCREENING} screen", SCREENED, runs, lambda p=share: Rare(p), after=SCREENING
        )
    yield _of_stores("hopeless lags, the rest at the margin", 100, runs, Hopeless, HOPELESS, _equal)


def _of_stores(
    case: str,
    n: int,
    runs: int,
    draw: Callable[[], Draw],
    names: tuple[str, ...] = NAMES,
    false: Callable[[list[PartVerdict]], list[PartVerdict]] | None = None,
    after: int = 0,
) -> Row:
    rng = np.random.default_rng(n)
    hits = sum(bool((false or told_apart)(compared(store(rng, n, draw(), names, after)))) for _ in range(runs))
    return Row("stores", case, n, runs, {"any": hits})


def compared(made: SmallStore) -> list[PartVerdict]:
    """The parts of all claims that compare techniques, as they are judged."""
    return [part for claim in judge(made) for part in claim.parts if part.asked.references]


def told_apart(parts: list[PartVerdict]) -> list[PartVerdict]:
    """The parts that tell apart what does not differ."""
    return [
        part
        for part in parts
        if (part.direction in ("higher", "lower") and part.verdict in DIFFERENT)
        or (part.direction in ("equal", "not lower") and part.verdict == "contradicted")
    ]


def _equal(parts: list[PartVerdict]) -> list[PartVerdict]:
    """The parts that call equal in learning what differs by the margin from the baseline."""
    rivals = [part for part in parts if part.kind == "score" and part.asked.techniques[0] in HOPELESS[2:]]
    return [part for part in rivals if part.verdict == "practically equal"]


PARTS: dict[str, Callable[[int], Iterator[Row]]] = {
    "scores": scores,
    "typical": typical,
    "dials": dials,
    "family": family,
    "tuning": tuning,
    "screening": screening,
    "stores": stores,
}
COST = {"scores": 1, "typical": 1, "dials": 5, "family": 10, "tuning": 2, "screening": 1, "stores": 50}
"""How many times fewer runs a part has, each of which takes as many times longer."""


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=1000, help="simulations of a comparison; of families, fewer")
    parser.add_argument("--part", default=",".join(PARTS), help="parts of the table, with commas between")
    given = parser.parse_args()
    print(HEAD, PROMISED, sep="\n")
    rows = []
    for part in given.part.split(","):
        for row in PARTS[part](max(1, given.runs // COST[part])):
            rows.append(row)
            print(row.line(), flush=True)
    broken = sum(not row.kept(column) for row in rows for column in row.hits)
    print(f"{broken} of {sum(len(row.hits) for row in rows)} rates are higher than promised (!)")


if __name__ == "__main__":
    main()
