"""Contract tests that authors run on what they add.

That is a task, a technique, an estimand, a claim, a section of the report, a language or an executor.

from bench.testing import check_claim, check_estimand, check_task, check_technique

def test_my_technique():
    check_technique(MyTechnique)

Names are imported when they are asked for: who checks a claim needs nothing that trains.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bench.testing.claims import check_claim
    from bench.testing.estimands import check_estimand
    from bench.testing.languages import check_language
    from bench.testing.sections import check_section
    from bench.testing.tasks import check_task
    from bench.testing.techniques import check_technique
    from bench.testing.workforce import check_workforce

__all__ = [
    "check_claim",
    "check_estimand",
    "check_language",
    "check_section",
    "check_task",
    "check_technique",
    "check_workforce",
]

_HOMES = {
    "check_claim": "claims",
    "check_estimand": "estimands",
    "check_language": "languages",
    "check_section": "sections",
    "check_task": "tasks",
    "check_technique": "techniques",
    "check_workforce": "workforce",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
