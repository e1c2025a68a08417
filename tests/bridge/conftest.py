"""What every test of the conversions needs."""

from collections.abc import Iterator

import pytest
import torch

from bridge import rules

pytest.register_assert_rewrite("tests.bridge.checks")


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


@pytest.fixture
def _undecided() -> Iterator[None]:
    """Forget decisions before and after: those made while a device is played would be kept for other tests."""
    for decisions in (rules._tensor_plan, rules._array_plan):
        decisions.cache_clear()
    yield
    for decisions in (rules._tensor_plan, rules._array_plan):
        decisions.cache_clear()
