"""The path registry: what a path is, and the decorator that makes a function one."""

from __future__ import annotations

import ast
import inspect
import textwrap
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal

from .cases import BATCHES, DTYPES, FAMILIES, HARD_LAYOUTS, LAYOUTS, LISTS, TENSOR_LAYOUTS, TENSOR_STATES, TRANSFERS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from .cases import Case, Family, Geometry
    from .feeds import Feed

Source = Literal["array", "tensor"]
_NO_BYTE_ORDER: Final = frozenset({"uint8", "bool", "bfloat16"})
_DIFFERENTIABLE: Final = frozenset({"float16", "float32", "float64", "complex64", "bfloat16"})
_A: Final = {"array": "an array", "tensor": "a tensor"}
Conversion = Any  # Any: arrays, tensors, lists of them; what a path takes and gives depends on its family


@dataclass(frozen=True, slots=True, kw_only=True)
class Path:
    """One way to convert: a named function and what it is known to refuse.

    `function` takes what its family is about: ``(x)``, for copy_into ``(out, x)``, for held ``(queue, x)``, for cast
    ``(x, dtype)``, for stack a list, for stack_cast ``(list, dtype)``, for feed a loader; in the families of transfers
    each parameter's name says what it takes. `refuses` maps a layout or dtype to the reason in words; a test proves
    each of them by trying. `device` is the kind of device the path needs. A round of a path on a device is `batch`
    calls; `before` is called before each, outside the time.
    """

    name: str
    family: Family
    source: Source
    function: Callable[..., Conversion]
    device: Literal["cpu", "cuda"] = "cpu"
    dtype_from: Literal["torch", "numpy"] = "torch"
    batch: int = 1
    before: Callable[[], object] | None = None
    geometry: Geometry | None = None
    feed: Feed | None = None
    refuses: Mapping[str, str] = field(default_factory=dict)

    @property
    def huge_pages(self) -> bool:
        """Whether its new memory may come in huge pages."""
        return self.family != "small_pages"

    @property
    def spelling(self) -> str:
        """The code that is timed, read from the function itself."""
        return _body(self.function)

    @property
    def identifier(self) -> str:
        """The name as a Python identifier, for asv: ``torch.from_numpy`` -> ``torch_from_numpy``."""
        return "".join(letter if letter.isalnum() else "_" for letter in self.name)

    @property
    def parameters(self) -> tuple[str, ...]:
        """The names of what the function takes."""
        return tuple(inspect.signature(self.function).parameters)

    def refusal(self, case: Case) -> str | None:
        """Return why this path cannot do a case, or None when it can."""
        reasons = (
            self._wrong_kind(case),
            _impossible(case),
            *(self.refuses.get(trait) for trait in (case.source_dtype, case.target_dtype, case.layout)),
        )
        return next(filter(None, reasons), None)

    def _wrong_kind(self, case: Case) -> str | None:
        """Return why no source of this path is what the case speaks of."""
        if case.layout in BATCHES:
            return None if self.family in LISTS else f"{case.layout} is a list of arrays, which this path does not take"
        kinds = (*TENSOR_LAYOUTS, *TENSOR_STATES) if self.source == "tensor" else (*LAYOUTS, *HARD_LAYOUTS)
        return None if case.layout in kinds else f"{_A[self.source]} cannot be {case.layout}"


def _impossible(case: Case) -> str | None:
    """Return why nothing of this dtype or size is laid out like this."""
    if case.layout == "bigendian" and case.source_dtype in _NO_BYTE_ORDER:
        return f"{case.source_dtype} has no foreign byte order"
    if case.layout == "misaligned" and DTYPES[case.source_dtype] == 1:
        return f"{case.source_dtype} is aligned at every address"
    if case.layout == "requires_grad" and case.source_dtype not in _DIFFERENTIABLE:
        return f"{case.source_dtype} has no gradient"
    if case.layout in BATCHES and case.nbytes < BATCHES[case.layout]:
        return f"{case.layout} needs more bytes than that"
    return None


#: Every path by its name, in the order of their definition.
PATHS: Final[dict[str, Path]] = {}


def path(name: str, *, family: Family, source: Source = "array", **traits: Any) -> Callable[..., Any]:  # noqa: ANN401
    """Make the decorated function the path of this name.

    Raises:
        ValueError: the name is taken or holds a slash, or the family does not exist.
    """
    if name in PATHS or "/" in name:
        raise ValueError(f"{name!r} cannot name a path: it is taken or holds a slash")
    if family not in FAMILIES:
        raise ValueError(f"{family!r} is no family; there are {', '.join(FAMILIES)}")

    def register(function: Callable[..., Conversion]) -> Callable[..., Conversion]:
        device = "cuda" if family in TRANSFERS else "cpu"
        PATHS[name] = Path(name=name, family=family, source=source, function=function, **{"device": device, **traits})
        return function

    return register


def _body(function: Callable[..., Conversion]) -> str:
    tree = ast.parse(textwrap.dedent(inspect.getsource(function))).body[0]
    assert isinstance(tree, ast.FunctionDef)
    statements = tree.body[1:] if ast.get_docstring(tree) else tree.body
    return "; ".join(ast.unparse(statement) for statement in statements).replace("return ", "")
