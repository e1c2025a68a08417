"""A profile of real conversions: what is exact is asserted, times are not."""

from pathlib import Path

import pytest

from benchmarks.breakdown import warm
from benchmarks.breakdown.explain import profile
from benchmarks.suite.cases import Case
from tests.benchmarks.test_growth import Quiet

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(400),
    pytest.mark.skipif(warm.unavailable() is not None, reason=f"no memory is kept warm: {warm.unavailable()}"),
]


def test_a_large_copy_is_page_faults_and_bytes(tmp_path: Path) -> None:
    """Torch.tensor of 64 MiB faults once a page in fresh memory, not at all in warm, and its parts add up."""
    case = Case.parse("torch.tensor/float32/C/64MiB/1t")
    found = profile(case, 1, Quiet(), lock_file=tmp_path / "lock")
    assert found.minflt["fresh"] >= (64 << 20) // 4096
    assert found.minflt["warm"] < 16
    assert sum(one.ns.value for one in found.breakdown.parts) == pytest.approx(found.breakdown.whole.value)
    assert found.breakdown.part("page faults").ns.value > found.breakdown.part("overhead").ns.value
    assert found.facts["torch_allocated_bytes"] == 64 << 20
    assert "aten::" in found.trace


def test_what_shares_moves_nothing(tmp_path: Path) -> None:
    """Torch.from_numpy has no part for bytes, faults nowhere and allocates nothing."""
    found = profile(Case.parse("torch.from_numpy/float32/C/1MiB/1t"), 1, Quiet(), lock_file=tmp_path / "lock")
    assert found.breakdown.part("moving bytes") is None
    assert found.breakdown.part("page faults").ns.value == 0
    assert (found.facts["torch_allocated_bytes"], found.facts["numpy_allocated_bytes"]) == (0, 0)
