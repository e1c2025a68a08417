"""What is done in a case's stead: its elements, or as many bytes, moved into memory that is there."""

from __future__ import annotations

import ctypes
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import torch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from benchmarks.suite.calls import Call

    Run = Callable[[], object]

#: What torch and NumPy raise for elements that they do not take.
_REFUSALS: Final = (TypeError, ValueError, RuntimeError)


class NoEngineError(Exception):
    """Nothing copies the elements of this case one by one."""


def replacements(call: Call, what: str) -> dict[str, Run]:
    """Return, by name, what can be timed instead of a call: ``engine`` or ``move``.

    The destination is the result of one call, so that its dtype and its order are those that the path gives.

    Raises:
        NoEngineError: neither library copies such elements into a result of this path.
    """
    result = call.run()
    if what == "move":
        return {"memmove": _Memmove(_moved(call, result))}
    found = {name: run for name, run in _engines(call, result) if _works(run)}
    if not found:
        raise NoEngineError(f"neither Tensor.copy_ nor np.copyto copies into a result of {call.path.name}")
    return found


class _Memmove:
    """Moves bytes between two buffers of its own."""

    def __init__(self, nbytes: int) -> None:
        self._memory = [torch.ones(nbytes, dtype=torch.uint8).numpy() for _ in range(2)]
        out, source = (one.ctypes.data for one in self._memory)
        self._move = partial(ctypes.memmove, out, source, nbytes)

    def __call__(self) -> object:
        """Move them."""
        return self._move()


def _moved(call: Call, result: Any) -> int:  # noqa: ANN401  an array, a tensor, what a limit returns
    """Return half of all bytes that are read and written: memmove reads and writes each byte that it moves.

    A feed writes as many as it reads, of which its result is the last batch; so does a limit, which gives none of them.
    """
    read = call.case.nbytes
    written = read if call.path.family in {"feed", "limit"} else int(result.nbytes)
    return max(1, (read + written) // 2)


def _engines(call: Call, result: Any) -> Iterator[tuple[str, Run]]:  # noqa: ANN401  an array or a tensor
    source = call.input.source
    if call.path.family == "stack_cast":
        source = source.reshape(result.shape)  # the arrays of its list lie one behind the other
    if isinstance(result, torch.Tensor):
        result = result.detach()
    if isinstance(source, torch.Tensor):
        source = source.detach()
    yield "Tensor.copy_", lambda: torch.as_tensor(result).copy_(torch.as_tensor(source))
    yield "np.copyto", lambda: np.copyto(np.asarray(result), np.asarray(source), casting="unsafe")


def _works(run: Run) -> bool:
    try:
        run()
    except _REFUSALS:
        return False
    return True
