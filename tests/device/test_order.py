"""What waits for what: the ring is right when its stream and the caller's are late, and without any one wait it is not.

How each mutant is made to fail on CUDA, by order and not by luck, with one thread, two slots and four parts:

- nothing is waited for: copies begin 50 ms late, so slots are filled, or read, long before;
- the caller does not wait: the same; its kernel runs while the last copies have not begun;
- the event stands before the copy: it passes at once, and the copy begins 50 ms after it;
- the ring does not wait for the caller: the caller's stream is held up, with work behind that touches the memory,
  while the copies have nothing to wait for.

Everything is done twice, and the second time counts: by then kernels are loaded and memory is allocated, which may
wait for the whole device.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch

from bridge.ring import Ring
from tests.bridge.mutants import MarkBeforeCopy, NoEntryJoin, NoFinalJoin, NoKeep, NoWait
from tests.device.payloads import fresh

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.device.benches import Bench, CudaBench

    Rings = Callable[..., Ring]
    Before = Callable[[], object]
    Action = Callable[..., bool]

HELD_MS = 400


def sends(bench: Bench, ring: Ring, before: Before = int) -> bool:
    """Say whether a kernel sees what was sent just before."""
    source = fresh(4 * bench.slot_bytes)
    wanted = source.copy()
    before()
    sent = ring.send(source, torch.uint8)
    source[:] = 0xEE
    return np.array_equal(bench.seen(sent), wanted)


def sends_into(bench: Bench, ring: Ring, before: Before = int) -> bool:
    """Say whether a kernel sees what was sent into given memory just before."""
    wanted, given = fresh(4 * bench.slot_bytes), bench.on_device(fresh(4 * bench.slot_bytes))
    before()
    ring.send_into(given, wanted)
    return np.array_equal(bench.seen(given), wanted)


def fetches(bench: Bench, ring: Ring, before: Before = int) -> bool:
    """Say whether what was fetched is there."""
    wanted, out = fresh(4 * bench.slot_bytes), fresh(4 * bench.slot_bytes)
    there = bench.on_device(wanted)
    before()
    ring.fetch(out, there)
    return np.array_equal(out, wanted)


def overwrites(bench: Bench, ring: Ring, before: Before = int) -> bool:
    """Say whether given memory keeps what was sent, if the caller still had to write something else there."""
    wanted, given = fresh(4 * bench.slot_bytes), bench.on_device(fresh(4 * bench.slot_bytes))
    before()
    bench.hold(HELD_MS)
    bench.runtime.launch(lambda: given.fill_(9))
    ring.send_into(given, wanted)
    bench.runtime.drain(ring._stream)
    return np.array_equal(bench.seen(given), wanted)


def fetches_what_is_made(bench: Bench, ring: Ring, before: Before = int) -> bool:
    """Say whether what the caller still had to make is fetched."""
    wanted, out = fresh(4 * bench.slot_bytes), fresh(4 * bench.slot_bytes)
    made, there = bench.on_device(wanted), bench.on_device(fresh(4 * bench.slot_bytes))
    before()
    bench.hold(HELD_MS)
    bench.runtime.launch(lambda: there.copy_(made))
    ring.fetch(out, there)
    return np.array_equal(out, wanted)


ACTIONS = (sends, sends_into, fetches, overwrites, fetches_what_is_made)
#: What leaves the wait out, what then goes wrong, and whether copies have to be late for that.
PLANTED: dict[str, tuple[Any, Action, bool]] = {
    "a slot is filled while its last copy is under way": (NoWait, sends, True),
    "the same, into given memory": (NoWait, sends_into, True),
    "a slot is read before its copy came": (NoWait, fetches, True),
    "the caller does not wait for the copies": (NoFinalJoin, sends, True),
    "the caller does not wait for copies into given memory": (NoFinalJoin, sends_into, True),
    "the event stands before the copy, sending": (MarkBeforeCopy, sends, True),
    "the event stands before the copy, fetching": (MarkBeforeCopy, fetches, True),
    "given memory is written before its writers are done": (NoEntryJoin, overwrites, False),
    "memory is fetched before it is made": (NoEntryJoin, fetches_what_is_made, False),
}


@pytest.mark.parametrize("name", PLANTED)
def test_planted_bugs_are_caught(bench: Bench, ring_on: Rings, name: str) -> None:
    """Each wait that is left out gives wrong bytes where the streams are late."""
    broken, right, late = PLANTED[name]
    ring = ring_on(broken(bench.late() if late else bench.runtime), threads=1)
    assert not _verdict(bench, ring, right)


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("right", ACTIONS)
def test_the_ring_waits_for_all(bench: Bench, ring_on: Rings, right: Action, threads: int) -> None:
    """The ring as it is gives right bytes where they are late in the same way."""
    assert _verdict(bench, ring_on(bench.late(), threads), right)


@pytest.mark.parametrize("right", ACTIONS)
def test_the_ring_is_right_when_both_streams_are_held(bench: Bench, ring_on: Rings, right: Action) -> None:
    """The same where its own stream and the caller's begin long after the call."""
    ring = ring_on()

    def hold_both() -> None:
        bench.hold(HELD_MS // 2, ring._stream)
        bench.hold(HELD_MS // 4)

    assert _verdict(bench, ring, partial(right, before=hold_both))


def keeps(bench: Bench, ring: Ring) -> bool:
    """Say whether results are read whole that were dropped before the caller's stream came to read them."""
    sources = [fresh(4 * bench.slot_bytes) for _ in range(8)]
    room = bench.on_device(np.zeros((8, 4 * bench.slot_bytes), np.uint8))
    bench.hold(HELD_MS)
    for row, source in zip(room, sources, strict=True):
        bench.runtime.launch(partial(row.copy_, ring.send(source, torch.uint8)))
    return np.array_equal(bench.seen(room), np.concatenate(sources))


def test_dropped_memory_is_used_again_only_when_it_is_free(bench: Bench, ring_on: Rings) -> None:
    """Results that are dropped while the caller's stream has still to read them are read whole."""
    assert _verdict(bench, ring_on(), keeps)


@pytest.mark.gpu
def test_memory_that_is_not_kept_is_caught(cuda: CudaBench) -> None:
    """If the allocator is not told of the caller's stream, it gives their memory to the next result: see above."""
    assert not _verdict(cuda, Ring(NoKeep(cuda.runtime), threads=1, slot_bytes=cuda.slot_bytes), keeps)


@pytest.mark.gpu
@pytest.mark.parametrize("broken", [None, NoFinalJoin])
def test_the_default_stream_waits_too(cuda: CudaBench, broken: Any) -> None:
    """A caller on the default stream sees what was sent, because that stream was told to wait, and not otherwise."""
    runtime = cuda.late() if broken is None else broken(cuda.late())
    ring = Ring(runtime, threads=1, slot_bytes=cuda.slot_bytes)
    with torch.cuda.stream(torch.cuda.default_stream(cuda.device)):
        assert _verdict(cuda, ring, sends) is (broken is None)


def test_sending_does_not_wait_for_the_caller(bench: Bench, ring_on: Rings) -> None:
    """A caller whose stream is held up can send several times what the slots hold, and go on meanwhile."""
    ring, wanted = ring_on(), fresh(40 * bench.slot_bytes)
    ring.send(wanted[::-1], torch.uint8)
    bench.synchronize()
    is_held = bench.hold(5 * HELD_MS)
    sent = ring.send(wanted, torch.uint8)
    bench.runtime.drain(ring._stream)
    assert is_held(), "the ring waited for the caller's stream"
    assert np.array_equal(bench.seen(sent), wanted)
    assert not is_held()


def _verdict(bench: Bench, ring: Ring, right: Action) -> bool:
    """Say whether the ring is right once everything is warm."""
    right(bench, ring)
    bench.synchronize()
    verdict = right(bench, ring)
    bench.synchronize()
    return verdict
