"""What several tests of the suite need."""

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch

from benchmarks import workers
from benchmarks.suite.paths import PATHS


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


@pytest.fixture
def fake_worker(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Start workers that need no torch, and return how to give them orders (see `fake_worker.py`)."""
    script = str(Path(__file__).with_name("fake_worker.py"))
    monkeypatch.setattr(workers, "_WORKER", (sys.executable, "-S", script))

    def order(**orders: object) -> None:
        monkeypatch.setenv("FAKE_WORKER", json.dumps(orders))

    order()
    return order
