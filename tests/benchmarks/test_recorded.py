"""Which records may speak for what is wanted: of this machine and its versions, of this layout, of these dtypes."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks import store
from benchmarks.advice.candidates import Candidate
from benchmarks.advice.recorded import Records, load
from benchmarks.advice.wanted import Wanted, of
from benchmarks.suite.paths import PATHS
from tests.benchmarks.test_advice import HERE, adviser, asked, records

COPY = "bridge.as_tensor.copy"


def said(known: Records, wanted: Wanted, path: str = COPY, aliasing: Any = "copies") -> Any:
    """Return what records say of a path; None where they say nothing."""
    return known.expected(wanted, Candidate(path=PATHS[path], aliasing=aliasing))


def of_records(folder: Path, path: str = COPY, ns: float = 1e5, **axes: Any) -> Records:
    """Return the records of one path at 1 MiB."""
    return adviser(folder, records({path: {"1MiB": ns}}, spread=0.0, **axes)).records


def test_the_newest_session_of_a_case_speaks(tmp_path: Path) -> None:
    """Of two sessions the later one counts, whichever folder it lies in."""
    of_records(tmp_path / "new", ns=7e5)
    of_records(tmp_path / "old", ns=3e5)
    new, old = (tmp_path / name / "sessions" for name in ("new", "old"))
    (old / "20261123T120000Z-01234567.jsonl").rename(old / "20250101T000000Z-01234567.jsonl")
    for folders in ([new, old], [old, new]):
        assert said(load(folders, HERE.machine, HERE.software, HERE.bridge_hash), asked()).value_ns == pytest.approx(
            7e5
        )


@pytest.mark.parametrize(
    ("machine", "software"),
    [
        ({"name": "amd-epyc-64c"}, {}),
        ({"name": "amd-epyc-2"}, {}),
        ({}, {"numpy": "1.0"}),
        ({}, {"torch": "1.0"}),
    ],
)
def test_another_machine_and_other_versions_say_nothing(
    tmp_path: Path, machine: dict[str, str], software: dict[str, str]
) -> None:
    """A name that only begins alike is another machine's; both libraries have to be those of the records."""
    of_records(tmp_path)
    assert store.sessions_in(tmp_path / "sessions")
    here = ({**HERE.machine, **machine}, {**HERE.software, **software}, HERE.bridge_hash)
    assert load([tmp_path / "sessions"], *here).sessions == ()


def test_what_flags_say_beside_strides_has_no_records(tmp_path: Path) -> None:
    """A transposed array is recorded, one in foreign byte order besides is not."""
    known = of_records(tmp_path, layout="F")
    plain, swapped = (of(np.zeros((512, 512), dtype).T, to=None) for dtype in ("<f4", ">f4"))
    assert said(known, plain).assumes == ("the records' F array has another shape",)
    assert said(known, swapped) is None


def test_a_copy_of_another_layout_is_not_predicted(tmp_path: Path) -> None:
    """C order speaks for other layouts where nothing moves, and for no copy."""
    known = of_records(tmp_path)
    assert said(known, asked(shape="512,512", layout="F")) is None
    assert said(known, asked(shape="512,512", layout="F"), aliasing="shares") is not None


@pytest.mark.parametrize(
    ("dtype", "layout", "speaks"),
    [("int32", "C", True), ("uint8", "C", True), ("bfloat16", "C", False), ("int32", "F", True), ("uint8", "F", False)],
)
def test_elements_of_as_many_bytes_are_moved_alike(tmp_path: Path, dtype: str, layout: str, *, speaks: bool) -> None:
    """In C order bytes are bytes; elsewhere an element has to have as many, and bfloat16 is never plain."""
    known = of_records(tmp_path, layout=layout)
    shape = {"uint8": "1024,1024", "bfloat16": "512,1024"}.get(dtype, "512,512")
    found = said(known, asked(shape=shape, dtype=dtype, layout=layout))
    assert (found is not None) == speaks
    assert not speaks or f"{dtype} takes as long as float32 of as many bytes" in found.assumes


def test_a_copy_says_nothing_of_a_cast(tmp_path: Path) -> None:
    """Memory that is filled without a cast is no record of one that is filled with it."""
    known = of_records(tmp_path, "Tensor.copy_", dtype="int32")
    assert said(known, asked(), "Tensor.copy_") is not None
    assert said(known, asked(to="float16"), "Tensor.copy_") is None


def test_threads_are_those_of_the_records(tmp_path: Path) -> None:
    """One thread says nothing of many, nor many of one."""
    one, many = of_records(tmp_path / "1"), of_records(tmp_path / "2", threads="allt")
    assert said(one, asked(threads=2)) is said(many, asked(threads=1)) is None
    assert said(one, asked(threads=1)) is not None
    assert said(many, asked(threads=2)) is not None
