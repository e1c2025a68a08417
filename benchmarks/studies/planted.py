"""A `bridge` in which a slowdown is planted: its public functions do real extra work before they do their own.

The work is a loop of Python bytecode. Both sides of a comparison get the same files, so what the wrapper itself costs
is on both; only the table differs: side A goes round no times, side B as often as the planted share of a case needs.
How large a planted slowdown is in truth, `planted_sizes.py` measures.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Final

from benchmarks.checkout import ROOT, tree_hash
from benchmarks.sides import Side

if TYPE_CHECKING:
    from collections.abc import Mapping

#: The functions of `bridge` that paths of the suite call.
WORKING: Final = ("as_array", "as_tensor", "copyto", "plan", "stack", "standardize")
SHARES: Final = (0.03, 0.05, 0.10, 0.25)
_EXTRA_WORK: Final = Path(__file__).with_name("extra_work.py")
_WRAPPED: Final = "\nfrom bridge import planted as _planted\n\n" + "".join(
    f"{name} = _planted.with_work({name})\n" for name in WORKING
)
#: Every front end asks `call` for a case before it times it, so tools need to know nothing of planting.
_TOLD: Final = """
from bridge import planted as _planted

_call = call


def call(case, cache, device="cpu"):
    _planted.take(case.id)
    return _call(case, cache, device)
"""


def copied(folder: Path, root: Path = ROOT) -> Path:
    """Copy `bridge/` into a folder and return where it lies now."""
    shutil.copytree(root / "bridge", folder / "bridge", ignore=shutil.ignore_patterns("__pycache__"))
    return folder / "bridge"


def plant(bridge: Path, table: Mapping[str, int]) -> None:
    """Let the functions of a copied `bridge/` work as much as a table says; again, with another table, works too."""
    if not (bridge / "planted.py").exists():
        shutil.copy(_EXTRA_WORK, bridge / "planted.py")
        with (bridge / "__init__.py").open("a", encoding="utf-8") as file:
            file.write(_WRAPPED)
    (bridge / "planted.json").write_text(json.dumps(dict(table), indent=1, sort_keys=True) + "\n", encoding="utf-8")


def tell(suite: Path) -> None:
    """Let a copied `benchmarks/suite/` tell the planted `bridge` which case is about to be timed."""
    with (suite / "calls.py").open("a", encoding="utf-8") as file:
        file.write(_TOLD)


def planted_side(name: str, folder: Path, table: Mapping[str, int]) -> Side:
    """Return a side of a comparison: a new folder that holds a planted `bridge/` alone."""
    bridge = copied(folder)
    plant(bridge, table)
    return Side(name=name, commit=None, folder=folder, bridge_hash=tree_hash(bridge))
