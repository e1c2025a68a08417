"""pytest's side of the matrix: the cases of this run, the desk they go to, and the clock that times them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest

from .desk import DESK, JOBS, Bench, Job, StandaloneDesk

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .desk import Desk

_CACHE_BYTES: Final = 1 << 30
_BENCH: Final = pytest.StashKey[Bench]()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Make one test a case."""
    if "job" in metafunc.fixturenames:
        jobs = metafunc.config.stash.get(JOBS, None)
        bench = _bench(metafunc.config)
        chosen = [(job, None) for job in jobs] if jobs is not None else list(_usual(bench.device))
        metafunc.parametrize("job", [_parameter(job, reason, bench) for job, reason in chosen])


@pytest.fixture(scope="session")
def desk(pytestconfig: pytest.Config) -> Desk:
    """Return the desk of this run."""
    known = pytestconfig.stash.get(DESK, None)
    return known or StandaloneDesk(bench=_bench(pytestconfig))


def _bench(config: pytest.Config) -> Bench:
    """Return what the desks of this run share: a session's own, or one of this machine."""
    if (session := config.stash.get(DESK, None)) is not None:
        return session.bench
    if _BENCH not in config.stash:
        import torch  # noqa: PLC0415  a session's worker has its bench

        device = "cuda" if torch.cuda.is_available() else "cpu"
        threads = {"1t": 1, "allt": torch.get_num_threads()}
        config.stash[_BENCH] = Bench(cache_bytes=_CACHE_BYTES, threads=threads, device=device)
    return config.stash[_BENCH]


def _usual(device: str) -> Iterator[tuple[Job, str | None]]:
    """Yield the cases of a plain run: the quick preset's, and where there is a GPU those of the transfers."""
    from .matrix import Surroundings, cases, skip_reason  # noqa: PLC0415  loads torch

    around = Surroundings.here(device)
    transfers = [] if device == "cpu" else cases("gpu", r"^(?!ring\.).*/(4KiB|1MiB|64MiB)/")
    for case in dict.fromkeys([*cases("quick"), *transfers]):
        yield Job(case=case.id), skip_reason(case, around)


def _parameter(job: Job, reason: str | None, bench: Bench) -> object:
    from .suite.paths import PATHS  # noqa: PLC0415  loads torch

    marks = [pytest.mark.skip(reason=reason)] if reason else []
    path = PATHS[job.case.partition("/")[0]]
    if path.device != "cpu" and bench.device != "cpu":
        marks.append(pytest.mark.benchmark(timer=bench.clock_of(path).seconds))
    return pytest.param(job, id=job.case, marks=marks)
