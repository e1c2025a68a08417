"""Convert between NumPy and PyTorch: share where possible, copy fast where not, and say which."""

from bridge.batch import stack
from bridge.errors import CopyRequired
from bridge.host import as_array, as_tensor, copyto
from bridge.plans import Plan
from bridge.preprocess import standardize
from bridge.rules import plan

__all__ = ["CopyRequired", "Plan", "as_array", "as_tensor", "copyto", "plan", "stack", "standardize"]
