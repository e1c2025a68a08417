"""Settings of torch that change what torch's own conversions return."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import numpy as np
import pytest
import torch

from bridge import as_array, as_tensor, copyto, plan, stack, standardize


@contextmanager
def default_device() -> Iterator[None]:
    """Make everything on the meta device for a while."""
    torch.set_default_device("meta")
    try:
        yield
    finally:
        torch.set_default_device(None)


@contextmanager
def default_dtype() -> Iterator[None]:
    """Make floats float16 for a while."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float16)
    try:
        yield
    finally:
        torch.set_default_dtype(before)


SETTINGS: dict[str, Callable[[], AbstractContextManager[Any]]] = {
    "set_default_device('meta')": default_device,
    "device('meta') as a context": lambda: torch.device("meta"),
    "set_default_dtype(float16)": default_dtype,
    "no_grad": torch.no_grad,
    "enable_grad": torch.enable_grad,
    "inference_mode": torch.inference_mode,
}


def calls(side: int) -> dict[str, Callable[[], Any]]:
    """Return a call of every kind; what it reads and fills was made before."""
    array = np.arange(float(side * side)).reshape(side, side)
    tensor, z = torch.from_numpy(array.astype("f4")), torch.from_numpy(array * 1j).conj()
    grad, out, rows = tensor.clone().requires_grad_(), torch.zeros(side, side), torch.zeros(2, side, side)
    fixed = array.view()
    fixed.flags.writeable = False
    return {
        "as_tensor, shared": lambda: as_tensor(array),
        "as_tensor, copied": lambda: as_tensor(array, copy=True),
        "as_tensor, cast": lambda: as_tensor(array, dtype=torch.float32),
        "as_tensor, cast by torch": lambda: as_tensor(array, dtype=torch.bfloat16),
        "as_tensor, reversed": lambda: as_tensor(array[::-1]),
        "as_tensor, re-ordered": lambda: as_tensor(array, order="F"),
        "as_tensor, read-only": lambda: as_tensor(fixed),
        "as_tensor, read-only shared": lambda: as_tensor(fixed, readonly="share"),
        "as_tensor, broadcast": lambda: as_tensor(np.broadcast_to(array, (2, side, side))),
        "as_tensor, scalar": lambda: as_tensor(3.5),
        "as_tensor, list": lambda: as_tensor([1.5, 2]),
        "as_array, shared": lambda: as_array(tensor),
        "as_array, copied": lambda: as_array(tensor, copy=True),
        "as_array, cast": lambda: as_array(tensor, dtype="f8"),
        "as_array, conjugated": lambda: as_array(z),
        "as_array, requires grad": lambda: as_array(grad),
        "as_array, expanded": lambda: as_array(tensor.expand(2, side, side)),
        "copyto tensor": lambda: copyto(out, array),
        "copyto array": lambda: copyto(array.copy(), tensor),
        "copyto, cast": lambda: copyto(out, array.astype("i4")),
        "stack arrays": lambda: stack([array, array]),
        "stack tensors": lambda: stack([tensor, tensor], axis=1),
        "stack into out": lambda: stack([tensor, tensor], out=rows),
        "standardize": lambda: standardize(array),
        "plan of an array": lambda: plan(array, copy=True),
        "plan of a tensor": lambda: plan(grad),
        "plan, then run": lambda: plan(array, dtype="f4").run(),
    }


SMALL, LARGE = 4, 300  # below and above where the short way ends


def described(x: Any) -> tuple[Any, ...]:
    """Return all that can be seen of a result."""
    if isinstance(x, torch.Tensor):
        return x.dtype, x.device, x.stride(), x.requires_grad, x.is_leaf, x.tolist()
    if isinstance(x, np.ndarray):
        return x.dtype, x.strides, x.flags.writeable, x.tolist()
    return (x,)


@pytest.mark.parametrize("setting", SETTINGS)
@pytest.mark.parametrize("side", [SMALL, LARGE])
@pytest.mark.parametrize("name", calls(SMALL))
def test_settings_of_torch_change_no_result(setting: str, side: int, name: str) -> None:
    """Values, dtype, device, strides, gradient and writability are what they are without the setting."""
    call = calls(side)[name]
    expected = described(call())
    with SETTINGS[setting]():
        result = call()
    assert described(result) == expected


@pytest.mark.parametrize("setting", SETTINGS)
def test_settings_of_torch_stay_as_they_are(setting: str) -> None:
    """No call leaves a setting of torch other than it found it."""
    made = calls(LARGE)
    with SETTINGS[setting]():
        before = torch.get_default_dtype(), torch.get_default_device(), torch.is_grad_enabled()
        inside = torch.is_inference_mode_enabled()
        for call in made.values():
            call()
        assert (torch.get_default_dtype(), torch.get_default_device(), torch.is_grad_enabled()) == before
        assert torch.is_inference_mode_enabled() is inside
