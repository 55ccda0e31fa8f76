"""The same work on a Ray cluster: its workers do it, and what they send comes back here.

Nothing else in the project knows of Ray.
"""

from __future__ import annotations

import contextlib
import logging
import math
import os
import pickle
import signal
import socket
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from threading import Thread
from typing import Any

import ray
from ray.exceptions import ActorDiedError, ActorUnavailableError, GetTimeoutError, RayError, RayTaskError
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from bench.errors import BenchError
from bench.execution.code import differing_code, differing_libraries, libraries, own_code
from bench.execution.crew import Crew
from bench.execution.messages import Died, Message, Outlet, Refused, Result
from bench.interpreters import started_safely

RETRIES = 3
"""Number of times that a piece of work is repeated after its worker or machine was lost."""
SECONDS_BETWEEN_NEWS = 0.5
PATIENCE = 10.0
"""Seconds in which a cluster's head must take a connection: Ray itself tries for minutes."""

SECONDS_BETWEEN_KNOCKS = 2.0
KNOCKS = 4
"""Ray ends the program a minute after its head was lost, in whatever it is doing: we look more often than that."""


class RayCluster:
    """A connection to a Ray cluster.

    with RayCluster("auto", gpus=0.25) as cluster:
        run_studies(studies, store, hire=cluster.hire)
    """

    def __init__(self, address: str = "auto", gpus: float = 0.0) -> None:
        """Connect. Raises BenchError where that fails, or where nothing could ever be trained.

        address: of the cluster's head (host:port), 'auto' for RAY_ADDRESS or this machine's, or 'local' for a
            new cluster of this machine alone, which ends with this program.
        gpus: what share of a GPU, or how many whole ones, a piece of work gets; with 0 it sees none.
        """
        self.address, self.gpus = address, gpus
        _connect(address)
        if not self.places:
            ray.shutdown()
            raise BenchError(
                f"The Ray cluster at {address} has no machine with a core and {gpus:g} GPUs: "
                f"add one, or change --gpus-per-cohort."
            )
        host, _, port = ray.get_runtime_context().gcs_address.rpartition(":")
        self._head, self._asked = (host, int(port)), time.monotonic()
        here = NodeAffinitySchedulingStrategy(ray.get_runtime_context().get_node_id(), soft=False)
        self._awaited: ray.ObjectRef | None = None
        """News that have been asked for and have not come yet."""
        self.inbox: Any = ray.remote(num_cpus=0)(_Inbox).options(scheduling_strategy=here).remote()

    def __enter__(self) -> RayCluster:
        return self

    def __exit__(self, *error: object) -> None:
        ray.shutdown()

    @property
    def places(self) -> int:
        """Count the pieces of work that the cluster has room for now. Raises BenchError if the cluster is gone."""
        return sum(_places(node["Resources"], self.gpus) for node in self._nodes() if node["Alive"])

    def _nodes(self) -> list[dict[str, Any]]:
        """Ray's list of machines, which it would wait for until it ends the program."""
        found: list[list[dict[str, Any]]] = []
        asking = Thread(target=lambda: found.append(ray.nodes()), daemon=True)
        asking.start()
        while True:
            asking.join(PATIENCE)
            if found:
                return found[0]
            if not self.answers():
                raise self.lost()

    def news(self) -> list[tuple[Any, bytes]]:
        """All that workers have sent since the last time. Raises BenchError where the cluster is gone."""
        self._awaited = self._awaited or self.inbox.take.remote()
        try:
            taken = ray.get(self._awaited, timeout=PATIENCE)
        except GetTimeoutError:  # a busy machine takes its time
            if not self.answers():
                raise self.lost() from None
            return []
        except RayError as error:
            raise self.lost(_brief(error)) from None
        self._awaited = None
        return taken

    def check(self) -> None:
        """Raise BenchError if the head is gone; asked now and then."""
        if time.monotonic() < self._asked + SECONDS_BETWEEN_KNOCKS:
            return
        if not self.answers():
            raise self.lost()
        self._asked = time.monotonic()

    def answers(self) -> bool:
        """Return True if the head accepts a connection; several attempts are made."""
        for attempt in range(KNOCKS):
            with suppress(OSError), socket.create_connection(self._head, timeout=PATIENCE):
                return True
            if attempt < KNOCKS - 1:
                time.sleep(SECONDS_BETWEEN_NEWS)
        return False

    def lost(self, why: str = "its head does not answer") -> BenchError:
        """Return the error for a cluster that is gone."""
        return BenchError(f"The Ray cluster at {self.address} is lost: {why}. {_HINT}")

    def hire(self, size: int | None = None, timeout: float | None = None) -> RayCrew:
        """Hire a crew of `size` workers, by default as many as the cluster has room for, also while it grows."""
        return RayCrew(self, size, timeout)


class RayCrew:
    """Carries out each piece of work on some machine of the cluster, in a fresh process there.

    Where a worker or its machine is lost, Ray repeats the work elsewhere. Only one that ends its own
    process, as for lack of memory, or takes longer than `timeout` seconds there, has Died.
    """

    def __init__(self, cluster: RayCluster, size: int | None, timeout: float | None = None) -> None:
        self.cluster, self.size, self.timeout = cluster, size, timeout
        self._sent: dict[str, ray.ObjectRef] = {}
        """Plugins that the cluster has: their files by their paths."""
        # A GPU is held by the process that the work runs in, so that Ray's own may stay for the next (max_calls).
        remote = ray.remote(num_cpus=1, num_gpus=cluster.gpus, max_retries=RETRIES, max_calls=0)
        self._do = remote(do_work)
        self._busy: dict[ray.ObjectRef, Any] = {}

    def __enter__(self) -> RayCrew:
        return self

    def __exit__(self, *error: object) -> None:
        if not self.cluster.answers():
            ray.shutdown()  # else Ray ends this program a minute after the head was lost, whatever it is doing
        else:
            for task in self._busy:
                ray.cancel(task, force=True)
        self._busy.clear()

    @property
    def idle(self) -> int:
        """The number of pieces of work that could start now. Raises BenchError if the cluster is gone."""
        self.cluster.check()
        return max(0, (self.size or self.cluster.places) - len(self._busy))

    @property
    def busy(self) -> bool:
        """True while any work is under way."""
        return bool(self._busy)

    def start(
        self, label: Any, target: Callable[..., None], work: Any, plugins: Sequence[str] = (), parts: int = 1
    ) -> None:
        """Run target(connection, plugins, work) on the cluster; what it sends comes back with the label."""
        from bench.execution.needs import (
            packed,  # needs torch, which a worker of Ray's that imports this shall not load
        )

        self.cluster.check()
        for plugin in plugins:
            if plugin not in self._sent:
                self._sent[plugin] = ray.put(packed(plugin))
        job = Job(
            label=label,
            sealed=pickle.dumps((target, work)),
            plugins=[Path(plugin).name for plugin in plugins],
            timeout=self.timeout,
            parts=parts,
            code=own_code(),
            libraries=libraries(),
            hides_gpus=not self.cluster.gpus,
        )
        task = self._do.remote(job, self.cluster.inbox, *(self._sent[plugin] for plugin in plugins))
        self._busy[task] = label

    def messages(self, timeout: float | None = None) -> Iterator[tuple[Any, Message]]:
        """Wait for messages, each with the label of its work: news, and at the end a Result, or Died.

        timeout: seconds after which there may be none; None waits for as long as the work may take. Raises BenchError
        where the cluster is lost, or cannot do the work.
        """
        end = math.inf if timeout is None else time.monotonic() + timeout
        news: list[tuple[Any, Message]] = []
        done: list[ray.ObjectRef] = []
        while self._busy and not (news or done):
            self.cluster.check()
            left = max(0.0, min(SECONDS_BETWEEN_NEWS, end - time.monotonic()))
            done, _ = ray.wait(list(self._busy), num_returns=1, timeout=left)
            running = set(self._busy.values())
            news = [(label, pickle.loads(sealed)) for label, sealed in self.cluster.news() if label in running]
            if time.monotonic() >= end:
                break
        yield from news  # what was sent before a result comes before it
        for task in done:
            yield self._busy.pop(task), self._result(task)

    def _result(self, task: ray.ObjectRef) -> Result | Died:
        content = None
        try:
            while content is None:
                content = self._fetched(task)
        except RayTaskError as error:
            raise BenchError(f"A worker of the Ray cluster cannot do its work: {_brief(error.cause)}.") from None
        except RayError as error:  # the worker, its machine or its memory, again and again
            return Died(f"the cluster lost its worker {1 + RETRIES} times: {type(error).__name__}")
        return content if isinstance(content, Died) else Result(pickle.loads(content))

    def _fetched(self, task: ray.ObjectRef) -> bytes | Died | None:
        """Fetch the result of a piece of work if it comes in time. Raises BenchError if the cluster is gone."""
        try:
            return ray.get(task, timeout=PATIENCE)
        except GetTimeoutError:
            if not self.cluster.answers():
                raise self.cluster.lost() from None
            return None


class _Inbox:
    """A mailbox for workers' progress on the machine of the caller."""

    def __init__(self) -> None:
        self.messages: list[tuple[Any, bytes]] = []

    def put(self, message: tuple[Any, bytes]) -> None:
        """Add (label, sealed message)."""
        self.messages.append(message)

    def take(self) -> list[tuple[Any, bytes]]:
        """All that has come since the last time."""
        taken, self.messages = self.messages, []
        return taken


@dataclass(frozen=True)
class Job:
    """A piece of work on its way to a worker."""

    label: Any
    sealed: bytes
    """Target and work, pickled. They and what is sent stay so in Ray's worker: only the process that does the work
    loads what they need, as torch, and the worker stays small."""
    plugins: Sequence[str]
    """The names of the files whose contents come beside it."""
    timeout: float | None
    parts: int
    code: str
    """`own_code` of the one who asks; where a worker has other, results would not be what they are called."""
    libraries: dict[str, str]
    """Versions of libraries where the work was asked for: members of one setting must be trained with the same ones."""
    hides_gpus: bool


def do_work(job: Job, inbox: Any, *contents: dict[str, bytes]) -> bytes | Died:
    """Do a piece of work in a fresh process of this worker's machine and return its result, sealed, or Died.

    contents: of each plugin all files, by their paths from its folder.
    """
    if problem := differing_code(job.code):
        raise BenchError(f"on {socket.gethostname()} {problem} on all machines")
    if problem := differing_libraries(job.libraries):
        raise BenchError(f"{socket.gethostname()} has {problem}: install the same versions on all machines")
    devices = "" if job.hides_gpus else os.environ.get(_DEVICES, "")
    with tempfile.TemporaryDirectory(prefix="bptt-bench-") as folder:
        for number, files in enumerate(contents):
            for path, content in files.items():
                file = Path(folder, str(number), path)
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(content)
        plugins = [str(Path(folder, str(number), name)) for number, name in enumerate(job.plugins)]
        with Crew(1, job.timeout) as crew:
            crew.start(job.label, partial(_unsealed, devices), job.sealed, plugins, job.parts)
            while True:
                for _, message in crew.messages():
                    match message:
                        case Result(content):
                            return content
                        case Died():
                            return message
                        case sealed:
                            _tell(inbox, (job.label, sealed))


def _tell(inbox: Any, message: tuple[Any, Any]) -> None:
    """Send news, which are none any more where they cannot be delivered: the driver has ended, or is out of reach."""
    with suppress(ActorDiedError, ActorUnavailableError, GetTimeoutError):
        ray.get(inbox.put.remote(message), timeout=PATIENCE)


_DEVICES = "CUDA_VISIBLE_DEVICES"


def _unsealed(devices: str, connection: Outlet, plugins: Sequence[str], sealed: bytes) -> None:
    """Do the work with the GPUs that Ray has set aside for it: the process is forked from one that knows none."""
    os.environ[_DEVICES] = devices
    target, work = pickle.loads(sealed)
    target(_Sealing(connection), plugins, work)


class _Sealing:
    """Sends messages pickled, but so that it can be seen which is the last."""

    def __init__(self, connection: Outlet) -> None:
        self.connection = connection

    def send(self, message: Message | Refused) -> None:
        """Send news as bytes, and what a result holds as bytes within it."""
        match message:
            case Refused() | Died():
                self.connection.send(message)
            case Result(content):
                self.connection.send(Result(pickle.dumps(content)))
            case news:
                self.connection.send(pickle.dumps(news))


def _connect(address: str) -> None:
    """Join the cluster, or start one; Ray's own handling of SIGTERM is undone. Raises BenchError."""
    given = os.environ.get("RAY_ADDRESS") or address if address == "auto" else address
    if "://" in given:
        raise BenchError(
            f"Ray's client ({given}) cannot be used: run bptt-bench on a machine of the cluster, "
            f"with --address set to HOST:PORT of the head."
        )
    _knock(given)
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # a cluster that starts here reports to nobody
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")  # silences a warning; we hide GPUs ourselves
    handler = signal.getsignal(signal.SIGTERM)
    try:
        # Ray has workers look for modules in the folder where it is started, before all others
        with started_safely(), contextlib.chdir("/"):
            ray.init(
                given,
                log_to_driver=False,
                logging_level=logging.ERROR,
                include_dashboard=False if given == "local" else None,
            )
    except (ConnectionError, RuntimeError, ValueError, TimeoutError, RayError) as error:
        raise BenchError(f"Cannot use a Ray cluster at {address}: {_brief(error)}. {_HINT}") from None
    finally:
        signal.signal(signal.SIGTERM, handler)


_HINT = "Start one with 'ray start --head', or choose another with --address."


def _knock(address: str) -> None:
    host, _, port = address.rpartition(":")
    if not host:
        return
    try:
        socket.create_connection((host, int(port)), timeout=PATIENCE).close()
    except (OSError, ValueError):
        raise BenchError(f"No Ray cluster answers at {address}. {_HINT}") from None


def _places(resources: dict[str, float], gpus: float) -> int:
    """Count the pieces of work that a machine has room for, each with a core and a number or a share of GPUs."""
    cores, cards = int(resources.get("CPU", 0)), int(resources.get("GPU", 0))
    if not gpus:
        return cores
    return min(cores, cards * int(1 / gpus) if gpus < 1 else int(cards / gpus))


def _brief(error: BaseException) -> str:
    """The last line that says something: Ray's errors carry whole tracebacks."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return (lines or [type(error).__name__])[-1 if len(lines) > 3 else 0].rstrip(".")
