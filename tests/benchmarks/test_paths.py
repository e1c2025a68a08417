"""Every path against every layout and dtype it may meet: done right, or refused for a reason that is real."""

import ast
import subprocess
import sys

import numpy as np
import pytest
import torch

from benchmarks import checkout
from benchmarks.suite import checks
from benchmarks.suite.calls import call
from benchmarks.suite.cases import (
    CAST_FAMILIES,
    DTYPES,
    HARD_LAYOUTS,
    LAYOUTS,
    SIZES,
    TENSOR_LAYOUTS,
    TENSOR_STATES,
    TRANSFERS,
    Case,
)
from benchmarks.suite.checks import WrongResultError, check
from benchmarks.suite.inputs import InputCache
from benchmarks.suite.paths import PATHS
from benchmarks.suite.presets import PRESETS
from benchmarks.suite.registry import path

pytestmark = pytest.mark.filterwarnings("ignore")  # torch warns of read-only arrays, NumPy of __array__

CPU = [known for known in PATHS.values() if known.family not in TRANSFERS]
#: Loaders and copies in small pages have no small cases; `test_loaders` and `test_memory` try them.
LARGE = {"feed", "small_pages"}
SMALL = {SIZES["64B"], SIZES["512B"]}
REFUSED = (TypeError, ValueError, RuntimeError, BufferError, AssertionError)
#: What no tensor can safely share: `bridge` copies it, where peers refuse or go on with a warning. A broadcast array is
#: read-only too.
COPIED_BY_BRIDGE = {"reversed", "misaligned", "readonly", "bigendian", "broadcast"}
DECLARED = [(known.name, trait) for known in CPU for trait in known.refuses]


#: What cannot be tried in this process, because it would end here; one of them is tried in a child.
DEADLY = {("torch.from_dlpack", "reversed"), ("torch.from_dlpack", "channels_reversed")}


def small_cases(name: str) -> list[Case]:
    """Return the one-thread cases of a path at 64 and 512 bytes, in every layout and dtype of its family."""
    every = PRESETS["full"].cases(name, PATHS[name].family)
    return [case for case in every if case.nbytes in SMALL and case.threads == "1t"]


def a_case(name: str, **axes: object) -> Case:
    """Return a small plain case of a path."""
    dtype = "float64>float32" if name in PATHS and PATHS[name].family in CAST_FAMILIES else "float32"
    return Case(**({"path": name, "dtype": dtype, "layout": "C", "nbytes": 64, "threads": "1t"} | axes))


def refused_case(name: str, trait: str) -> Case:
    """Return a small case of a path that has the trait it declares to refuse."""
    if trait in (*LAYOUTS, *HARD_LAYOUTS, *TENSOR_STATES):
        return a_case(name, layout=trait)
    return a_case(name, dtype=f"float32>{trait}" if PATHS[name].family == "cast" else trait)


def promised(case: Case) -> str:
    """Return the aliasing that the family of a case promises."""
    family = PATHS[case.path].family
    if case.path == "ref.call":
        return "shares"
    if family != "share":
        return "copies"
    if case.layout == "misaligned" and DTYPES[case.source_dtype] == 1:
        return "shares"  # single bytes lie right wherever they lie
    ours = case.path in ("bridge.as_tensor", "bridge.plan.run")
    return "copies" if ours and case.layout in COPIED_BY_BRIDGE else "shares"


@pytest.mark.parametrize("name", [known.name for known in CPU if known.family not in LARGE])
def test_a_path_does_its_work_on_every_source_or_says_why_not(name: str) -> None:
    """In every layout and dtype a path gives right values and the aliasing of its family, or it has a reason."""
    cache, done = InputCache(0), 0
    for case in small_cases(name):
        if PATHS[name].refusal(case) is None:
            seen = check(call(case, cache))
            assert seen.aliasing == promised(case), case.id
            done += 1
    assert done >= 2, "a path that refuses everything is none"


@pytest.mark.parametrize("name", [known.name for known in CPU if known.family in ("share", "copy", "held", "cast")])
def test_new_memory_is_counted_where_there_is_a_copy(name: str) -> None:
    """What shares holds no new memory; what copies holds at least the bytes of its result."""
    case = a_case(name, layout="reversed" if name == "torch.flip" else "C")
    seen = check(call(case, InputCache(0)))
    result_bytes = case.elements * DTYPES[case.target_dtype]
    assert seen.alloc_bytes >= result_bytes if seen.aliasing == "copies" else seen.alloc_bytes == 0


@pytest.mark.parametrize("name", [known.name for known in CPU if known.family == "copy_into"])
def test_warm_memory_is_no_new_memory(name: str) -> None:
    """A path that fills the memory it is given holds none of its own."""
    assert check(call(a_case(name), InputCache(0))).alloc_bytes == 0


def test_a_view_of_new_memory_counts_all_of_it() -> None:
    """New memory is what the result keeps alive: a row of a copied matrix keeps the whole matrix."""
    whole = np.zeros((4, 16), np.float32)
    ready = call(a_case("np.array"), InputCache(0))
    assert checks._new_bytes(ready, whole[1], "copies") == whole.nbytes


@pytest.mark.parametrize(("name", "trait"), [pair for pair in DECLARED if pair not in DEADLY])
def test_a_declared_refusal_is_real(name: str, trait: str) -> None:
    """What a path declares to refuse it does refuse: calling it raises."""
    case = refused_case(name, trait)
    assert PATHS[name].refusal(case) == PATHS[name].refuses[trait]
    ready = call(case, InputCache(0))
    with pytest.raises(REFUSED):
        ready.run()


def test_from_dlpack_kills_the_process_on_negative_strides() -> None:
    """The refusal that says torch aborts the process is real: a child process dies of it."""
    case = refused_case("torch.from_dlpack", "reversed")
    code = (
        "import resource; resource.setrlimit(resource.RLIMIT_CORE, (0, 0))\n"
        "from benchmarks.suite.calls import call\nfrom benchmarks.suite.cases import Case\n"
        f"from benchmarks.suite.inputs import InputCache\ncall(Case.parse({case.id!r}), InputCache(0)).run()"
    )
    died = subprocess.run([sys.executable, "-c", code], cwd=checkout.ROOT, capture_output=True, check=False)
    assert died.returncode < 0, died.stderr.decode()[-500:]


def test_a_tensor_has_no_layout_of_arrays() -> None:
    """A tensor path refuses layouts that only arrays have, with the layout in the reason."""
    for layout in set(LAYOUTS) - TENSOR_LAYOUTS:
        assert PATHS["Tensor.numpy"].refusal(a_case("Tensor.numpy", layout=layout)) == f"a tensor cannot be {layout}"


@pytest.mark.parametrize("dtype", ["uint8", "bool"])
def test_what_has_no_byte_order_has_no_foreign_one(dtype: str) -> None:
    """A dtype of one byte is refused as big-endian: NumPy gives it the same dtype back."""
    assert np.dtype(dtype).newbyteorder(">") == np.dtype(dtype)
    reason = PATHS["bridge.as_tensor"].refusal(a_case("bridge.as_tensor", dtype=dtype, layout="bigendian"))
    assert reason == f"{dtype} has no foreign byte order"


@pytest.mark.parametrize("dtype", ["uint8", "bool"])
def test_a_byte_is_aligned_everywhere(dtype: str) -> None:
    """A dtype of one byte is refused as misaligned: NumPy calls it aligned at an odd address."""
    assert np.zeros(3, np.uint8)[1:].view(dtype).flags.aligned
    reason = PATHS["bridge.as_tensor"].refusal(a_case("bridge.as_tensor", dtype=dtype, layout="misaligned"))
    assert reason == f"{dtype} is aligned at every address"


def test_every_path_has_its_own_identifier() -> None:
    """The names asv gives to paths are identifiers, and no two paths share one."""
    identifiers = [known.identifier for known in PATHS.values()]
    assert len(set(identifiers)) == len(PATHS)
    assert all(one.isidentifier() for one in identifiers)


def test_the_spelling_is_the_code() -> None:
    """A spelling is the body of the function without its docstring; several statements stand in one line."""
    assert PATHS["torch.from_numpy"].spelling == "torch.from_numpy(a)"
    assert PATHS["ref.memcpy"].spelling == "ctypes.memmove(out, source, nbytes)"
    assert PATHS["np.copyto"].spelling == "np.copyto(out.numpy(), a); out"
    assert PATHS["seeds.preprocess"].spelling.startswith("t = torch.from_numpy(a).float(); t = t - t.mean(); ")


@pytest.mark.parametrize("name", PATHS)
def test_a_spelling_can_be_typed(name: str) -> None:
    """Every spelling is one line of Python."""
    spelling = PATHS[name].spelling
    assert "\n" not in spelling
    assert ast.parse(spelling).body


@pytest.mark.usefixtures("registry")
def test_a_new_path_is_in_every_preset_of_its_family() -> None:
    """Decorating one function is all it takes: the path is registered, and small cases of it run."""

    @path("<a> | & new", family="share")
    def new(a: np.ndarray) -> torch.Tensor:
        return torch.from_numpy(a)

    assert PATHS["<a> | & new"].identifier == "_a______new"
    assert check(call(a_case("<a> | & new"), InputCache(0))).aliasing == "shares"
    assert len(small_cases("<a> | & new")) == 2 * len(LAYOUTS) * len(DTYPES) + len(TENSOR_STATES)


@pytest.mark.usefixtures("registry")
def test_a_copy_that_secretly_shares_is_seen() -> None:
    """Aliasing is observed, not believed: a path of the copy family that shares is said to share."""

    @path("fake.copy", family="copy")
    def fake(a: np.ndarray) -> torch.Tensor:
        return torch.from_numpy(a)

    seen = check(call(a_case("fake.copy"), InputCache(0)))
    assert (seen.aliasing, seen.alloc_bytes) == ("shares", 0)


@pytest.mark.usefixtures("registry")
def test_a_share_that_secretly_copies_is_seen() -> None:
    """A path of the share family that copies is said to copy, with the bytes it holds."""

    @path("fake.share", family="share")
    def fake(a: np.ndarray) -> torch.Tensor:
        return torch.tensor(a)

    seen = check(call(a_case("fake.share"), InputCache(0)))
    assert (seen.aliasing, seen.alloc_bytes) == ("copies", 64)


WRONG = {
    "values": (lambda a: torch.from_numpy(a.copy()).add_(1), "values differ"),
    "last value": (lambda a: torch.from_numpy(np.append(a[:-1], np.float32(7))), "values differ"),
    "shape": (lambda a: torch.from_numpy(a)[:-1], r"shape \(15,\) instead of \(16,\)"),
    "dtype": (lambda a: torch.from_numpy(a).double(), "dtype float64 instead of float32"),
}


@pytest.mark.parametrize("wrong", WRONG)
@pytest.mark.usefixtures("registry")
def test_a_wrong_result_is_refused(wrong: str) -> None:
    """Another value, shape or dtype than the source's is an error that names the case and what is wrong."""
    function, words = WRONG[wrong]
    path("fake.wrong", family="copy")(function)
    with pytest.raises(WrongResultError, match=f"^fake.wrong/float32/C/64B/1t: {words}"):
        check(call(a_case("fake.wrong"), InputCache(0)))


@pytest.mark.usefixtures("registry")
def test_a_wrong_preprocessing_is_refused() -> None:
    """A standardisation by the population's deviation is not that of the sample, and is refused."""

    @path("fake.preprocess", family="preprocess")
    def fake(a: np.ndarray) -> np.ndarray:
        return (a - a.mean()) / a.std(ddof=0)

    with pytest.raises(WrongResultError, match="values differ"):
        check(call(a_case("fake.preprocess"), InputCache(0)))


@pytest.mark.usefixtures("registry")
def test_a_memcpy_that_moves_nothing_is_seen() -> None:
    """The limit is observed too: without a move, the bytes do not follow the source."""

    @path("fake.memcpy", family="limit")
    def fake(out: int, source: int, nbytes: int) -> None:
        return None

    assert check(call(a_case("fake.memcpy", dtype="uint8"), InputCache(0))).aliasing == "shares"


@pytest.mark.parametrize(
    ("name", "family", "words"),
    [
        ("torch.tensor", "copy", "'torch.tensor' cannot name a path: it is taken"),
        ("a/b", "copy", "'a/b' cannot name a path: .* holds a slash"),
        ("<a>", "<family>", "'<family>' is no family; there are limit, share"),
    ],
)
@pytest.mark.usefixtures("registry")
def test_the_registry_refuses(name: str, family: str, words: str) -> None:
    """A taken name, a slash or a family that does not exist is refused, and nothing is registered."""
    before = dict(PATHS)
    with pytest.raises(ValueError, match=words):
        path(name, family=family)
    assert before == PATHS


def test_checking_leaves_the_source_as_it_was() -> None:
    """Observing aliasing writes into the source and puts everything back, even for a path that shares."""
    ready = call(a_case("torch.from_numpy"), InputCache(0))
    before = ready.input.memory.copy()
    check(ready)
    assert np.array_equal(before, ready.input.memory)
