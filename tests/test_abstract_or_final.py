"""Abstract or final: nothing that has a name in a registry is the base of anything else."""

import pytest

from bench.evidence.estimands import estimands
from bench.execution.workforce import executors
from bench.registry import Registry
from bench.report.sections import sections
from bench.tasks import tasks
from bench.techniques import Technique, techniques

REGISTRIES = [tasks, techniques, estimands, sections, executors]
CLASSES = [
    pytest.param(registry, cls, id=f"{registry.kind} {name}")
    for registry in REGISTRIES
    for name, cls in registry.built_in().items()
]


def named_bases(registry: Registry, cls: type) -> list[str]:
    return [base.__name__ for base in cls.__mro__[1:] if "name" in vars(base) and issubclass(base, registry.base)]


@pytest.mark.parametrize(("registry", "cls"), CLASSES)
def test_no_concrete_class_is_subclassed(registry, cls):
    assert named_bases(registry, cls) == []


@pytest.mark.parametrize("cls", techniques.built_in().values(), ids=techniques.built_in())
def test_optimisers_and_starts_are_declared(cls):
    assert "__init__" not in vars(cls)


@pytest.mark.parametrize("registry", REGISTRIES, ids=lambda registry: registry.kind)
def test_a_subclass_of_a_concrete_class_is_found(registry):
    concrete = next(iter(registry.built_in().values()))
    assert named_bases(registry, type("Further", (concrete,), {"name": "further"})) == [concrete.__name__]


def test_the_contract_itself_cannot_be_built():
    with pytest.raises(TypeError, match="abstract"):
        Technique(None, None)
