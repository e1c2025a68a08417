"""What holds of a row's result in either direction, each seen by acting on it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch

from bridge import CopyRequired, Plan, plan
from tests.bridge.rows import (
    Row,
    bits,
    byte_strides,
    changed,
    dense_strides,
    longer_than_one,
    memory_of,
    overwritten,
    plain,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    Convert = Callable[..., Any]


def shares(row: Row, copy: bool | None, convert: Convert) -> None:  # noqa: FBT001 - the array API's three-valued copy
    """Check that the result lies in the source's memory, and is as the row and the plan say."""
    x = row.make()
    decided = plan(x, copy=copy)
    result = convert(x, copy=copy)
    assert (decided.action, decided.reasons, decided.nbytes) == ("share", (), 0)
    _check_result(row, result, decided, writable=row.writable)
    assert longer_than_one(result, byte_strides(result)) == longer_than_one(plain(x), byte_strides(plain(x)))
    shows_changes(x, result, memory_of(x))
    if row.writable:
        before = bits(x)
        with overwritten(result):
            assert bits(x) == bits(result)
            assert bits(x) != before or not before
        assert bits(x) == before


def copies(row: Row, copy: bool | None, convert: Convert) -> None:  # noqa: FBT001 - the array API's three-valued copy
    """Check that the result has dense memory of its own, and is as the row and the plan say."""
    x = row.make()
    decided = plan(x, copy=copy)
    result = convert(x, copy=copy)
    repeats = row.repeats and copy is None
    dense = dense_strides(plain(x), repeats=repeats)
    assert (decided.action, decided.reasons) == ("copy", row.reasons + ("requested",) * bool(copy))
    _check_result(row, result, decided, writable=row.writable or bool(copy))
    assert longer_than_one(result, byte_strides(result)) == longer_than_one(plain(x), dense)
    assert decided.nbytes == memory_of(result).nbytes == _unique_bytes(result)
    assert (_unique_bytes(result) < len(bits(x))) is repeats
    _check_independent(x, result, writable=row.writable or bool(copy))


def stops(row: Row, copy: bool | None, convert: Convert) -> None:  # noqa: FBT001 - the array API's three-valued copy
    """Check that the conversion stops with the plan that copy=None allows, and says so."""
    x = row.make()
    allowed = plan(x)
    before = bits(x)
    with pytest.raises(CopyRequired) as caught:
        convert(x, copy=copy)
    assert bits(x) == before
    assert caught.value.plan.reasons == row.reasons
    for said in (", ".join(row.reasons), f" {allowed.nbytes} bytes", "copy=None"):
        assert said in str(caught.value)
    assert caught.value.plan == allowed


def refuses(row: Row, copy: bool | None, convert: Convert) -> None:  # noqa: FBT001 - the array API's three-valued copy
    """Check that the conversion raises exactly the row's error with the row's cure."""
    with pytest.raises(row.error) as caught:
        convert(row.make(), copy=copy)
    assert type(caught.value) is row.error
    assert row.cure in str(caught.value)


def shows_changes(x: Any, result: Any, memory: np.ndarray) -> None:
    """Check that the result shows what is written under the source."""
    before = bits(x)
    assert bits(result) == before
    with changed(memory):
        assert bits(result) == bits(x)
        assert bits(x) != before or not before
    assert bits(result) == before


def _check_independent(x: Any, result: Any, *, writable: bool) -> None:
    """Check that the result keeps its elements whatever is written under the source, and the other way round."""
    before = bits(x)
    assert bits(result) == before
    with changed(memory_of(x)):
        assert bits(result) == before
    if writable:
        with overwritten(result):
            assert bits(result) != before or not before
            assert bits(x) == before


def _check_result(row: Row, result: Any, decided: Plan, *, writable: bool) -> None:
    """Check what a result says of itself, against the row and against the plan."""
    as_planned = (result.dtype, tuple(result.shape), _own_strides(result), writable)
    assert as_planned == (decided.dtype, decided.shape, decided.strides, decided.writable)
    assert str(result.dtype).removeprefix("torch.") == row.dtype
    if isinstance(result, torch.Tensor):
        assert (type(result), result.device.type, result.requires_grad) == (torch.Tensor, "cpu", False)
    else:
        assert (type(result), result.flags.writeable, result.dtype.isnative) == (np.ndarray, writable, True)
        _check_guard(result, writable=writable)
    assert decided.device == torch.device("cpu")


def _check_guard(array: np.ndarray, *, writable: bool) -> None:
    """Check that a read-only array does not let itself be written."""
    if not writable:
        with pytest.raises(ValueError, match="read-only"):
            array[...] = array


def _own_strides(result: Any) -> tuple[int, ...]:
    """Return the strides as the result's library counts them."""
    return tuple(result.strides if isinstance(result, np.ndarray) else result.stride())


def _unique_bytes(result: Any) -> int:
    """Return the bytes of the elements that are not shown twice."""
    strides = zip(result.shape, byte_strides(result), strict=True)
    size = result.itemsize if isinstance(result, np.ndarray) else result.element_size()
    return size * int(np.prod([length for length, stride in strides if stride or length < 2], dtype=int))
