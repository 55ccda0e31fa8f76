import pytest

from bench.techniques import techniques
from bench.testing import check_technique


@pytest.mark.parametrize("name", techniques.names())
def test_technique_keeps_the_contract(name):
    check_technique(techniques.get(name))
