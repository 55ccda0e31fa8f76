"""A piece of work that counts how many like it run at the same time."""

import os
import time
from pathlib import Path

PATIENCE = 120


def meet(connection, plugins, work):
    """Send ('result', (most of us seen at once, the GPUs we see)), when `number` have met in `folder` or some have."""
    folder, number = Path(work[0]), work[1]
    mine = folder / f"{os.getpid()}.here"
    mine.touch()
    deadline, there = time.monotonic() + PATIENCE, 0
    met = folder / "met"
    while time.monotonic() < deadline and not met.exists():
        there = max(there, len(list(folder.glob("*.here"))))
        if there >= number:
            time.sleep(0.5)  # for one more than there should be
            there = max(there, len(list(folder.glob("*.here"))))
            met.touch()
        time.sleep(0.02)
    mine.unlink()
    connection.send(("result", (there, os.environ["CUDA_VISIBLE_DEVICES"])))
