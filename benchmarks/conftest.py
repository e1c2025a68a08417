"""pytest's side of the matrix: the cases of this run, and the desk they go to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest

from .desk import DESK, JOBS, Bench, Job, StandaloneDesk

if TYPE_CHECKING:
    from .desk import Desk

_CACHE_BYTES: Final = 1 << 30


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Make one test a case."""
    if "job" in metafunc.fixturenames:
        jobs = metafunc.config.stash.get(JOBS, None)
        chosen = _quick_preset() if jobs is None else [pytest.param(job, id=job.case) for job in jobs]
        metafunc.parametrize("job", chosen)


@pytest.fixture(scope="session")
def desk(pytestconfig: pytest.Config) -> Desk:
    """Return the desk of this run."""
    import torch  # noqa: PLC0415  collecting tests needs no torch

    known = pytestconfig.stash.get(DESK, None)
    return known or StandaloneDesk(
        bench=Bench(cache_bytes=_CACHE_BYTES, threads={"1t": 1, "allt": torch.get_num_threads()})
    )


def _quick_preset() -> list[object]:
    from .matrix import Surroundings, cases, skip_reason  # noqa: PLC0415  loads torch

    around = Surroundings.here()
    return [_parameter(case.id, skip_reason(case, around)) for case in cases("quick")]


def _parameter(case: str, reason: str | None) -> object:
    marks = [pytest.mark.skip(reason=reason)] if reason else []
    return pytest.param(Job(case=case), id=case, marks=marks)
