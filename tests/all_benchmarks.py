"""A program that does every part of every benchmark that this process can, each as small as it goes.

It writes a JSON object: of each part the lines that it printed, and the traceback of its error, if any. It is a program
of its own because benchmarks settle a process for good (threads, denormals, limits, JAX's threads).
"""

import contextlib
import io
import json
import sys
import traceback
from importlib import import_module
from pathlib import Path

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"
PARTS = {
    "speed update": "--technique tanh,gru,lstm,clip-norm --lag 3 --hidden 4 --members 2 --rounds 1",
    "speed matrix": "--technique tanh,clip-norm --task adding,temporal-order --lag 10 --updates 50 --members 1 "
    "--rounds 1 --threads 1",
    "speed lag": "--technique tanh --lag 3,5 --hidden 4 --stack 1,2 --rounds 2",
    "speed jobs": "--technique tanh --hidden 4 --lag 3 --updates 50 --rounds 1",
    "shares": "--technique tanh --hidden 4 --lag 3 --members 2 --updates 50",
    "overhead": "--technique tanh --lag 3 --updates 50 --rounds 1",
    "calibration": "--runs 20 --part typical",
}
"""What each needs on the command line; `cluster` runs in tests/execution/test_ray.py, where there is a cluster."""


def does(part: str, words: str) -> dict[str, object]:
    """What a part prints, and how it fails."""
    script, *sub = part.split()
    sys.argv = [script, *sub, *words.split()]
    out, error = io.StringIO(), ""
    try:
        with contextlib.redirect_stdout(out):
            import_module(script).main()
    except BaseException:  # a usage error ends the program
        error = traceback.format_exc()
    return {"lines": out.getvalue().splitlines(), "error": error}


if __name__ == "__main__":
    sys.path.insert(0, str(BENCHMARKS))
    print(json.dumps({part: does(part, words) for part, words in PARTS.items()}))
