"""How often a property is tried, for all tests: 60 times, and where a property asks for more than usual, as often.

`HYPOTHESIS_PROFILE=thorough`, or `pytest --hypothesis-profile=thorough`, tries everything 20,000 times, "short" 100.
A machine with a device may lack hypothesis: tests/device has no properties.
"""

import os
import signal
from collections.abc import Iterator

import pytest

try:
    import hypothesis
except ModuleNotFoundError:
    pass
else:
    for _name, _examples in (("usual", 60), ("short", 100), ("thorough", 20_000)):
        hypothesis.settings.register_profile(_name, max_examples=_examples, deadline=None)
    hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "usual"))


@pytest.fixture(autouse=True, scope="session")
def _interruptible() -> Iterator[None]:
    """Let tests and processes that they start hear Ctrl-C, even where a shell started pytest with `&`."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)
