import dataclasses
import pickle

import numpy as np
import pytest
import torch

from bridge import CopyRequired, as_tensor, plan


def test_a_plan_reads_as_one_line() -> None:
    """As text a plan says what, how much, where to, through what and why."""
    array = np.zeros((3, 4), "f4")
    assert str(plan(array)) == "share torch.float32 (3, 4) on cpu, writable"
    assert str(plan(torch.zeros(1).expand(3))) == "share float32 (3,) on cpu, read-only"
    expected = "copy 48 bytes to torch.float32 (3, 4) on cpu via numpy, threads 1: negative-stride, requested"
    assert str(plan(array[::-1], copy=True)) == expected


def test_a_plan_is_true_when_it_shares() -> None:
    """The truth of a plan is whether it shares; its action says it in a word."""
    shares, copies = plan(np.zeros(3)), plan(np.zeros(3)[::-1])
    assert (bool(shares), shares.action, shares.nbytes, shares.via) == (True, "share", 0, "view")
    assert (bool(copies), copies.action, copies.nbytes, copies.via) == (False, "copy", 24, "numpy")


def test_a_plan_is_frozen_and_comparable() -> None:
    """A plan cannot be changed, and equals another that decides the same."""
    decided = plan(np.zeros(3))
    with pytest.raises(dataclasses.FrozenInstanceError):
        decided.nbytes = 1  # type: ignore[misc]
    assert decided == plan(np.ones(3))
    assert decided != plan(np.ones(4))


def test_a_plan_touches_nothing_and_runs_more_than_once() -> None:
    """A plan shows what the source holds when it runs, and every run of a copy makes new memory."""
    array = np.zeros(3)[::-1]
    decided = plan(array)
    array[:] = 7
    first, second = decided.run(), decided.run()
    first[0] = 1
    assert second.tolist() == [7, 7, 7]
    assert plan(array, dtype=torch.float32).run().dtype is torch.float32


def test_planning_a_huge_array_allocates_nothing() -> None:
    """Planning a copy of more memory than there is costs nothing."""
    huge = np.broadcast_to(np.float32(1), (1 << 20, 1 << 20))
    assert plan(huge, copy=True).nbytes == 1 << 42
    assert plan(torch.ones(1).expand(1 << 20, 1 << 20), copy=True).nbytes == 1 << 42


def test_to_names_the_direction() -> None:
    """The direction follows from the source; naming the one it already has is refused with the cure."""
    assert isinstance(plan(np.zeros(3), to="tensor").dtype, torch.dtype)
    assert isinstance(plan(torch.zeros(3), to="array").dtype, np.dtype)
    with pytest.raises(TypeError, match=r"np\.asarray"):
        plan(np.zeros(3), to="array")
    with pytest.raises(TypeError, match=r"t\.clone"):
        plan(torch.zeros(3), to="tensor")
    with pytest.raises(ValueError, match="to must be one of tensor, array"):
        plan(np.zeros(3), to="<a> | &")  # type: ignore[arg-type]


@pytest.mark.parametrize("word", [{"device": "cpu"}, {"readonly": "share"}, {"casting": "unsafe"}])
def test_keywords_of_tensors_are_refused_for_arrays(word: dict[str, str]) -> None:
    """A keyword that means nothing for an array raises instead of being ignored."""
    with pytest.raises(TypeError, match="speak of tensors"):
        plan(torch.zeros(3), **word)  # type: ignore[arg-type]


def test_copy_required_survives_pickling() -> None:
    """The error keeps its plan and text on the way from a worker process, and it is a ValueError."""
    for words in ({"copy": False}, {"copy": False, "device": "meta"}, {"readonly": "error"}):
        array = np.zeros(3)[::-1]
        array.flags.writeable = False
        with pytest.raises(CopyRequired) as caught:
            as_tensor(array, **words)  # type: ignore[arg-type]
        again = pickle.loads(pickle.dumps(caught.value))  # noqa: S301 - our own bytes
        assert str(again) == str(caught.value)
        assert again.plan == caught.value.plan
        assert isinstance(again, ValueError)


def test_the_message_names_the_keyword_that_helps() -> None:
    """Where one keyword other than copy= would let the memory be shared, the message names it."""
    array = np.zeros((3, 4))
    for words, cure in (
        ({"dtype": torch.float32}, "leave dtype= out"),
        ({"order": "F"}, 'order="K"'),
        ({"device": "meta"}, "leave device= out"),
    ):
        with pytest.raises(CopyRequired, match=cure):
            as_tensor(array, copy=False, **words)  # type: ignore[arg-type]
    array.flags.writeable = False
    with pytest.raises(CopyRequired, match='readonly="share"'):
        as_tensor(array, copy=False)


@pytest.mark.parametrize("copy", [None, True])
@pytest.mark.parametrize("stride", [0, 4, 400, -8])
def test_strides_without_meaning_are_planned_as_they_come(copy: bool | None, stride: int) -> None:  # noqa: FBT001 - pytest passes it by name
    """The stride of an axis of length one is in the plan what it is in the result, whichever way it was made."""
    array = np.lib.stride_tricks.as_strided(np.arange(3.0, dtype="f4"), (3, 1), (4, stride))
    fixed = array.view()
    fixed.flags.writeable = False
    for source in (array, fixed):
        decided = plan(source, copy=copy, readonly="share")
        assert decided.strides == decided.run().stride() == as_tensor(source, copy=copy, readonly="share").stride()
