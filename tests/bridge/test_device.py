"""Another device is played by meta tensors, whose elements a dictionary keeps: no accelerator is needed."""

import numpy as np
import pytest
import torch
from torch._subclasses.fake_tensor import FakeTensorMode

from bridge import CopyRequired, as_array, as_tensor, copyto, host, plan, sources, stack
from bridge import device as devices
from bridge.memory import Side
from bridge.operands import Operand


class Elsewhere:
    """A device whose memory is a list of host tensors, found again by the storage of their meta tensors."""

    def __init__(self) -> None:
        self.memory: dict[int, torch.Tensor] = {}
        self.alive: list[torch.UntypedStorage] = []

    def of(self, away: torch.Tensor) -> torch.Tensor:
        """Return the host tensor behind a meta tensor or a view of one."""
        memory = self.memory[id(away.untyped_storage())]
        return memory.as_strided(away.shape, away.stride(), away.storage_offset())

    def send(self, source: Side, target: Operand, device: torch.device, via: str) -> torch.Tensor:
        """Keep the elements and return their meta tensor."""
        assert (device.type, via) == ("meta", "device")
        tensor = devices._arranged_on_host(source, target)
        away = torch.empty_like(tensor, device="meta")
        self.alive.append(away.untyped_storage())
        self.memory[id(away.untyped_storage())] = tensor.clone()
        return away

    def fetch(self, source: torch.Tensor, target: Operand, via: str = "device") -> Side:
        """Return the elements that were sent."""
        assert via == "device"
        return devices._refilled(self.of(source), target)

    def put(self, dst: torch.Tensor, src: Side) -> None:
        """Overwrite what was sent."""
        copyto(self.of(dst), src)

    def take(self, dst: Side, src: torch.Tensor) -> None:
        """Fill host memory from what was sent."""
        copyto(dst, self.of(src))


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch, _undecided: None) -> Elsewhere:
    """Let meta tensors be the memory of a device."""
    played = Elsewhere()
    monkeypatch.setattr(devices, "RING_FROM_BYTES", 0)  # else torch's own copy would take what is little
    for name in ("send", "fetch", "put", "take"):
        monkeypatch.setattr(devices, name, getattr(played, name))
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


def test_the_plain_ways_are_those_of_torch() -> None:
    """Without a device at hand, the ways to and from one do what they say between host tensors."""
    source, here = torch.arange(3.0), torch.device("cpu")
    target = Operand.of(source)
    away = devices.send(source.numpy(), target, here)
    assert devices.fetch(away.requires_grad_(), target).tolist() == [0, 1, 2]
    devices.put(away.detach(), np.arange(3.0, dtype=">f4")[::-1])
    assert away.tolist() == [2, 1, 0]
    out = np.zeros(3, "f8")
    devices.take(out, away)
    assert out.tolist() == [2, 1, 0]
    devices.take(torch.zeros(3, device="meta"), away)


def test_the_host_may_have_an_index() -> None:
    """cpu:0 is the host: sharing stays sharing, and a copy takes the engines of the host."""
    array, tensor = np.arange(3.0), torch.arange(3.0, device="cpu:0")
    assert as_tensor(array, device="cpu:0", copy=False).data_ptr() == array.ctypes.data
    for decided in (plan(array, device="cpu:0", copy=True), plan(tensor, copy=True), plan(tensor, dtype="f8")):
        assert (decided.via, decided.link_nbytes) == ("numpy", 0)
        assert decided.device.type == "cpu"
    assert as_array(tensor, dtype="f8").tolist() == [0, 1, 2]


def test_a_negated_tensor_keeps_its_sign_when_cast() -> None:
    """No negated tensor is handed to torch's copy_, which loses its sign in a cast."""
    negated = torch._neg_view(torch.ones(17, 24, 31))
    for dst in (torch.zeros(17, 24, 31, dtype=torch.float16), torch.zeros(17, 24, 31)):
        devices.put(dst, negated)
        assert (dst == -1).all()


def test_little_needs_no_plan(monkeypatch: pytest.MonkeyPatch) -> None:
    """A small plain array goes to a device by torch's own copy at once; nothing is decided about it."""
    monkeypatch.setattr(host, "to_tensor", lambda *_: pytest.fail("it was planned"))
    for device in ("meta", torch.device("meta")):
        for copy in (None, True):
            sent = as_tensor(np.ones((3, 4), "f4"), device=device, copy=copy)
            assert (sent.device.type, sent.dtype, tuple(sent.shape)) == ("meta", torch.float32, (3, 4))


AWKWARD = {
    "read-only": np.broadcast_to(np.ones(3), (2, 3)),
    "reversed": np.ones(3)[::-1],
    "large": np.ones(1 << 18),
}


@pytest.mark.parametrize("name", AWKWARD)
def test_what_is_not_little_and_plain_is_planned(name: str) -> None:
    """Large and awkward arrays, and those of the host, are left to the plan."""
    assert not devices.is_little_for("cuda", AWKWARD[name])
    assert not devices.is_little_for("cpu:0", np.ones(3))
    assert not devices.is_little_for(torch.device("cpu"), np.ones(3))
    assert devices.is_little_for(0, np.ones(3))
    assert devices.is_little_for("cuda:1", np.ones(3))


def test_little_comes_home_without_a_plan() -> None:
    """A small plain tensor of a CUDA device needs no plan; one that is large, strided or lazily negated does."""
    with FakeTensorMode():
        there = torch.ones(4, 4, device="cuda:0")
        assert devices.is_little_there(there)
        assert not devices.is_little_there(there.T)
        assert not devices.is_little_there(torch._neg_view(there))
        assert not devices.is_little_there(torch.ones(1 << 20, device="cuda:0"))
    assert not devices.is_little_there(torch.ones(3))


def test_no_copy_is_no_copy() -> None:
    """copy=False is refused for little as for much."""
    with pytest.raises(CopyRequired):
        as_tensor(np.ones(3), device="meta", copy=False)
