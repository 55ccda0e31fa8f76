"""Imported once by the server that worker processes are forked from: does here what each would otherwise repeat."""

import ctypes
import gc
import signal
import sys

import torch

import bench.execution.worker  # noqa: F401  torch and Lightning
from bench.engine.seeding import generator
from bench.execution.code import own_code
from bench.records.provenance import provenance
from bench.records.source_hash import source_hash
from bench.tasks import tasks
from bench.techniques import techniques

PR_SET_PDEATHSIG = 1

torch.set_num_threads(1)  # a process that is forked from one with a pool of threads hangs when it uses its own

if sys.platform == "linux":  # a child that a technique has left may hold open what tells the server to end
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
provenance()
own_code()
for _technique in techniques.built_in().values():
    source_hash(_technique)
for _name, _task in tasks.built_in().items():
    source_hash(_task)
    _task().sample(generator("preload", _name), 1, _task.least_lag)  # reads the data set, if it has one

gc.freeze()  # else each process that collects garbage goes through all that was imported, and so copies it
