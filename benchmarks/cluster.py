"""What handing work to a Ray cluster costs against processes here: start-up, and each piece of work.

    python benchmarks/cluster.py --rounds 20

A cluster of this machine alone is started. Both do the same nothing in turns, one piece at a time, each in a fresh
process; what a cohort takes comes on top of either.
"""

from __future__ import annotations

import argparse
import statistics
import time

from bench.execution.crew import Crew
from bench.execution.messages import Outlet, Result
from bench.execution.ray_crew import RayCluster
from bench.execution.workforce import Workforce


def nothing(connection: Outlet, plugins: object, work: object) -> None:
    """Send back what came."""
    connection.send(Result(work))


def seconds(crew: Workforce) -> float:
    """How long a piece of work takes from its start to its result."""
    begin = time.perf_counter()
    crew.start("nothing", nothing, None)
    while crew.busy:
        for _ in crew.messages():
            pass
    return time.perf_counter() - begin


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=20)
    rounds = parser.parse_args().rounds
    begin = time.perf_counter()
    with RayCluster("local") as cluster:
        print(f"start of a Ray cluster: {time.perf_counter() - begin:.1f} s")
        with Crew(1) as here, cluster.hire(1) as there:
            first = {"here": seconds(here), "on Ray": seconds(there)}
            print("first piece: " + ", ".join(f"{who} {value:.2f} s" for who, value in first.items()))
            pairs = [(seconds(here), seconds(there)) for _ in range(rounds)]
    medians = [statistics.median(values) for values in zip(*pairs, strict=True)]
    ratio = statistics.median(there / here for here, there in pairs)
    print(f"later ones: here {1000 * medians[0]:.0f} ms, on Ray {1000 * medians[1]:.0f} ms, {ratio:.1f} times")


if __name__ == "__main__":
    main()
