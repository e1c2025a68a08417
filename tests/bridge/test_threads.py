"""Other threads while ours convert, and the module state they would share."""

import ast
import gc
import inspect
import pkgutil
import sys
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from functools import partial
from importlib import import_module
from types import ModuleType
from typing import Self

import numpy as np
import pytest
import torch

import bridge
from bridge import rules

LARGE = 1024  # rows: 32 MiB
HELD, FREE, TRIES = 0.3, 0.3, 10  # shares of what another thread counts while this one sleeps
TURN_SECONDS = 0.2  # many times what a busy system lets one thread run before the next

MODULES = [import_module(f"bridge.{module.name}") for module in pkgutil.iter_modules(bridge.__path__)]


#: A call of every kind, of an array, a tensor over it, and a tensor to fill.
CALLS: dict[str, Callable[[np.ndarray, torch.Tensor, torch.Tensor], object]] = {
    "as_tensor, copy": lambda array, _, __: bridge.as_tensor(array, copy=True),
    "as_tensor, cast": lambda array, _, __: bridge.as_tensor(array, dtype="f8"),
    "as_tensor, cast by torch": lambda array, _, __: bridge.as_tensor(array, dtype=torch.bfloat16),
    "as_tensor, reversed": lambda array, _, __: bridge.as_tensor(array[:, ::-1]),
    "as_tensor, transposed": lambda array, _, __: bridge.as_tensor(array, order="F"),
    "as_tensor, big-endian": lambda array, _, __: bridge.as_tensor(array.view(">f4")),
    "as_array, copy": lambda _, tensor, __: bridge.as_array(tensor, copy=True),
    "as_array, cast": lambda _, tensor, __: bridge.as_array(tensor, dtype="f8"),
    "as_array, conjugated": lambda _, tensor, __: bridge.as_array(torch.view_as_complex(tensor.view(-1, 2)).conj()),
    "copyto": lambda array, _, out: bridge.copyto(out, array),
    "stack arrays": lambda array, _, __: bridge.stack([array, array]),
    "stack tensors": lambda _, tensor, __: bridge.stack([tensor, tensor]),
    "standardize": lambda array, _, __: bridge.standardize(array),
}


def call_of(name: str, rows: int) -> Callable[[], object]:
    """Return the call, on `rows` of 32 KiB."""
    array = np.ones((rows, 8192), "f4")
    return partial(CALLS[name], array, torch.from_numpy(array), torch.empty(rows, 8192))


class Counter:
    """A thread that counts as long as it may run."""

    def __init__(self) -> None:
        self.count = 0
        self._done = False
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._done = True
        self._thread.join()

    def _run(self) -> None:
        """Count."""
        while not self._done:
            self.count += 1

    def rate(self, call: Callable[[], object]) -> float:
        """Return how much it counts in a second of the call, made until the turns the system gives even out."""
        before, start = self.count, time.perf_counter()
        while time.perf_counter() - start < TURN_SECONDS:
            call()
        return (self.count - before) / (time.perf_counter() - start)


def freedom(call: Callable[[], object]) -> float:
    """Return how fast another thread counts during the call, as a share of how fast it does while this one sleeps."""
    with Counter() as counter:
        return counter.rate(call) / counter.rate(lambda: time.sleep(0.02))


@pytest.fixture
def _short_turns() -> Iterator[None]:
    """Let a thread that wants to run wait little for the one that runs."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-4)
    yield
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("_short_turns")
def test_a_call_that_holds_the_interpreter_is_told_apart() -> None:
    """The control: beside torch.asarray(copy=True), which holds the interpreter, another thread stands still."""
    array = np.ones((LARGE, 8192), "f4")
    assert any(freedom(lambda: torch.asarray(array, copy=True)) < HELD for _ in range(TRIES))


@pytest.mark.usefixtures("_short_turns")
@pytest.mark.parametrize("name", CALLS)
def test_other_threads_run_while_we_convert(name: str) -> None:
    """A large conversion lets go of the interpreter: another Python thread goes on counting meanwhile."""
    call = call_of(name, LARGE)
    assert any(freedom(call) > FREE for _ in range(TRIES))


def state() -> dict[str, object]:
    """Return every global of bridge with its identity and, for a container, what it holds."""
    found: dict[str, object] = {}
    for module in MODULES:
        for name, value in vars(module).items():
            if not name.startswith("__"):
                held = tuple(value.items()) if isinstance(value, dict) else tuple(value) if is_container(value) else ()
                found[f"{module.__name__}.{name}"] = (id(value), held)
    return found


def is_container(value: object) -> bool:
    """Say whether it is a container that could be changed."""
    return isinstance(value, list | set | bytearray)


def test_no_call_changes_module_state() -> None:
    """Whatever is global is written when bridge is imported, and never by a call.

    Without the interpreter's lock, as in free-threaded Python, threads share globals without protection: caches and
    counters would need locks, constants need none.
    """
    before = state()
    workers = [threading.Thread(target=call_of(name, 40)) for name in CALLS]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    with pytest.raises(bridge.CopyRequired):
        bridge.as_tensor(np.ones(3)[::-1], copy=False)
    assert state() == before


def writers(module: ModuleType) -> list[str]:
    """Return the functions of the module that rebind a global."""
    functions = [node for node in ast.walk(ast.parse(inspect.getsource(module))) if isinstance(node, ast.FunctionDef)]
    return [f.name for f in functions if any(isinstance(inner, ast.Global) for inner in ast.walk(f))]


def test_only_a_fork_writes_a_global() -> None:
    """No function rebinds a global, except the one that notes a fork, when the child has one thread.

    What is remembered, is remembered by functools, whose caches hold a lock of their own in free-threaded Python.
    """
    assert {module.__name__: writers(module) for module in MODULES if writers(module)} == {
        "bridge.engines": ["_note_fork"]
    }


def test_what_is_remembered_holds_no_memory_and_has_a_bound() -> None:
    """Decisions are kept for layouts, a bounded number of them, and never keep an array alive."""
    array = np.ones((3, 5))[:, ::-1]
    owner = weakref.ref(array.base)
    bridge.as_tensor(array)
    del array
    gc.collect()
    assert owner() is None
    for length in range(2000):
        bridge.plan(np.broadcast_to(np.float32(1), (length,)))
    assert rules._tensor_plan.cache_info().currsize <= rules._DECISIONS
