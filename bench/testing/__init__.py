"""Contract tests that authors run on what they add.

That is a task, a technique, an estimand, a claim, a section of the report, a language or an executor.

from bench.testing import check_claim, check_estimand, check_task, check_technique

def test_my_technique():
    check_technique(MyTechnique)
"""

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
