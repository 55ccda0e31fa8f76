"""Abstract or final: no technique with a name is the base of another one."""

import pytest

from bench.techniques import Technique, techniques


@pytest.mark.parametrize("name", techniques.names())
def test_no_concrete_technique_is_subclassed(name):
    own, *bases = techniques.get(name).__mro__
    assert not [base.__name__ for base in bases if "name" in vars(base) and issubclass(base, Technique)]
    assert "__init__" not in vars(own), "optimisers and starts are declared"


def test_the_contract_itself_cannot_be_built():
    with pytest.raises(TypeError, match="abstract"):
        Technique(None, None)
