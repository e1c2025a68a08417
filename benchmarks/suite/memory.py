"""Copies by what becomes of their memory: results that are held, and results in small pages.

ONE DECORATED FUNCTION = ONE PATH, as in `paths`, where the families `copy`, whose results are dropped at once, and
`copy_into`, which fills memory again, are the other two answers to the same question.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

import bridge

from .refusals import AS_IT_LIES, NO_FOREIGN
from .registry import path

if TYPE_CHECKING:
    from collections import deque

    import numpy as np

    Array = np.ndarray
    Tensor = torch.Tensor
    Queue = deque[Tensor]


# ---- held: the last eight results stay, as in the queue of what fetches ahead


@path("torch.tensor.held", family="held", refuses=AS_IT_LIES)
def torch_tensor_held(queue: Queue, a: Array) -> Tensor:
    queue.append(torch.tensor(a))
    return queue[-1]


@path("torch.from_numpy.clone.held", family="held", refuses=AS_IT_LIES)
def torch_from_numpy_clone_held(queue: Queue, a: Array) -> Tensor:
    queue.append(torch.from_numpy(a).clone())
    return queue[-1]


@path("np.copy.from_numpy.held", family="held", refuses=NO_FOREIGN)
def np_copy_from_numpy_held(queue: Queue, a: Array) -> Tensor:
    queue.append(torch.from_numpy(a.copy()))
    return queue[-1]


@path("bridge.as_tensor.copy.held", family="held")
def bridge_as_tensor_copy_held(queue: Queue, a: Array) -> Tensor:
    queue.append(bridge.as_tensor(a, copy=True))
    return queue[-1]


# ---- small_pages: the process refuses huge pages, whoever asks for them


@path("torch.from_numpy.clone.small_pages", family="small_pages", refuses=AS_IT_LIES)
def torch_from_numpy_clone_small_pages(a: Array) -> Tensor:
    return torch.from_numpy(a).clone()


@path("np.copy.from_numpy.small_pages", family="small_pages", refuses=NO_FOREIGN)
def np_copy_from_numpy_small_pages(a: Array) -> Tensor:
    return torch.from_numpy(a.copy())


@path("bridge.as_tensor.copy.small_pages", family="small_pages")
def bridge_as_tensor_copy_small_pages(a: Array) -> Tensor:
    return bridge.as_tensor(a, copy=True)
