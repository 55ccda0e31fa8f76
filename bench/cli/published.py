"""Turns a published result into studies: what is run to reproduce it."""

from __future__ import annotations

from pydantic import ValidationError

from bench.errors import BenchError
from bench.evidence.published import Block, Published
from bench.evidence.published.model import COMMON
from bench.protocol.preset import Preset, TaskPreset, resolve
from bench.records.settings import Protocol
from bench.records.study import Study

PRESET = "published"
"""The name of the preset in the studies of published results."""


def studies_of(result: Published) -> list[Study]:
    """The studies of a published result, one a block; raises BenchError if it cannot be run as its file says."""
    return [_study(result, block) for block in result.ours]


def _study(result: Published, block: Block) -> Study:
    try:
        protocol = Protocol(**COMMON | block.protocol)
    except ValidationError as error:
        fault = error.errors()[0]
        raise BenchError(f"{result.id}: {'.'.join(map(str, fault['loc']))}: {fault['msg']}.") from None
    title = {"en": f"{result.id}: {result.title}"}
    preset = Preset(
        name=PRESET, title=title, description=title, techniques=block.techniques,
        tasks={block.task: TaskPreset(lags=block.lags)}, measured_seeds=result.seeds, protocol=protocol,
    )  # fmt: skip
    return resolve(preset).model_copy(update={"arm": result.arm(block), "arm_title": title})
