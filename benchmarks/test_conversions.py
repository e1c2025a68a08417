"""What pytest-benchmark runs: one test, once a case."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_benchmark.fixture import BenchmarkFixture

    from .desk import Desk, Job


@pytest.mark.filterwarnings("ignore")  # torch warns of read-only arrays, NumPy of __array__; both are what is timed
def test_conversion(job: Job, benchmark: BenchmarkFixture, desk: Desk) -> None:
    """The case's values are right, its aliasing is as observed, and its time is taken."""
    desk.take(job, benchmark)
