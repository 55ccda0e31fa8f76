"""Contract tests that authors run on a task, a technique or an executor of their own, from a test of theirs.

from bench.testing import check_task, check_technique

def test_my_technique():
    check_technique(MyTechnique)
"""

from bench.testing.tasks import check_task
from bench.testing.techniques import check_technique
from bench.testing.workforce import check_workforce

__all__ = ["check_task", "check_technique", "check_workforce"]
