"""The ring on a simulated device, which shows every missing wait as wrong bytes."""

from __future__ import annotations

import math
import threading
from concurrent.futures import Future
from typing import Any

import numpy as np
import pytest
import torch

from bridge.ring import Ring
from tests.bridge.mutants import MarkBeforeCopy, NoEntryJoin, NoFinalJoin, NoWait
from tests.bridge.simulated import Simulated

SLOT = 4096
SIZES = (0, 1, 7, SLOT - 1, SLOT, SLOT + 1, 3 * SLOT, 40_961, 500_003)
GEOMETRY = ((1, 1), (1, 2), (3, 2), (8, 2), (4, 3))
MODES = ("lazy", "eager", "random")
LARGE = 500_003


def ring_of(runtime: object, workers: int = 3, slots: int = 2) -> Ring:
    """Return a ring with small slots."""
    return Ring(runtime, threads=workers, slots=slots, slot_bytes=SLOT)  # type: ignore[arg-type]


def dice_of(count: int) -> np.ndarray:
    """Return that many random bytes."""
    return np.random.default_rng(count).integers(0, 256, count, dtype=np.uint8)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("count", SIZES)
@pytest.mark.parametrize(("workers", "slots"), GEOMETRY)
def test_send_arrives_whole(mode: str, count: int, workers: int, slots: int) -> None:
    """What is sent is what the caller's next kernel sees, although the source is overwritten at once."""
    device = Simulated(mode, seed=count)  # type: ignore[arg-type]
    source = dice_of(count)
    wanted = source.copy()
    flat = ring_of(device, workers, slots).send(source, torch.uint8)
    source[:] = 0xEE
    assert np.array_equal(device.seen(flat).numpy(), wanted)
    assert sum(device.copied) == count


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("count", SIZES)
@pytest.mark.parametrize(("workers", "slots"), GEOMETRY)
def test_fetch_is_complete(mode: str, count: int, workers: int, slots: int) -> None:
    """What is fetched is there when the call returns, although its producer was still to run."""
    device = Simulated(mode, seed=count)  # type: ignore[arg-type]
    wanted, out = dice_of(count), np.full(count, 0x5A, np.uint8)
    flat = torch.ones(count, dtype=torch.uint8)
    device.launch(lambda: flat.copy_(torch.from_numpy(wanted)))
    ring_of(device, workers, slots).fetch(out, flat)
    assert np.array_equal(out, wanted)
    assert device.is_idle or count == 0


@pytest.mark.parametrize("mode", MODES)
def test_given_memory_is_written_after_its_readers(mode: str) -> None:
    """Given memory is filled after what the caller's stream still had to do with it, and seen by what follows."""
    device = Simulated(mode)  # type: ignore[arg-type]
    flat, read = torch.ones(20_000, dtype=torch.uint8), torch.zeros(20_000, dtype=torch.uint8)
    device.launch(lambda: read.copy_(flat))
    device.launch(lambda: flat.fill_(9))
    ring_of(device).send_into(flat, dice_of(20_000))
    device.drain(device.streams[1])
    assert np.array_equal(device.seen(flat).numpy(), dice_of(20_000))
    assert (read == 1).all()


def sends(runtime: object, device: Simulated) -> bool:
    """Say whether sending through this runtime is right."""
    flat = ring_of(runtime).send(dice_of(LARGE), torch.uint8)
    return np.array_equal(device.seen(flat).numpy(), dice_of(LARGE))


def sends_into(runtime: object, device: Simulated) -> bool:
    """Say whether memory with work to do before keeps what was sent, when the ring's stream is done first."""
    flat = torch.ones(20_000, dtype=torch.uint8)
    device.launch(lambda: flat.fill_(9))
    ring_of(runtime).send_into(flat, dice_of(20_000))
    device.drain(device.streams[1])
    return np.array_equal(device.seen(flat).numpy(), dice_of(20_000))


def fetches(runtime: object, device: Simulated) -> bool:
    """Say whether fetching what is still to be produced is right."""
    flat, out = torch.ones(LARGE, dtype=torch.uint8), np.full(LARGE, 0x5A, np.uint8)
    device.launch(lambda: flat.copy_(torch.from_numpy(dice_of(LARGE))))
    ring_of(runtime).fetch(out, flat)
    return np.array_equal(out, dice_of(LARGE))


PLANTED = {
    "a slot is filled while its last copy is under way": (NoWait, sends),
    "a slot is read before its copy came": (NoWait, fetches),
    "the caller does not wait for the copies": (NoFinalJoin, sends),
    "given memory is written before its readers are done": (NoEntryJoin, sends_into),
    "memory is fetched before it is produced": (NoEntryJoin, fetches),
    "the event stands before the copy, sending": (MarkBeforeCopy, sends),
    "the event stands before the copy, fetching": (MarkBeforeCopy, fetches),
}


@pytest.mark.parametrize("name", PLANTED)
def test_planted_bugs_are_caught(name: str) -> None:
    """Each wait that is left out gives wrong bytes on a lazy device, and the ring as it is gives none."""
    broken, right = PLANTED[name]
    whole, device = Simulated("lazy"), Simulated("lazy")
    assert right(whole, whole)
    assert not right(broken(device), device)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", PLANTED)
def test_an_eager_device_forgives_them(name: str) -> None:
    """On a device that does everything at once all of them pass: why the lazy one exists."""
    broken, right = PLANTED[name]
    device = Simulated("eager")
    assert right(broken(device), device)  # type: ignore[arg-type]


def test_new_memory_is_kept_for_the_caller() -> None:
    """New memory belongs to the ring's stream, so its allocator is told that the caller's stream uses it."""
    device = Simulated()
    flat = ring_of(device).send(dice_of(9), torch.uint8)
    assert [(kept.data_ptr(), stream) for kept, stream in device.kept] == [(flat.data_ptr(), device.caller)]


def test_sending_does_not_wait_for_the_caller() -> None:
    """A caller whose stream is held up, even by what happens after the call, can send more than the ring holds."""
    device, gate = Simulated(), threading.Event()
    device.launch(lambda: gate.wait(5) or pytest.fail("the ring waited for the caller's stream"))
    flat = ring_of(device).send(dice_of(LARGE), torch.uint8)
    assert device.caller.done == 0
    gate.set()
    assert np.array_equal(device.seen(flat).numpy(), dice_of(LARGE))


def test_every_thread_enters_the_device_first() -> None:
    """Threads start on the first device, whichever the ring is of: each is told before it copies."""
    device, copied = Simulated(), set[int]()
    copy = device.copy

    def note(*parts: object) -> None:
        copied.add(threading.get_ident())
        copy(*parts)  # type: ignore[arg-type]

    device.copy = note  # type: ignore[method-assign]
    ring_of(device).send(dice_of(LARGE), torch.uint8)
    assert copied
    assert copied <= device.entered


def test_a_thread_that_cannot_start_leaves_nothing_under_way(monkeypatch: pytest.MonkeyPatch) -> None:
    """When not all threads can be given work, those that were have stopped before that is said."""
    device = Simulated()
    ring, started = ring_of(device), []

    def submit(*work: Any) -> Future[None]:
        if started:
            raise RuntimeError("can't start new thread")
        started.append(Future())
        threading.Timer(0.1, _complete, (started[0], work)).start()
        return started[0]

    with monkeypatch.context() as patch:
        patch.setattr(ring._pool, "submit", submit)
        with pytest.raises(RuntimeError, match="new thread"):
            ring.send(dice_of(LARGE), torch.uint8)
    assert started[0].done()
    assert device.is_idle


def _complete(future: Future[None], work: Any) -> None:
    """Do what was given to a pool, as one of its threads does."""
    call, *parts = work
    future.set_result(call(*parts))


@pytest.mark.parametrize("fail_at", [0, 5, 60])
def test_an_error_leaves_nothing_under_way(fail_at: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """When a thread fails, the error comes out, nothing is in flight, and the ring can be used again."""
    device = Simulated()
    ring, copy = ring_of(device), device.copy

    def fail(*parts: object) -> None:
        if len(device.copied) == fail_at:
            raise MemoryError("planted")
        copy(*parts)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(device, "copy", fail)
        with pytest.raises(MemoryError, match="planted"):
            ring.send(dice_of(LARGE), torch.uint8)
        with pytest.raises(MemoryError, match="planted"):
            ring.fetch(np.empty(LARGE, np.uint8), torch.ones(LARGE, dtype=torch.uint8))
    assert device.is_idle
    flat = ring.send(dice_of(LARGE), torch.uint8)
    assert np.array_equal(device.seen(flat).numpy(), dice_of(LARGE))


def test_inference_mode_is_the_callers() -> None:
    """Memory that a caller under inference_mode makes or gives is filled and read by threads that start without it."""
    device = Simulated("eager")
    ring = ring_of(device)
    with torch.inference_mode():
        given = torch.zeros(20_000, dtype=torch.uint8)
        ring.send_into(given, dice_of(20_000))
        assert np.array_equal(device.seen(given).numpy(), dice_of(20_000))
        sent = ring.send(dice_of(20_000), torch.uint8)
    out = np.empty(20_000, np.uint8)
    ring.fetch(out, sent)
    assert np.array_equal(out, dice_of(20_000))


def test_threads_take_turns() -> None:
    """Several threads may use one ring, in both directions, and each gets its own elements."""
    device = Simulated("random")
    ring, wrong = ring_of(device), []

    def use(count: int) -> None:
        flat = ring.send(dice_of(count), torch.uint8)
        out = np.empty(count, np.uint8)
        ring.fetch(out, flat)
        if not np.array_equal(out, dice_of(count)):
            wrong.append(count)

    users = [threading.Thread(target=use, args=(30_000 + index,)) for index in range(8)]
    for user in users:
        user.start()
    for user in users:
        user.join()
    assert wrong == []


SOURCES = {
    "C order": lambda x: x,
    "transposed": lambda x: x.transpose(2, 0, 1),
    "reversed": lambda x: x[::-1, :, ::-1],
    "with gaps": lambda x: x[:, ::5],
    "inner": lambda x: x[2:9, 3:20, 1:7],
    "broadcast": lambda x: np.broadcast_to(x[0, 0], (90, 31)),
    "windows": lambda x: np.lib.stride_tricks.sliding_window_view(x.ravel(), 64),
    "foreign byte order": lambda x: x.astype(">f4"),
    "misaligned": lambda x: np.frombuffer(b"." + x.tobytes(), np.float32, offset=1),
    "a long row": lambda x: x.reshape(1, -1),
    "no axes": lambda x: x[0, 0, 0],
    "empty": lambda x: x[:0],
}


@pytest.mark.parametrize("name", SOURCES)
def test_every_layout_is_gathered(name: str) -> None:
    """Whatever its layout, a source arrives in C order, cast on the way if asked."""
    base = np.random.default_rng(0).standard_normal((17, 24, 31)).astype(np.float32)
    source = np.asarray(SOURCES[name](base))
    device = Simulated()
    for dtype, numpy_dtype in ((torch.float32, np.float32), (torch.float16, np.float16), (torch.float64, np.float64)):
        flat = ring_of(device).send(source, dtype)
        assert np.array_equal(device.seen(flat).numpy(), source.astype(numpy_dtype).ravel())
        assert max(device.copied, default=0) <= SLOT


@pytest.mark.parametrize("name", set(SOURCES) - {"broadcast", "windows", "misaligned"})
def test_every_layout_is_scattered(name: str) -> None:
    """Whatever the layout of host memory, what is fetched fills it in C order, cast on the way if asked."""
    out = SOURCES[name](np.zeros((17, 24, 31), np.float32))
    if not isinstance(out, np.ndarray):
        out = np.zeros((), np.float32)
    flat = torch.arange(math.prod(out.shape), dtype=torch.float16)
    ring_of(Simulated()).fetch(out, flat)
    assert np.array_equal(out.ravel(), flat.float().numpy())
