"""Every row of the table NumPy -> torch, with every value of copy=, against what the rules of conversion ask for."""

from __future__ import annotations

import array as stdlib
import mmap
from functools import partial
from typing import TYPE_CHECKING, Any

import ml_dtypes
import numpy as np
import pytest
import torch
from numpy.lib.stride_tricks import as_strided, sliding_window_view

from bridge import CopyRequired, as_tensor, plan
from tests.bridge import checks
from tests.bridge.rows import ONLY_TORCH, Row, cases, elements, memory_of, ways

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("_loud", "_folder")

NATIVE = ("bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")
FLOATS = ("float16", "float64", "complex64", "complex128")
#: How the table writes these.
_SHORT = {"bool": "bool", "bfloat16": "bf16", "float8_e4m3fn": "f8_e4m3fn", "float8_e5m2": "f8_e5m2"}
READ_ONLY = ("read-only",)
ODD_STRIDE = ("stride-not-multiple",)
REVERSED = ("negative-stride",)
FOREIGN = ("byte-order",)
MISALIGNED = ("misaligned",)
SCALAR = ("scalar",)
SEQUENCE = ("sequence",)
BUFFER = "np.frombuffer(x, dtype)"


class Subclass(np.ndarray):
    """An array that is not exactly ndarray."""


@pytest.fixture
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work in a folder of the test's own, with a file of 48 bytes to map."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "<a> & b").write_bytes(elements("float32").tobytes())


def grid(name: str = "float32") -> np.ndarray:
    """Return 3 x 4 different elements in C order."""
    return elements(name).reshape(3, 4)


def zero_d(name: str = "float32") -> np.ndarray:
    """Return one element in an array without axes."""
    return elements(name, 1).reshape(())


def sliced(name: str) -> np.ndarray:
    """Return some rows and columns of a grid."""
    return grid(name)[::2, 1:]


def scalar(name: str) -> Any:
    """Return one element as an object of NumPy's."""
    return elements(name, 1)[0]


def read_only(array: np.ndarray) -> np.ndarray:
    """Return a view of the array that must not be written."""
    view = array.view()
    view.flags.writeable = False
    return view


def swapped(name: str) -> np.ndarray:
    """Return 3 x 4 elements in the other byte order."""
    array = grid(name)
    return array.byteswap().view(array.dtype.newbyteorder(">"))


def field(gap: int, *, length: int = 6, first: int = 0) -> np.ndarray:
    """Return a field of records: float32 numbers `4 + gap` bytes apart, `first` bytes after the records start."""
    memory = np.resize(elements("float32").view("u1"), first + length * (4 + gap))
    return np.ndarray((length,), "f4", memory, first, (4 + gap,))


def of_records(gap: int) -> np.ndarray:
    """Return the field `x` of structured elements."""
    records = np.resize(elements("float32").view("u1"), 6 * (4 + gap)).view([("x", "f4"), ("rest", f"V{gap}")])
    return records["x"]


def misaligned(name: str = "float32") -> np.ndarray:
    """Return elements that start one byte after where they should."""
    flat = elements(name)
    memory = np.zeros(flat.nbytes + 1, "u1")
    memory[1:] = flat.view("u1")
    return memory[1:].view(flat.dtype).reshape(3, 4)


def mapped(mode: Any) -> np.ndarray:
    """Return a memory map of the folder's file."""
    return np.memmap("<a> & b", "f4", mode, shape=(3, 4))


def mapped_object() -> np.ndarray:
    """Return an array over the standard library's memory map."""
    memory = mmap.mmap(-1, 48)
    memory[:] = elements("float32").tobytes()
    return np.frombuffer(memory, "f4")


def beside(other: Any) -> list[Any]:
    """Return a list in which only the second item is odd."""
    return [np.ones(1, "f4"), other]


DTYPES = (
    *(Row(name=f"dtype {name} ({_SHORT.get(name, np.dtype(name).str[1:])})", make=partial(grid, name), dtype=name)
      for name in NATIVE + FLOATS),
    Row(name="dtype int64 (longlong)", make=lambda: grid("longlong"), dtype="int64"),
    Row(name="dtype uint64 (ulonglong)", make=lambda: grid("ulonglong"), dtype="uint64"),
    Row(name="dtype int32 (intc)", make=lambda: grid("intc"), dtype="int32"),
    Row(name="dtype uint32 (uintc)", make=lambda: grid("uintc"), dtype="uint32"),
    *(Row(name=f"dtype {_SHORT.get(name, name)} (ml_dtypes)", make=partial(grid, name), dtype=name)
      for name in ONLY_TORCH),
    *(Row(name=f"slice of {name}", make=partial(sliced, name), dtype=name) for name in ONLY_TORCH),
    *(Row(name=f"0-d {name}", make=partial(zero_d, name), dtype=name) for name in ONLY_TORCH),
)  # fmt: skip
LAYOUTS = (
    Row(name="c_contig f32 (3,4)", make=grid),
    Row(name="Fortran (3,4)", make=lambda: elements("float32").reshape(3, 4, order="F")),
    Row(name="slice [::2, 1:]", make=lambda: grid()[::2, 1:]),
    Row(name="axes (1,2,0)", make=lambda: elements("float32", 24).reshape(2, 3, 4).transpose(1, 2, 0)),
    Row(name="zero stride, writeable", make=lambda: as_strided(elements("float32", 4), (3, 4), (0, 4)), writable=False),
    Row(name="sliding window, read-only", reasons=READ_ONLY, make=lambda: sliding_window_view(elements("float32"), 4)),
    Row(name="sliding window, writeable", writable=False,
        make=lambda: sliding_window_view(elements("float32"), 4, writeable=True)),
    Row(name="0-d", make=zero_d),
    Row(name="0-d, read-only", make=lambda: read_only(zero_d()), reasons=READ_ONLY),
    Row(name="0-d, ulonglong", make=lambda: zero_d("ulonglong"), dtype="uint64"),
    Row(name="one element", make=lambda: elements("float32", 1)),
    Row(name="empty (0,)", make=lambda: np.empty(0, "f4")),
    Row(name="empty (3,0,2)", make=lambda: np.empty((3, 0, 2), "f4")),
    Row(name="neg stride, empty", make=lambda: np.empty((0, 4), "f4")[::-1, ::-1]),
    Row(name="odd stride, empty", make=lambda: as_strided(np.empty(1, "f4"), (0, 4), (-3, 7))),
    Row(name="ndim 64", make=lambda: elements("float32", 1).reshape((1,) * 64)),
    Row(name="ndim 64, four elements", make=lambda: elements("float32", 4).reshape((1,) * 31 + (2, 2) + (1,) * 31)),
    Row(name="neg stride [::-1]", make=lambda: grid()[::-1], reasons=REVERSED),
    Row(name="neg strides [::-1, ::-1]", make=lambda: grid()[::-1, ::-1], reasons=REVERSED),
    Row(name="neg stride, Fortran", make=lambda: grid().T[::-1], reasons=REVERSED),
    Row(name="neg stride, bfloat16", make=lambda: grid("bfloat16")[::-1], dtype="bfloat16", reasons=REVERSED),
    Row(name="neg stride on len-1 dim", make=lambda: grid()[::-1][2:3]),
    Row(name="neg stride on len-1 dim, ulonglong", make=lambda: grid("ulonglong")[::-1][2:3], dtype="uint64"),
    Row(name="neg stride on len-1 dim, bfloat16", make=lambda: grid("bfloat16")[::-1][2:3], dtype="bfloat16"),
    Row(name="field view, stride 7 %4 != 0", make=lambda: of_records(3), reasons=ODD_STRIDE),
    Row(name="field view, stride -7", make=lambda: of_records(3)[::-1], reasons=REVERSED + ODD_STRIDE),
    Row(name="field view, stride 8 (ok)", make=lambda: of_records(4)),
    Row(name="field view, stride 8, misaligned", make=lambda: field(4, first=1), reasons=MISALIGNED),
    Row(name="field view len 1, bad stride", make=lambda: field(3, length=1)),
    Row(name="field view len 1, stride -7", make=lambda: field(3, length=1)[::-1, None]),
    Row(name="misaligned (data%4==1)", make=misaligned, reasons=MISALIGNED),
    Row(name="misaligned complex128", make=lambda: misaligned("complex128"), dtype="complex128", reasons=MISALIGNED),
    Row(name="misaligned bfloat16", make=lambda: misaligned("bfloat16"), dtype="bfloat16", reasons=MISALIGNED),
    Row(name="big-endian >u1 (n/a)", make=lambda: grid("uint8").view(">u1"), dtype="uint8"),
    Row(name="big-endian >f4", make=lambda: swapped("float32"), reasons=FOREIGN),
    *(Row(name=f"big-endian {name}", make=partial(swapped, name), dtype=name, reasons=FOREIGN)
      for name in ("float16", "float64", "complex64", "complex128", "uint16", "int64")),
    Row(name="big-endian ulonglong", make=lambda: swapped("ulonglong"), dtype="uint64", reasons=FOREIGN),
)  # fmt: skip
OWNERS = (
    Row(name="read-only f32", make=lambda: read_only(grid()), reasons=READ_ONLY),
    Row(name="read-only bfloat16", make=lambda: read_only(grid("bfloat16")), dtype="bfloat16", reasons=READ_ONLY),
    Row(name="read-only Fortran", make=lambda: read_only(grid().T), reasons=READ_ONLY),
    Row(name="read-only ulonglong", make=lambda: read_only(grid("ulonglong")), dtype="uint64", reasons=READ_ONLY),
    Row(name="read-only, empty", make=lambda: read_only(np.empty((0, 4), "f4")), reasons=READ_ONLY),
    Row(name="read-only len 1, bad stride", make=lambda: read_only(field(3, length=1)), reasons=READ_ONLY),
    Row(name="bytes-backed (np.frombuffer(bytes))", dtype="uint8", reasons=READ_ONLY,
        make=lambda: np.frombuffer(bytes(bytearray(range(48))), "u1")),
    Row(name="bytearray-backed", make=lambda: np.frombuffer(bytearray(elements("float32").tobytes()), "f4")),
    Row(name="array.array-backed", make=lambda: np.frombuffer(stdlib.array("d", range(12))), dtype="float64"),
    Row(name="memoryview-backed", make=lambda: np.asarray(memoryview(bytearray(range(48)))), dtype="uint8"),
    Row(name="mmap-backed", make=mapped_object),
    Row(name="tensor-backed", make=lambda: torch.from_numpy(grid()).numpy()),
    Row(name="broadcast_to (zero stride, ro)", reasons=READ_ONLY, writable=False, repeats=True,
        make=lambda: np.broadcast_to(elements("float32", 4), (1000, 4))),
    Row(name="broadcast_to from a column", reasons=READ_ONLY, writable=False, repeats=True,
        make=lambda: np.broadcast_to(elements("float32", 4)[:, None], (4, 1000))),
    Row(name="broadcast_to from one", reasons=READ_ONLY, writable=False, repeats=True,
        make=lambda: np.broadcast_to(elements("float32", 1), (5, 4))),
    Row(name="broadcast_to bfloat16", dtype="bfloat16", reasons=READ_ONLY, writable=False, repeats=True,
        make=lambda: np.broadcast_to(elements("bfloat16", 4), (5, 4))),
    Row(name="broadcast_to, neg stride", reasons=REVERSED + READ_ONLY, writable=False, repeats=True,
        make=lambda: np.broadcast_to(elements("float32", 4)[::-1], (5, 4))),
    Row(name="broadcast_to >f4", reasons=FOREIGN + READ_ONLY, writable=False, repeats=True,
        make=lambda: np.broadcast_to(swapped("float32"), (5, 3, 4))),
    Row(name="broadcast_to, empty", reasons=READ_ONLY,
        make=lambda: np.broadcast_to(np.empty((0, 1), "f4"), (0, 4))),
    Row(name="np.matrix", make=lambda: grid().view(np.matrix)),
    Row(name="ndarray subclass", make=lambda: grid().view(Subclass)),
    Row(name="ndarray subclass, neg stride", make=lambda: grid().view(Subclass)[::-1], reasons=REVERSED),
    Row(name="field of a recarray", make=lambda: grid().view([("x", "f4")]).view(np.recarray).x),
    Row(name="memmap r+", make=lambda: mapped("r+")),
    Row(name="memmap w+", make=lambda: mapped("w+")),
    Row(name="memmap r", make=lambda: mapped("r"), reasons=READ_ONLY),
    Row(name="memmap c (copy-on-write)", make=lambda: mapped("c")),
    Row(name="everything at once", dtype="float64", reasons=FOREIGN + REVERSED + READ_ONLY,
        make=lambda: read_only(swapped("float64").view(Subclass)[::-1])),
)  # fmt: skip
OBJECTS = (
    *(Row(name=f"np.{name} scalar", make=partial(scalar, name), dtype=name, reasons=SCALAR)
      for name in ("float32", "float64", "int64", "complex64", "uint16", "float16", "int8", "uint64")),
    Row(name="np.bool_ scalar", make=lambda: np.bool_(1), dtype="bool", reasons=SCALAR),
    Row(name="np.float32 scalar, signalling NaN", make=lambda: elements("float32")[1], reasons=SCALAR),
    Row(name="np.ulonglong scalar", make=lambda: np.ulonglong(2**64 - 1), dtype="uint64", reasons=SCALAR),
    Row(name="Python bool", make=lambda: True, dtype="bool", reasons=SCALAR),
    Row(name="Python int", make=lambda: -3, dtype="int64", reasons=SCALAR),
    Row(name="Python float", make=lambda: -0.0, dtype="float64", reasons=SCALAR),
    Row(name="Python complex", make=lambda: complex(-0.0, float("nan")), dtype="complex128", reasons=SCALAR),
    Row(name="list of arrays", make=lambda: list(grid()), reasons=SEQUENCE),
    Row(name="list of bfloat16 arrays", make=lambda: list(grid("bfloat16")), dtype="bfloat16", reasons=SEQUENCE),
    Row(name="list of f64 scalars", make=lambda: list(elements("float64")), dtype="float64", reasons=SEQUENCE),
    Row(name="list of 0-d arrays", make=lambda: [row[:1].reshape(()) for row in grid()], reasons=SEQUENCE),
    Row(name="list of Python floats", make=lambda: [-0.0, float("inf")], dtype="float64", reasons=SEQUENCE),
    Row(name="tuple of lists", make=lambda: ([1, 2], [3, 4]), dtype="int64", reasons=SEQUENCE),
    Row(name="empty list", make=list, dtype="float64", reasons=SEQUENCE),
    Row(name="tuple ragged arrays", make=lambda: (np.ones(2, "f4"), np.ones(3, "f4")), cure="inhomogeneous",
        error=ValueError),
    Row(name="ragged list", make=lambda: [[1], [1, 2]], cure="inhomogeneous", error=ValueError),
)  # fmt: skip
REFUSED = (
    Row(name="dtype float128 (g)", make=lambda: np.ones(3, "g"), cure="x.astype('f8')"),
    Row(name="dtype complex256 (G)", make=lambda: np.ones(3, "G"), cure="x.astype('c16')"),
    Row(name="np.longdouble scalar", make=lambda: np.longdouble(1), cure="x.astype('f8')"),
    *(Row(name=f"dtype {name} (ml_dtypes)", make=partial(np.zeros, 3, getattr(ml_dtypes, name)), cure="astype")
      for name in ("int4", "uint4", "int2", "float4_e2m1fn", "float6_e3m2fn", "float8_e4m3", "float8_e3m4")),
    Row(name="datetime64[ns]", make=lambda: np.zeros(3, "M8[ns]"), cure="x.view('i8')"),
    Row(name="timedelta64[s]", make=lambda: np.zeros(3, "m8[s]"), cure="x.view('i8')"),
    Row(name="str <U3", make=lambda: np.array(["<a>"]), cure="encode the text"),
    Row(name="bytes S3", make=lambda: np.array([b"<a>"]), cure="np.frombuffer"),
    Row(name="StringDType", make=lambda: np.array(["<a> | &"], np.dtypes.StringDType()), cure="encode the text"),
    Row(name="object of floats", make=lambda: np.array([1.0, 2.0], object), cure="x.astype(float)"),
    Row(name="object ragged", make=lambda: np.array([np.ones(2), np.ones(3)], object), cure="np.stack(x)"),
    Row(name="structured", make=lambda: np.zeros(3, [("<a> | &", "f4")]), cure="x['<a> | &']"),
    Row(name="recarray", make=lambda: np.zeros(3, [("a", "f4")]).view(np.recarray), cure="x['a']"),
    Row(name="void V4", make=lambda: np.zeros(3, "V4"), cure="cast it first"),
    Row(name="void V0 (itemsize 0)", make=lambda: np.zeros(3, "V0"), cure="cast it first"),
    Row(name="str U0 (itemsize 0)", make=lambda: np.zeros(3, "U0"), cure="encode the text"),
    Row(name="masked array", make=lambda: np.ma.masked_array([1.0, 2.0], [True, False]), cure="x.filled(value)"),
    Row(name="masked array without a mask", make=lambda: np.ma.masked_array([1.0]), cure="x.filled(value)"),
    Row(name="np.ma.masked", make=lambda: np.ma.masked, cure="x.filled(value)"),
    Row(name="list of masked arrays", make=lambda: [np.ma.masked_array([1.0], [True])], cure="stack(x)"),
    Row(name="list with a masked array", make=lambda: beside(np.ma.masked_array([1.0], [True])), cure="stack(x)"),
    Row(name="tensor", make=lambda: torch.ones(3), cure="t.clone()"),
    Row(name="list of tensors", make=lambda: [torch.ones(3)], cure="stack(x)"),
    Row(name="list with a tensor", make=lambda: beside(torch.ones(1)), cure="stack(x)"),
    Row(name="list of str", make=lambda: ["<a>", "b"], cure="encode the text"),
    Row(name="list of objects", make=lambda: [1.0, None], cure="np.stack(x)"),
    Row(name="Python int of 70 bits", make=lambda: 2**70, cure="x.astype(float)"),
    Row(name="str", make=lambda: "<a> | &", cure=BUFFER),
    Row(name="bytes", make=lambda: b"<a> | &", cure=BUFFER),
    Row(name="bytearray", make=lambda: bytearray(8), cure=BUFFER),
    Row(name="memoryview", make=lambda: memoryview(bytearray(8)), cure=BUFFER),
    Row(name="array.array", make=lambda: stdlib.array("d", [1.0]), cure=BUFFER),
    Row(name="mmap", make=lambda: mmap.mmap(-1, 8), cure=BUFFER),
    Row(name="None", make=lambda: None, cure="np.asarray(x)"),
)  # fmt: skip
ROWS = (*DTYPES, *LAYOUTS, *OWNERS, *OBJECTS, *REFUSED)
LOCKED = [row for row in ROWS if row.reasons == READ_ONLY]


def test_rows_have_names_of_their_own() -> None:
    """No row hides another."""
    assert len({row.name for row in ROWS}) == len(ROWS)


@pytest.mark.parametrize(**ways("tensor"))
@pytest.mark.parametrize(**cases(ROWS, "shares"))
def test_shares(row: Row, copy: bool | None, convert: Callable[..., Any]) -> None:  # noqa: FBT001 - by name
    """A tensor over the array's memory shows what is written there, shows it what is written, and is as planned."""
    checks.shares(row, copy, convert)


@pytest.mark.parametrize(**ways("tensor"))
@pytest.mark.parametrize(**cases(ROWS, "copies"))
def test_copies(row: Row, copy: bool | None, convert: Callable[..., Any]) -> None:  # noqa: FBT001 - by name
    """A copy keeps every bit and the order of axes, needs no byte more, ignores the source, and is as planned."""
    checks.copies(row, copy, convert)


@pytest.mark.parametrize(**ways("tensor"))
@pytest.mark.parametrize(**cases(ROWS, "stops"))
def test_stops_for_want_of_a_copy(row: Row, copy: bool | None, convert: Callable[..., Any]) -> None:  # noqa: FBT001 - by name
    """copy=False raises CopyRequired, with the plan of the copy that it did not make."""
    checks.stops(row, copy, convert)


@pytest.mark.parametrize(**ways("tensor"))
@pytest.mark.parametrize(**cases(ROWS, "refuses"))
def test_refuses(row: Row, copy: bool | None, convert: Callable[..., Any]) -> None:  # noqa: FBT001 - by name
    """What can never be a tensor raises, and the message names the cure."""
    checks.refuses(row, copy, convert)


@pytest.mark.parametrize("copy", [None, False])
@pytest.mark.parametrize("row", LOCKED, ids=lambda row: row.name)
def test_readonly_share_shares(row: Row, copy: bool | None) -> None:  # noqa: FBT001 - by name
    """readonly="share" gives a tensor over read-only memory, and promises no writing."""
    array = row.make()
    checks.shows_changes(array, as_tensor(array, copy=copy, readonly="share"), memory_of(array))
    decided = plan(array, copy=copy, readonly="share")
    assert (decided.action, decided.writable) == ("share", False)


@pytest.mark.parametrize("row", LOCKED, ids=lambda row: row.name)
def test_readonly_error_raises(row: Row) -> None:
    """readonly="error" raises CopyRequired where copy=None would copy, and says how to let it."""
    with pytest.raises(CopyRequired, match='readonly="copy"') as caught:
        as_tensor(row.make(), readonly="error")
    assert caught.value.plan.reasons == READ_ONLY


def test_a_copy_on_write_map_leaves_the_file_alone() -> None:
    """What is written to the tensor of a copy-on-write map never reaches the file."""
    as_tensor(mapped("c"))[...] = 1
    assert mapped("r").tobytes() == elements("float32").tobytes()
