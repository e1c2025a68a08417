"""Whole processes: one that ends at once, one that forks, one that captures a graph."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest

ROOT = Path(__file__).parents[2]

#: What each program begins with: a device, and what says what it holds.
BEGINNINGS = {
    "simulated": """
        import numpy as np, os, signal, sys, torch
        from bridge import as_tensor, device as devices
        from tests.device.benches import SimulatedBench
        torch.set_num_threads(1)  # those that the simulation's own kernels would start do not come along to a child
        bench = SimulatedBench()
        devices.runtime_of = lambda _where: bench.runtime
        device, seen = "meta", bench.seen
    """,
    "cuda": """
        import numpy as np, os, signal, sys, torch
        from bridge import as_array, as_tensor, copyto, device as devices
        device, seen = "cuda:0", lambda t: t.cpu().numpy()
    """,
}

#: The last copies are still under way, and the interpreter has to end.
ENDING = """
    sent = as_tensor(np.ones(40 << 20, np.uint8), device=device)
"""

#: The child may refuse, but says so at once, and its parent's ring is not harmed.
FORKING = """
    x = np.random.default_rng(0).integers(0, 256, 9 << 20, np.uint8)
    sent = as_tensor(x, device=device)
    child = os.fork()
    if child == 0:
        signal.alarm(30)
        try:
            arrived = np.array_equal(seen(as_tensor(x, device=device)), x)
            os._exit(0 if arrived else 1)
        except RuntimeError as error:
            print("the child:", str(error).splitlines()[0], flush=True)
            os._exit(0)
    status = os.waitpid(child, 0)[1]
    assert os.waitstatus_to_exitcode(status) == 0, status
    assert np.array_equal(seen(sent), x)
    assert np.array_equal(seen(as_tensor(x[::-1], device=device)), x[::-1])
"""

#: A copy from memory that is not pinned cannot be captured. Torch says so; the ring stays out of it.
CAPTURING = """
    x, out = np.random.default_rng(0).integers(0, 256, 9 << 20, np.uint8), np.zeros(9 << 20, np.uint8)
    sent = as_tensor(x, device=device)
    given, more = torch.zeros_like(sent), sent + 1  # loads the kernel that is captured
    ring, = devices._rings.values()
    ring.send = ring.send_into = ring.fetch = lambda *_: sys.exit("the ring is used while a graph is captured")
    calls = {
        "as_tensor": lambda: as_tensor(x, device=device),
        "into": lambda: copyto(given, x),
        "as_array": lambda: as_array(sent),
        "from": lambda: copyto(out, sent),
    }
    for name, call in calls.items():
        capture, graph = torch.cuda.Stream(), torch.cuda.CUDAGraph()
        before = torch.cuda.current_stream()
        refused = ""
        try:
            with torch.cuda.graph(graph, stream=capture):
                more = sent + 1
                try:
                    call()
                except RuntimeError as error:
                    refused = str(error).splitlines()[0]
        except RuntimeError as error:  # the refusal may have ended the capture too
            refused = refused or str(error).splitlines()[0]
        torch.cuda.set_stream(before)
        print(name, "while a graph is captured:", refused, flush=True)
        assert refused, name
    for name in ("send", "send_into", "fetch"):
        delattr(ring, name)
    copyto(given, x)
    copyto(out, given)
    assert np.array_equal(seen(sent), x)
    assert np.array_equal(seen(given), x)
    assert np.array_equal(out, x)
    assert np.array_equal(seen(as_tensor(x[::-1], device=device)), x[::-1])
"""


@pytest.fixture(params=["simulated", pytest.param("cuda", marks=pytest.mark.gpu)])
def beginning(request: pytest.FixtureRequest) -> str:
    """Return how a program for the device begins."""
    return BEGINNINGS[request.param]


def test_a_process_that_ends_at_once(beginning: str) -> None:
    """The interpreter ends right after a call, without a word."""
    assert _run(beginning, ENDING) == ""


def test_a_process_that_forks(beginning: str) -> None:
    """A child that converts gets its elements or an error, and never hangs; its parent goes on."""
    _run(beginning, FORKING)


@pytest.mark.gpu
def test_a_process_that_captures_a_graph() -> None:
    """While a graph is captured the ring is not used: torch refuses the copy, and everything works afterwards."""
    _run(BEGINNINGS["cuda"], CAPTURING)


def _run(*parts: str) -> str:
    """Run a program in a fresh process and return what it said of itself and of what went wrong."""
    code = "".join(map(dedent, parts))
    command = [sys.executable, "-W", "ignore", "-c", code]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stderr
