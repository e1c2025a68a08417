"""What several tests of the suite need."""

import os
from collections.abc import Iterator

import hypothesis
import pytest
import torch

from benchmarks.suite.paths import PATHS

hypothesis.settings.register_profile("benchmarks", max_examples=60, deadline=None)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "benchmarks"))


@pytest.fixture(autouse=True)
def _threads() -> Iterator[None]:
    """Keep the number of torch's threads: cases change it."""
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


@pytest.fixture
def registry() -> Iterator[None]:
    """Let a test register paths, and forget them afterwards."""
    before = dict(PATHS)
    yield
    PATHS.clear()
    PATHS.update(before)
