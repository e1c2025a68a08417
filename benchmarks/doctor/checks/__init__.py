"""The checks. Every module here is loaded, so that a new one is found without a list."""

from importlib import import_module
from pkgutil import iter_modules

from benchmarks.doctor.registry import CHECKS

__all__ = ["CHECKS"]

for _module in iter_modules(__path__):
    import_module(f"{__name__}.{_module.name}")
