"""A path's spelling as a user writes it: with real dtypes and devices, and the line that prepares its memory."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from benchmarks.suite.registry import Path

    from .wanted import Wanted


def to_write(path: Path, wanted: Wanted) -> str:
    """Return the lines that convert `a` into `t`, or `t` into `a`."""
    statements = ast.parse(path.spelling).body
    of_numpy, of_torch = _numpy_dtype(wanted.to), f"torch.{wanted.to}"
    dtype = of_numpy if path.dtype_from == "numpy" else of_torch
    names = {"dtype": dtype, "numpy_dtype": of_numpy, "device": repr(wanted.device)}
    lines = [ast.unparse(_Named(names).visit(one)) for one in statements]
    last = statements[-1]
    if isinstance(last, ast.Expr) and isinstance(last.value, ast.Name):  # the name of memory that was filled
        lines.pop()
    elif path.family != "copy_into":
        lines[-1] = f"{'t' if path.source == 'array' else 'a'} = {lines[-1]}"
    return "".join(_preparation(path, wanted)) + "; ".join(lines)


def _preparation(path: Path, wanted: Wanted) -> list[str]:
    """Return the line that makes the memory to be filled, once."""
    made = {
        "out": f"out = torch.empty(a.shape, dtype=torch.{wanted.to})"
        if path.source == "array"
        else f"out = np.empty(t.shape, {_numpy_dtype(wanted.to)})",
        "stage": f"stage = torch.empty(a.shape, dtype=torch.{wanted.dtype}, pin_memory=True)",
        "out_pinned": f"out_pinned = torch.empty(t.shape, dtype=torch.{wanted.dtype}, pin_memory=True)",
    }
    return [f"{line}  # once\n" for name, line in made.items() if name in path.parameters]


def _numpy_dtype(name: str) -> str:
    return "ml_dtypes.bfloat16" if name == "bfloat16" else f"np.{name.replace('bool', 'bool_')}"


class _Named(ast.NodeTransformer):
    """Puts expressions in the place of names."""

    def __init__(self, names: dict[str, str]) -> None:
        self._names = names

    def visit_Name(self, node: ast.Name) -> ast.expr:
        """Replace a name that has an expression."""
        text = self._names.get(node.id)
        return node if text is None else ast.parse(text, mode="eval").body
