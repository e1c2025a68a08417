import pytest
import torch

from benchmarks.peaks import peaks


class Counters:
    """Torch's counters: device memory has a peak, pinned memory stays with the allocator until its cache is emptied."""

    def __init__(self) -> None:
        self.device, self.device_peak, self.cached, self.used = 100, 900, 800, 64

    def take(self, device: int, pinned: int) -> None:
        """Take memory for a while and give it back."""
        self.device_peak = max(self.device_peak, self.device + device)
        self.cached = max(self.cached, pinned)

    def reset(self) -> None:
        """Forget the peak."""
        self.device_peak = self.device

    def empty(self) -> None:
        """Give back what is cached."""
        self.cached = 0


def test_a_peak_is_what_one_call_adds(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was taken or cached before the call, and peaks of earlier calls, do not count."""
    counters = Counters()
    monkeypatch.setattr(torch.cuda, "synchronize", lambda: None)
    monkeypatch.setattr(torch._C, "_host_emptyCache", counters.empty, raising=False)
    monkeypatch.setattr(torch.cuda, "reset_peak_memory_stats", counters.reset)
    monkeypatch.setattr(torch.cuda, "memory_allocated", lambda: counters.device)
    monkeypatch.setattr(torch.cuda, "max_memory_allocated", lambda: counters.device_peak)
    stats = {"allocated_bytes.current": 0}
    monkeypatch.setattr(
        torch.cuda, "host_memory_stats", lambda: stats | {"allocated_bytes.current": counters.cached + counters.used}
    )
    for _ in range(2):
        assert peaks(lambda: counters.take(4096, 512)) == {"device_peak_bytes": 4096, "pinned_peak_bytes": 512}
    assert peaks(lambda: None) == {"device_peak_bytes": 0, "pinned_peak_bytes": 0}
