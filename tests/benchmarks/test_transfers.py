"""Every transfer as it is spelled, on a stand-in for a device: right values from right arguments, at small sizes."""

from __future__ import annotations

import gc
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch

from benchmarks.suite.calls import call
from benchmarks.suite.cases import BATCHES, KIB, TRANSFERS, Case
from benchmarks.suite.checks import WrongResultError, check, prove
from benchmarks.suite.given import GIVEN
from benchmarks.suite.inputs import InputCache
from benchmarks.suite.paths import PATHS
from benchmarks.suite.presets import PRESETS
from benchmarks.suite.registry import path
from tests.benchmarks.stand_in import play

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import SimpleNamespace

    from benchmarks.suite.calls import Call

pytestmark = pytest.mark.filterwarnings("ignore")  # torch warns of read-only arrays, which broadcast ones are

TRANSFER = [known.name for known in PATHS.values() if known.family in TRANSFERS and known.geometry is None]
GEOMETRIES = [known.name for known in PATHS.values() if known.geometry]


@pytest.fixture(autouse=True)
def played(monkeypatch: pytest.MonkeyPatch) -> Iterator[SimpleNamespace]:
    """Let the host stand in for a device."""
    yield play(monkeypatch)
    gc.collect()  # what is registered is given back while its runtime is played


def small(case: Case) -> Case:
    """Return a case of the same kind with few bytes."""
    return replace(case, nbytes=max(4 * KIB, BATCHES.get(case.layout, 0)))


def small_cases(name: str) -> list[Case]:
    """Return the kinds of cases that the gpu preset has of a path, with few bytes."""
    every = PRESETS["gpu"].cases(name, PATHS[name].family)
    return [case for case in dict.fromkeys(map(small, every)) if PATHS[name].refusal(case) is None]


def a_call(name: str, dtype: str = "float32", layout: str = "C") -> Call:
    """Return a small call of a path."""
    return call(Case(path=name, dtype=dtype, layout=layout, nbytes=4 * KIB, threads="1t"), InputCache(0))


@pytest.mark.parametrize("name", [*TRANSFER, GEOMETRIES[0], GEOMETRIES[-1]])
def test_a_transfer_does_its_work(name: str) -> None:
    """In every dtype and layout of the preset a path gives the elements of its source."""
    cases = small_cases(name)
    for case in cases:
        check(call(case, InputCache(0)))
    assert cases


@pytest.mark.usefixtures("registry")
def test_a_transfer_of_other_values_is_caught() -> None:
    """A path that sends something else is not timed, however it is given its source."""
    path("fake.wrong", family="h2d")(lambda pinned, device: pinned.to(device) + 1)
    with pytest.raises(WrongResultError):
        check(a_call("fake.wrong"))
    path("fake.some", family="many")(lambda arrays, device: [torch.from_numpy(a).to(device) for a in arrays[:-1]])
    with pytest.raises(WrongResultError):
        prove(a_call("fake.some"))


@pytest.mark.parametrize("name", [known for known in TRANSFER if PATHS[known].refuses])
def test_a_declared_refusal_is_real(name: str) -> None:
    """What a transfer declares to refuse it does refuse."""
    for trait in PATHS[name].refuses:
        dtype = "float64>float32" if PATHS[name].family == "h2d_cast" else "float32"
        ready = a_call(name, dtype, layout=trait)
        assert PATHS[name].refusal(ready.case) == PATHS[name].refuses[trait]
        with pytest.raises(ValueError, match="negative"):
            ready.run()


def test_every_argument_is_taken() -> None:
    """Paths name no argument that nobody gives, and nothing is given that no path takes."""
    taken = {name for known in PATHS.values() if known.family in TRANSFERS for name in known.parameters}
    assert taken == set(GIVEN)


def test_pinned_memory_is_not_the_sources() -> None:
    """Filling pinned or registered memory leaves the pageable source, which other paths share, as it is."""
    cache = InputCache(1 << 20)
    case = Case(path="h2d.pageable", dtype="float32", layout="C", nbytes=4 * KIB, threads="1t")
    source = call(case, cache).args[0]
    for name in ("h2d.pinned", "h2d.register_once", "h2d.stage"):
        for given in call(replace(case, path=name), cache).args:
            if isinstance(given, np.ndarray | torch.Tensor) and given is not source:
                assert not np.shares_memory(np.asarray(given), source)


def test_registered_memory_is_given_back(played: SimpleNamespace) -> None:
    """Memory that is locked in place stays locked as long as its call lives, and no longer."""
    ready = a_call("h2d.register_once")
    ready.run()
    address = ready.args[0].ctypes.data
    assert address in played.runtime.locked
    del ready
    gc.collect()
    assert address not in played.runtime.locked


def test_registering_each_time_leaves_nothing_locked(played: SimpleNamespace) -> None:
    """The path that locks its source unlocks it, so that it can be called again."""
    ready = a_call("h2d.register_each")
    ready.run()
    ready.run()
    assert played.runtime.locked == {}


def test_what_pins_cold_starts_cold() -> None:
    """The path that pins anew has torch give back its pinned memory before each call, outside its time."""
    assert PATHS["h2d.pin_cold"].before is not None
    assert PATHS["h2d.pin_warm"].before is None
    assert PATHS["h2d.pin_cold"].spelling == PATHS["h2d.pin_warm"].spelling


@pytest.mark.parametrize("name", ["h2d.stage", "many.pack_pinned", "d2h.nb", "d2h.out_pinned", "h2d.register_each"])
def test_what_has_to_wait_waits(played: SimpleNamespace, name: str) -> None:
    """A spelling that reuses a buffer, or reads what a stream still fills, waits for the stream by itself."""
    ready = a_call(name)
    before = played.current.waits
    ready.run()
    assert played.current.waits > before


def test_a_ring_has_the_geometry_of_its_path() -> None:
    """The paths of the sweep differ in the ring they are given alone."""
    ring = call(small(PRESETS["gpu"].cases("ring.4MiB.8x3", "ring")[0]), InputCache(0)).args[0]
    assert (len(ring._lanes), len(ring._lanes[0]), ring._slot_bytes) == (8, 3, 4 << 20)
    assert len(a_call("h2d.ring1").args[0]._lanes) == 1
    assert len(GEOMETRIES) == 6 * 5 + 2


def test_a_tensor_on_the_device_lies_as_its_source_does() -> None:
    """The strides of a tensor source survive the way to the device, gaps included."""
    for layout in ("C", "F", "strided"):
        ready = a_call("d2h.cpu", layout=layout)
        assert ready.args[0].stride() == tuple(step // 4 for step in ready.input.reference.strides)


@pytest.mark.parametrize("threads", [2, 4, 8, 16])
def test_host_copies_move_every_byte(threads: int) -> None:
    """Equal parts for any number of threads, the last one shorter, are all the bytes there are."""
    ready = a_call(f"ref.memcpy_{threads}")
    assert np.array_equal(ready.run(), ready.input.reference)
    assert check(ready).alloc_bytes == 0, "the memory was there"


def test_memory_that_was_there_is_not_new() -> None:
    """What a path fills is not counted as new memory, whatever wraps it in the end."""
    for name in ("d2h.out_pinned", "d2h.out_pageable", "ref.dma_d2h"):
        assert check(a_call(name)).alloc_bytes == 0, name


@pytest.mark.usefixtures("registry")
@pytest.mark.parametrize("wrong", ["swapped", "stale"])
def test_parts_in_the_wrong_place_are_caught(wrong: str) -> None:
    """Though inputs repeat a tile, two parts of a large transfer that are swapped or sent twice are wrong values."""
    part = 1 << 20

    @path("fake.parts", family="h2d")
    def fake(a: np.ndarray, device: torch.device) -> torch.Tensor:
        sent = torch.from_numpy(a.copy()).to(device)
        sent[:part] = torch.from_numpy(a[part:])
        if wrong == "swapped":
            sent[part:] = torch.from_numpy(a[:part])
        return sent

    case = Case(path="fake.parts", dtype="uint8", layout="C", nbytes=2 * part, threads="1t")
    with pytest.raises(WrongResultError):
        check(call(case, InputCache(0)))


@pytest.mark.parametrize(
    ("dtype", "nbytes"), [("float32", 64), ("uint8", 4096), ("float64", 1 << 20), ("bool", 1 << 18)]
)
def test_every_call_has_elements_of_its_own(dtype: str, nbytes: int) -> None:
    """What an earlier call of the same size left in memory is no right result of the next one, in any of its tiles."""
    cache, case = InputCache(1 << 22), Case(path="h2d.pageable", dtype=dtype, layout="C", nbytes=nbytes, threads="1t")
    before = call(case, cache).expected().copy()
    after = call(case, cache).expected()
    tiles = max(1, after.size // 65_536)
    assert all((one != other).any() for one, other in zip(np.split(before, tiles), np.split(after, tiles), strict=True))
