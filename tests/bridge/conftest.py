"""What every test of the conversions needs.

Properties run 1,000 examples; `HYPOTHESIS_PROFILE=thorough` or `pytest tests/bridge --hypothesis-profile=thorough`
makes it 20,000, "short" 100.
"""

import os
from collections.abc import Iterator

import hypothesis
import pytest
import torch

pytest.register_assert_rewrite("tests.bridge.checks")
for _name, _examples in (("short", 100), ("bridge", 1000), ("thorough", 20_000)):
    hypothesis.settings.register_profile(_name, max_examples=_examples, deadline=None)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "bridge"))


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    """Keep copies serial: on a busy machine waking threads can take longer than the whole test."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def _loud() -> Iterator[None]:
    """Let torch warn every time, not once a process; a warning is an error here."""
    before = torch.is_warn_always_enabled()
    torch.set_warn_always(True)
    yield
    torch.set_warn_always(before)
