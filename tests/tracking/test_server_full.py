"""An MLflow server whose artifacts lie on a disk that is full, for a while."""

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pandas as pd
import pytest
from made_up.cohorts import cohort, result
from served import mlflow_process

from bench.tracking import Outbox, Store, outbox

SIZE = 2**19
"""Bytes of the disk: several cohorts of 60 kB each."""
WAYS = (["unshare", "--mount"], ["unshare", "--map-root-user", "--mount"])
"""How to mount a file system that this machine's other processes do not see: as root, and as anybody else."""


class Disk(NamedTuple):
    """A disk that a server alone sees."""

    address: str
    """The server's."""
    folder: Path
    """The disk's, by way of the server's process."""

    def fill(self, but: int) -> None:
        """Leave so many bytes, or a page more."""
        self.filler.write_bytes(bytes(SIZE - but - sum(f.stat().st_blocks * 512 for f in self.folder.rglob("*"))))

    @property
    def filler(self) -> Path:
        """The file that takes the room."""
        return self.folder / "filler"


@pytest.fixture
def disk(make_store, free_port, tmp_path) -> Iterator[Disk]:
    """An empty store's server with its artifacts on a small disk."""
    folder = tmp_path / "mlartifacts"  # where MLflow's server puts them by default
    folder.mkdir()
    mounts = ["sh", "-c", f'mount -t tmpfs -o size={SIZE} bench "{folder}" && exec "$@"', "sh"]
    for way in WAYS:
        if subprocess.run([*way, *mounts, "true"], capture_output=True, check=False).returncode == 0:
            with mlflow_process(make_store(), free_port, tmp_path, [*way, *mounts]) as server:
                yield Disk(f"http://127.0.0.1:{free_port}", Path(f"/proc/{server.pid}/root{folder}"))
            return
    pytest.skip("no file system can be mounted here")


@pytest.mark.parametrize("room", [0, 40_000], ids=["none", "for a file or two"])
def test_a_cohort_waits_while_a_servers_disk_is_full_and_arrives_whole(room, disk, make_store, monkeypatch, tmp_path):
    monkeypatch.setattr(outbox, "PAUSE", 0.0)
    store, other = Store.open(disk.address), make_store("other")
    box, (first, second) = Outbox(store), [result(cohort(name, seeds=2)) for name in ("tanh", "gru")]
    with store.lock():
        box.write(first)
        assert len(box) == 0, box.trouble
        disk.fill(but=room)
        box.write(second)
        assert len(box) == 1
        assert (
            f"The server at {disk.address} answers 500 Internal Server Error: see its log for the reason" in box.trouble
        )
        assert "or a disk full" in box.trouble
        assert "No space left on device" in (tmp_path / "server.log").read_text()
        assert set(store.members()["technique"]) == {"tanh"}, "what was whole can be read"
        assert not box.send(at_once=True)
        disk.filler.unlink()
        assert box.send(at_once=True)
        assert len(box) == 0
    for each in (first, second):
        other.write_cohort(each)
    for name in ("members", "curves", "gradients", "probes"):
        ours, theirs = (getattr(s, name)().drop(columns="mlflow_run_id", errors="ignore") for s in (store, other))
        pd.testing.assert_frame_equal(ours, theirs, check_exact=True)
    assert len(store.client.search_runs(store.records.tasks())) == 4
