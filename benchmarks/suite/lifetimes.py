"""What becomes of a result when its source goes: ONE DECORATED FUNCTION = ONE TRAIT, ``lifetime=...``.

Each converts, does something to the source, and looks. Memory that was given back is read only where it cannot have
been unmapped; where reading could kill, it is enough that the memory went.
"""

from __future__ import annotations

import gc
import weakref
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import torch

from .checks import as_bits_of_numpy, observe_aliasing, same_bits
from .traits import overwrite_free_memory

if TYPE_CHECKING:
    from collections.abc import Callable

    from .calls import Call
    from .inputs import Input
    from .registry import Path
    from .traits import Make

    Build = Callable[[Make], Call]
    Watch = Callable[[Build], dict[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Lifetime:
    """Something that may happen to a source after it was converted; `watch` does it and says what it saw.

    `watch` is given how to build the call, not the call: whoever holds a call keeps its source alive.
    """

    name: str
    source: str | None
    watch: Watch

    def suits(self, path: Path) -> bool:
        """Whether this can happen to the source of a path."""
        return self.source in {None, path.source}


#: Every lifetime by its name, in the order of their definition.
LIFETIMES: Final[dict[str, Lifetime]] = {}


def lifetime(name: str, *, source: str | None = None) -> Callable[[Watch], Watch]:
    """Make the decorated function the lifetime of this name; of one kind of source, or of both."""

    def register(watch: Watch) -> Watch:
        LIFETIMES[name] = Lifetime(name=name, source=source, watch=watch)
        return watch

    return register


@lifetime("lifetime=source_dropped")
def source_dropped(build: Build) -> dict[str, Any]:
    """Drop every reference to the source, overwrite free memory, read the result, and drop it too."""
    call = build(_owned)
    owner, expected = weakref.ref(call.input.memory.base), call.expected().copy()
    result = call.run()
    outcome = observe_aliasing(call, result)
    del call
    kept = _lives(owner)
    overwrite_free_memory(expected.nbytes)
    wrong = not same_bits(as_bits_of_numpy(result), expected)
    del result
    return {"outcome": outcome, "keeps_source": kept, "wrong_values": wrong, "leaks": _lives(owner)}


@lifetime("lifetime=storage_resized", source="tensor")
def storage_resized(build: Build) -> dict[str, Any]:
    """Give the source's memory back under the result, which torch refuses where it knows of the result."""
    call = build(_unseen)
    result = call.run()
    outcome = _aliasing_of_tensor(call.input.source, result)
    kept = not _resized_to_nothing(call.input.source)
    if outcome == "shares":
        return {"outcome": outcome, "keeps_source": kept}
    return {"outcome": outcome, "wrong_values": not same_bits(as_bits_of_numpy(result), call.expected())}


def _lives(owner: weakref.ref[Any]) -> bool:
    """Whether somebody refers to an object, and not only a circle of garbage."""
    if owner() is not None:
        gc.collect()
    return owner() is not None


def _owned(plain: Input) -> Input:
    """Return an input whose memory belongs to one array that nothing else refers to."""
    owner = plain.reference.copy()
    source = torch.from_numpy(owner) if isinstance(plain.source, torch.Tensor) else owner
    return replace(plain, source=source, reference=owner, memory=owner.view(np.uint8))


def _unseen(plain: Input) -> Input:
    """Return an input over memory of torch's own that no array was made of: such a storage can be resized."""
    return replace(plain, source=plain.source.clone())


def _resized_to_nothing(source: torch.Tensor) -> bool:
    try:
        source.untyped_storage().resize_(0)
    except RuntimeError:
        return False
    return True


def _aliasing_of_tensor(source: torch.Tensor, result: Any) -> str:  # noqa: ANN401  an array or a tensor
    """Observe aliasing by writing through the source itself, for memory that no array may look at."""
    before = as_bits_of_numpy(result).tobytes()
    first = source[:1].view(torch.uint8)
    first.bitwise_xor_(1)
    after = as_bits_of_numpy(result).tobytes()
    first.bitwise_xor_(1)
    return "copies" if before == after else "shares"
