import pytest
import torch

from benchmarks.peaks import peaks


class Counters:
    """Torch's counters of device and pinned memory."""

    def __init__(self) -> None:
        self.device, self.device_peak, self.pinned, self.pinned_peak = 100, 900, 64, 800

    def take(self, device: int, pinned: int) -> None:
        """Take memory for a while and give it back."""
        self.device_peak = max(self.device_peak, self.device + device)
        self.pinned_peak = max(self.pinned_peak, self.pinned + pinned)

    def reset_device(self) -> None:
        """Forget the peak."""
        self.device_peak = self.device

    def reset_pinned(self) -> None:
        """Forget the peak."""
        self.pinned_peak = self.pinned

    def stats(self) -> dict[str, int]:
        """Return what torch says of pinned memory."""
        return {"active_bytes.current": self.pinned, "active_bytes.peak": self.pinned_peak}


def test_a_peak_is_what_one_call_adds(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was taken before the call, and peaks of earlier calls, do not count."""
    counters = Counters()
    monkeypatch.setattr(torch.cuda, "synchronize", lambda: None)
    monkeypatch.setattr(torch.cuda, "reset_peak_memory_stats", counters.reset_device)
    monkeypatch.setattr(torch.cuda, "reset_peak_host_memory_stats", counters.reset_pinned)
    monkeypatch.setattr(torch.cuda, "memory_allocated", lambda: counters.device)
    monkeypatch.setattr(torch.cuda, "max_memory_allocated", lambda: counters.device_peak)
    monkeypatch.setattr(torch.cuda, "host_memory_stats", counters.stats)
    assert peaks(lambda: counters.take(4096, 512)) == {"device_peak_bytes": 4096, "pinned_peak_bytes": 512}
    assert peaks(lambda: None) == {"device_peak_bytes": 0, "pinned_peak_bytes": 0}
