import gc
import os
import subprocess
import sys
import threading
import weakref

import numpy as np
import pytest
import torch

import bridge
from bridge import as_array, as_tensor, copyto, engines, plan, standardize

FORK = """
import os, signal, sys
import numpy as np, torch, bridge
torch.set_num_threads(2)
source = np.arange(3_000_000, dtype="f4").reshape(3, -1)
torch.from_numpy(source).clone()  # the parent has used threads of torch
child = os.fork()
if child == 0:
    copy = bridge.as_tensor(source, copy=True)
    half = bridge.as_tensor(source, dtype=torch.float16)
    bf16 = bridge.as_tensor(source.T, dtype=torch.bfloat16, order="C")
    back = bridge.as_array(bf16, dtype="f4")
    conj = bridge.as_array(torch.from_numpy(source * 1j).conj())
    out = bridge.copyto(torch.empty(3, 1_000_000), source)
    many = bridge.stack([source, source])
    bridge.standardize(source)
    good = (copy.numpy() == source).all() and (abs(back - source.T) <= source.T / 128).all()
    good = good and (conj.imag == -source).all() and (out.numpy() == source).all() and many.shape[0] == 2
    good = good and bridge.plan(np.empty(33 << 20, "f4"), copy=True).threads == 1
    os._exit(0 if good else 3)
signal.alarm(20)
signal.signal(signal.SIGALRM, lambda *_: (os.kill(child, signal.SIGKILL), sys.exit(4)))
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""

FORK_EACH = """
import os, signal, time
import numpy as np, torch, bridge
torch.set_num_threads(2)
source = np.arange(3_000_000, dtype="f4").reshape(3, -1)
tensor, out = torch.from_numpy(source), torch.empty(3, 1_000_000)
large = np.ones(33 << 20, "f4")
assert bridge.plan(large, copy=True).threads == 2
tensor.clone()  # the parent has used threads of torch
calls = {
    "as_tensor(copy) by threads": lambda: (bridge.as_tensor(large, copy=True).numpy(), large),
    "as_tensor(cast) by threads": lambda: (bridge.as_tensor(large, dtype=torch.bfloat16), large),
    "as_tensor(copy)": lambda: (bridge.as_tensor(source, copy=True).numpy(), source),
    "as_tensor(cast)": lambda: (bridge.as_tensor(source, dtype="f8").numpy(), source),
    "as_tensor(cast by torch)": lambda: (bridge.as_tensor(source % 99, dtype=torch.float16).numpy(), source % 99),
    "as_tensor(order)": lambda: (bridge.as_tensor(source, order="F").numpy(), source),
    "copyto": lambda: (bridge.copyto(out, source).numpy(), source),
    "copyto(reversed)": lambda: (bridge.copyto(out, source[::-1]).numpy(), source[::-1]),
    "stack": lambda: (bridge.stack([source, source]).numpy(), np.stack([source] * 2)),
    "stack(tensors)": lambda: (bridge.stack([tensor, tensor], axis=2).numpy(), np.stack([source] * 2, 2)),
    "standardize": lambda: (bridge.standardize(source).round(3), ((source - source.mean()) / source.std()).round(3)),
    "as_array(copy)": lambda: (bridge.as_array(tensor, copy=True), source),
    "as_array(cast)": lambda: (bridge.as_array(tensor, dtype="f8"), source),
    "as_array(negated)": lambda: (bridge.as_array(torch._neg_view(tensor)), -source),
    "stack(negated)": lambda: (bridge.stack([torch._neg_view(tensor)] * 2), np.stack([-source] * 2)),
    "as_array(negated, cast)": lambda: (bridge.as_array(torch._neg_view(tensor), dtype="f8"), -source),
}
for name, call in calls.items():
    child = os.fork()
    if child == 0:
        got, wanted = call()
        got = bridge.as_array(got, dtype=wanted.dtype) if isinstance(got, torch.Tensor) else got
        os._exit(0 if np.allclose(got, wanted, atol=0.01) else 3)
    end, done = time.monotonic() + 5, (0, 0)
    while done[0] == 0 and time.monotonic() < end:
        time.sleep(0.01)
        done = os.waitpid(child, os.WNOHANG)
    if done[0] == 0:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    if done != (child, 0):
        print(name, "hung" if done[0] == 0 else done[1])
"""


#: Python 3.12 and later warn of a fork beside threads, which is what these tests do.
FORKS_THREADS = ("-W", "ignore:This process:DeprecationWarning")


def run_python(code: str, *options: str) -> subprocess.CompletedProcess[str]:
    """Run code in a fresh interpreter that finds this bridge."""
    where = os.path.dirname(os.path.dirname(bridge.__file__))  # noqa: PTH120 - a search path wants text
    environment = os.environ | {"PYTHONPATH": where}
    return subprocess.run(
        [sys.executable, *options, "-c", code], env=environment, capture_output=True, text=True, check=False, timeout=60
    )


def test_a_forked_child_finishes() -> None:
    """After the parent has used torch's threads, every conversion works in a forked child instead of hanging."""
    done = run_python(FORK, *FORKS_THREADS)
    assert (done.returncode, done.stderr) == (0, "")


def test_every_conversion_finishes_in_a_forked_child() -> None:
    """Each conversion alone finishes within five seconds, with the right numbers, in a child of a threaded parent."""
    done = run_python(FORK_EACH, *FORKS_THREADS)
    assert (done.stdout, done.stderr) == ("", "")


def test_importing_brings_numpy_and_torch_alone() -> None:
    """Importing bridge loads no third package of its own, and neither warns nor prints."""
    code = "import sys, numpy, torch; before = set(sys.modules); import bridge; print(*(set(sys.modules) - before))"
    done = run_python(code, "-W", "error")
    assert done.stderr == ""
    assert {name.split(".")[0] for name in done.stdout.split()} <= {"bridge", "numpy", "torch"}


def test_all_is_what_bridge_offers() -> None:
    """__all__ is sorted and complete: no module hides a function of its name."""
    assert bridge.__all__ == sorted(bridge.__all__)
    assert all(callable(getattr(bridge, name)) for name in bridge.__all__)


def test_shared_memory_lives_as_long_as_the_last_view() -> None:
    """A tensor keeps the array it shares alive, and lets go of it when the last of its views dies."""
    array = np.full(1000, 7.0)
    alive = weakref.ref(array)
    view = as_tensor(array)[::2]
    del array
    gc.collect()
    assert alive() is not None
    assert (view == 7).all()
    del view
    gc.collect()
    assert alive() is None


def test_copies_hold_nothing_of_the_source() -> None:
    """A copy lets its source die at once."""
    array = np.full(1000, 7.0)
    alive = weakref.ref(array)
    tensor = as_tensor(array, copy=True)
    del array
    gc.collect()
    assert alive() is None
    assert (tensor == 7).all()


def test_threads_may_convert_at_once() -> None:
    """Many threads convert at the same time without disturbing each other."""
    sources = [np.full((64, 1024), value, "f4")[:, ::-1] for value in range(8)]
    results: dict[int, torch.Tensor] = {}

    def convert(index: int) -> None:
        for _ in range(20):
            results[index] = as_tensor(sources[index], dtype=torch.float64)

    workers = [threading.Thread(target=convert, args=(index,)) for index in range(8)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert all((results[index] == index).all() for index in range(8))


@pytest.mark.parametrize("large", [False, True])
def test_torch_settings_change_nothing(large: bool) -> None:  # noqa: FBT001 - pytest passes it by name
    """Default device, default dtype, no_grad and inference_mode leave values, dtype, device and plan alone."""
    array = np.arange(100_000.0 if large else 12.0)[::-1]
    expected = plan(array)
    with torch.device("meta"):
        assert plan(array) == expected
        assert (as_array(as_tensor(array)) == array).all()
        assert as_tensor(3.5).dtype is torch.float64
        assert bridge.stack([array, array]).device.type == "cpu"
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float16)
    try:
        assert as_tensor([1.5]).dtype is torch.float64
        assert as_tensor(array).dtype is torch.float64
    finally:
        torch.set_default_dtype(before)
    for mode in (torch.no_grad(), torch.inference_mode()):
        with mode:
            assert plan(array) == expected
            assert (as_array(as_tensor(array)) == array).all()
            assert not as_array(torch.ones(3).requires_grad_()).flags.writeable
            assert as_array(torch.ones(3)).flags.writeable
            copyto(torch.empty(array.shape, dtype=torch.float64), array)


def test_nothing_warns() -> None:
    """The conversions that warn elsewhere, read-only memory, lossy casts, overflow and equal numbers, are silent."""
    code = (
        "import numpy as np, torch, bridge; torch.set_warn_always(True)\n"
        "text = np.frombuffer(b'abcd', 'u1'); bridge.as_tensor(text); bridge.as_tensor(text, readonly='share')\n"
        "bridge.as_tensor([np.ones(3)] * 3); bridge.as_tensor(np.array([1e300, np.nan]), dtype='f4')\n"
        "bridge.as_tensor(np.array([1e300, np.nan]), dtype='i4', casting='unsafe')\n"
        "bridge.as_tensor(np.ones(3, 'c8'), dtype='f4', casting='unsafe')\n"
        "bridge.copyto(np.ones(3, 'f4'), torch.ones(3, dtype=torch.complex64).conj(), casting='unsafe')\n"
        "bridge.as_array(torch.ones(3), copy=True); bridge.stack([torch.ones(3)] * 2); bridge.standardize(np.ones(3))\n"
    )
    done = run_python(code, "-W", "error")
    assert (done.returncode, done.stderr) == (0, "")


def test_pieces_cover_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    """Copying in pieces too small for threads reaches every element of every layout."""
    monkeypatch.setattr(engines, "_forked", True)
    array = np.arange(200_000, dtype="f4").reshape(2, 100, 1000)
    for source in (array, array.T, array[:, ::-1], array[:, :, ::7]):
        result = as_tensor(source, dtype=torch.bfloat16)
        assert torch.equal(result, torch.from_numpy(source.copy()).to(torch.bfloat16))


def test_standardize_reads_tensors_too() -> None:
    """A tensor is taken as what NumPy sees of it."""
    assert standardize(torch.arange(3.0)).tolist() == [-1, 0, 1]
