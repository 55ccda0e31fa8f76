import pytest
import torch
from torch import Generator


@pytest.fixture
def generator() -> Generator:
    return torch.Generator().manual_seed(7)
