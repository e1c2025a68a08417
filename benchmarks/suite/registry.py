"""The path registry: what a path is, and the decorator that makes a function one."""

from __future__ import annotations

import ast
import inspect
import textwrap
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal

from .cases import BATCHES, DTYPES, FAMILIES, HARD_LAYOUTS, LAYOUTS, TENSOR_LAYOUTS, TENSOR_STATES, TRANSFERS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from .cases import Case, Family

Source = Literal["array", "tensor"]
_NO_BYTE_ORDER: Final = frozenset({"uint8", "bool", "bfloat16"})
_DIFFERENTIABLE: Final = frozenset({"float16", "float32", "float64", "complex64", "bfloat16"})
_A: Final = {"array": "an array", "tensor": "a tensor"}
Conversion = Any  # Any: arrays, tensors, lists of them; what a path takes and gives depends on its family


@dataclass(frozen=True, slots=True, kw_only=True)
class Path:
    """One way to convert: a named function and what it is known to refuse.

    `function` takes what its family is about: ``(x)``, for copy_into ``(out, x)``, for cast ``(x, dtype)``, for stack
    a list. `refuses` maps a layout or dtype to the reason in words; a test proves each of them by trying.
    """

    name: str
    family: Family
    source: Source
    function: Callable[..., Conversion]
    dtype_from: Literal["torch", "numpy"] = "torch"
    refuses: Mapping[str, str] = field(default_factory=dict)

    @property
    def spelling(self) -> str:
        """The code that is timed, read from the function itself."""
        return _body(self.function)

    @property
    def identifier(self) -> str:
        """The name as a Python identifier, for asv: ``torch.from_numpy`` -> ``torch_from_numpy``."""
        return "".join(letter if letter.isalnum() else "_" for letter in self.name)

    @property
    def device(self) -> str:
        """The kind of device this path needs."""
        return "cuda" if self.family in TRANSFERS else "cpu"

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
            return None if self.family == "stack" else f"{case.layout} is a list of arrays, for the stack family alone"
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
        PATHS[name] = Path(name=name, family=family, source=source, function=function, **traits)
        return function

    return register


def _body(function: Callable[..., Conversion]) -> str:
    tree = ast.parse(textwrap.dedent(inspect.getsource(function))).body[0]
    assert isinstance(tree, ast.FunctionDef)
    statements = tree.body[1:] if ast.get_docstring(tree) else tree.body
    return "; ".join(ast.unparse(statement) for statement in statements).replace("return ", "")
