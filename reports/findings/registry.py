"""What a finding is, the decorator that makes a function one, and which ratios are worth a sentence."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from benchmarks.statistics import Estimate
    from reports.view import View

    Find = Callable[[View], Iterator["Finding"]]

#: A difference within this is not worth a sentence, even where it is certain.
SMALL: Final = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One sentence, the id of the row that shows it, and the numbers that stand in both."""

    sentence: str
    anchor: str
    numbers: tuple[str, ...]


FINDS: Final[list[tuple[int, Find]]] = []


def finding(order: int) -> Callable[[Find], Find]:
    """Make the decorated function answer one question; `order` is its place among the sentences."""

    def register(find: Find) -> Find:
        FINDS.append((order, find))
        return find

    return register


def certain(ratio: Estimate) -> bool:
    """Whether one of two is slower for certain: the interval does not hold 1."""
    return ratio.low > 1 or ratio.high < 1


def worth(ratio: Estimate) -> bool:
    """Whether a ratio is certain, and more than small."""
    return certain(ratio) and abs(math.log(ratio.value)) > math.log1p(SMALL)
