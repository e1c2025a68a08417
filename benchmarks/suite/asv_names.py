"""How asv names what it measures, and the case behind such a name: one place for both ways. Standard library only.

A path's name cannot be read out of a benchmark's, where dots have become underscores. It stands in the `pretty_name`,
which asv keeps in ``benchmarks.json`` and shows on its own pages.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from .cases import SIZES, Case, size_name

MODULE: Final = "asv_conversions"
TIME: Final = "time"
ALIASING: Final = "track_aliasing"
FAULTS: Final = "track_minor_faults"
#: Kind of benchmark -> what its pretty name says behind the path's.
_SAID: Final = {TIME: "", ALIASING: ", aliasing", FAULTS: ", minor faults"}


class Named(NamedTuple):
    """What a benchmark measures of which case."""

    kind: str
    case: Case


def benchmark_name(kind: str, identifier: str) -> str:
    """Return the name of a path's benchmark in its module: ``time_torch_from_numpy``."""
    return f"{kind}_{identifier}"


def pretty_name(kind: str, path: str) -> str:
    """Return the name that people read: ``torch.from_numpy, aliasing``."""
    return f"{path}{_SAID[kind]}"


def point(case: Case) -> str:
    """Return a case's value on the one axis of its benchmark: ``4KiB/float32/C``."""
    return f"{size_name(case.nbytes)}/{case.dtype}/{case.layout}"


def case_at(path: str, point: str) -> Case:
    """Return the case of a path at a point.

    Raises:
        ValueError: the matrix has no such point.
    """
    parts = point.split("/")
    if len(parts) != 3 or parts[0] not in SIZES:
        raise ValueError(f"{point!r} is no point of the matrix: expected size/dtype/layout")
    size, dtype, layout = parts
    return Case(path=path, dtype=dtype, layout=layout, nbytes=SIZES[size], threads="1t")


def named(name: str, pretty: str, point: str) -> Named | None:
    """Return what one number of asv's is about; None where it is none of this matrix, such as one of an old axis.

    `name` is the benchmark's with its module, `pretty` its pretty name, empty where there is none.
    """
    own = name.rpartition(".")[2]
    kind = next((kind for kind in _SAID if own.startswith(f"{kind}_")), None)
    if kind is None or not pretty.endswith(_SAID[kind]):
        return None
    path = pretty.removesuffix(_SAID[kind])
    try:
        return Named(kind, case_at(path, point)) if path else None
    except ValueError:
        return None
