"""Another device is played by meta tensors, whose elements a dictionary keeps: no accelerator is needed."""

import numpy as np
import pytest
import torch

from bridge import CopyRequired, as_array, as_tensor, copyto, device, plan, sources, stack


class Elsewhere:
    """A device whose memory is a list of host tensors, found again by the identity of their meta tensors."""

    def __init__(self) -> None:
        self.memory: dict[int, torch.Tensor] = {}
        self.alive: list[torch.Tensor] = []

    def send(self, tensor: torch.Tensor, where: torch.device) -> torch.Tensor:
        """Keep the elements and return their meta tensor."""
        assert where.type == "meta"
        away = torch.empty_like(tensor, device="meta")
        self.alive.append(away)
        self.memory[id(away)] = tensor.clone()
        return away

    def fetch(self, tensor: torch.Tensor) -> torch.Tensor:
        """Return the elements that were sent."""
        return self.memory[id(tensor)].clone()

    def put(self, dst: torch.Tensor, src: torch.Tensor) -> None:
        """Overwrite what was sent."""
        self.memory[id(dst)].copy_(src)


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch) -> Elsewhere:
    """Let meta tensors be the memory of a device."""
    played = Elsewhere()
    for name in ("send", "fetch", "put"):
        monkeypatch.setattr(device, name, getattr(played, name))
    allowed = tuple(row for row in sources._CURES if row[1] != "a meta tensor")
    monkeypatch.setattr(sources, "_CURES", allowed)
    return played


@pytest.mark.parametrize("copy", [None, True])
def test_there_and_back(elsewhere: Elsewhere, copy: bool | None) -> None:  # noqa: FBT001 - pytest passes it by name
    """An array goes to a device and comes back with its values, dtype and order, both ways by a planned copy."""
    array = np.arange(12.0).reshape(3, 4).T
    tensor = as_tensor(array, device="meta", copy=copy)
    there, back = plan(array, device="meta", copy=copy), plan(tensor, copy=copy)
    assert tensor.device.type == "meta"
    assert (there.via, back.via) == ("device", "device")
    assert (there.nbytes, back.nbytes) == (96, 96)
    assert "device" in there.reasons
    assert back.reasons[0] == "device"
    assert there.strides == tensor.stride()
    result = as_array(tensor, copy=copy)
    assert result.strides == back.strides == array.strides
    assert (result == array).all()


def test_a_device_needs_a_copy(elsewhere: Elsewhere) -> None:
    """copy=False raises in both directions."""
    with pytest.raises(CopyRequired, match="leave device= out"):
        as_tensor(np.ones(3), device="meta", copy=False)
    with pytest.raises(CopyRequired, match="device"):
        as_array(as_tensor(np.ones(3), device="meta"), copy=False)


def test_read_only_memory_is_sent_without_another_copy(elsewhere: Elsewhere) -> None:
    """Read-only memory may be read: on the way to a device it is no reason of its own."""
    array = np.broadcast_to(np.arange(4.0), (3, 4))
    assert plan(array, device="meta").reasons == ("device",)
    assert (as_array(as_tensor(array, device="meta")) == array).all()
    with pytest.raises(CopyRequired):
        plan(array, device="meta", copy=False)


def test_casts_and_orders_on_the_way(elsewhere: Elsewhere) -> None:
    """dtype= and order= hold for the result on either side."""
    tensor = as_tensor(np.arange(12, dtype=">i4").reshape(3, 4), device="meta", dtype=torch.bfloat16)
    assert tensor.dtype is torch.bfloat16
    array = as_array(tensor, dtype="f4", order="F")
    assert array.strides == (4, 12)
    assert (array == np.arange(12).reshape(3, 4)).all()


def test_copyto_both_ways(elsewhere: Elsewhere) -> None:
    """A call of copyto fills a device's tensor from an array or tensor, and an array from a device's tensor."""
    away = as_tensor(np.zeros(3), device="meta")
    assert copyto(away, np.arange(3)[::-1]) is away
    assert copyto(np.empty(3), away).tolist() == [2, 1, 0]
    copyto(away, torch.ones(3))
    assert copyto(np.empty(3), away).tolist() == [1, 1, 1]


def test_stack_brings_items_home(elsewhere: Elsewhere) -> None:
    """Tensors of a device are stacked in host memory."""
    away = as_tensor(np.arange(3.0), device="meta")
    assert stack([away, away]).tolist() == [[0, 1, 2], [0, 1, 2]]


def test_the_real_ways_are_blocking_copies() -> None:
    """Without a device at hand, the ways to and from one do what they say between host tensors."""
    source = torch.arange(3.0).requires_grad_()
    away = device.send(source.detach(), torch.device("cpu"))
    assert device.fetch(source).tolist() == away.tolist() == [0, 1, 2]
    device.put(away, torch.ones(3))
    assert away.tolist() == [1, 1, 1]
