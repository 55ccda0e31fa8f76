"""Imported once by the server that worker processes are forked from: does here what each would otherwise repeat."""

import bench.execution.worker  # noqa: F401  torch and Lightning
from bench.engine.seeding import generator
from bench.protocol.provenance import provenance
from bench.tasks import tasks
from bench.techniques import techniques

provenance()
techniques.all()
for _name, _task in tasks.all().items():
    _task().sample(generator("preload", _name), 1, _task.least_lag)  # reads the data set, if it has one
