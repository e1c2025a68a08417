"""What every test of the conversions needs."""

import os
from collections.abc import Iterator

import hypothesis
import pytest
import torch

hypothesis.settings.register_profile("thorough", max_examples=1000, deadline=None)
hypothesis.settings.register_profile("short", max_examples=100, deadline=None)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "thorough"))


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    """Keep copies serial: on a busy machine waking threads can take longer than the whole test."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
