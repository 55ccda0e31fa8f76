"""Contract tests that authors run on a task, a technique, an estimand or a claim of their own, from a test of theirs.

from bench.testing import check_claim, check_estimand, check_task, check_technique

def test_my_technique():
    check_technique(MyTechnique)
"""

from bench.testing.claims import check_claim
from bench.testing.estimands import check_estimand
from bench.testing.tasks import check_task
from bench.testing.techniques import check_technique

__all__ = ["check_claim", "check_estimand", "check_task", "check_technique"]
