"""Pages of one made-up session, made once."""

import pytest

from benchmarks.records import Session
from reports.contents import Contents, contents
from tests.builders import a_full_session
from tests.gpu_builders import a_full_gpu_session


@pytest.fixture(scope="session")
def full_session() -> Session:
    """Return a session with many paths, sizes, faults, skips and a failure."""
    return a_full_session()


@pytest.fixture(scope="session")
def full_contents(full_session: Session) -> Contents:
    """Return what the pages of that session say."""
    return contents(full_session)


@pytest.fixture(scope="session")
def full_gpu_session() -> Session:
    """Return a made-up session with every family of transfers."""
    return a_full_gpu_session(("4KiB", "64KiB", "1MiB", "64MiB", "256MiB"))


@pytest.fixture(scope="session")
def full_gpu_contents(full_gpu_session: Session) -> Contents:
    """Return what the pages of that session say."""
    return contents(full_gpu_session)
