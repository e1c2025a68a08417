"""How much counts of instructions differ where what is counted does not: code that is never called, longer folders.

    python benchmarks/studies/instruction_layouts.py [--sides 6]

Every side is the working tree's `bridge` in a folder of another length, with other functions and tables that nobody
calls. Their calls take the same instructions, so what a count differs by is what a threshold has to lie above.
"""

from __future__ import annotations

import argparse
import random
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks import comparison
from benchmarks.checkout import tree_hash
from benchmarks.instructions import count, sharing
from benchmarks.machine import in_one_line
from benchmarks.sides import WORKING_TREE, side

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from benchmarks.sides import Side

#: Sides that are counted at the same time: as many as a comparison has.
_AT_ONCE = 2


def unused(dice: random.Random) -> str:
    """Return functions and a table that nothing refers to."""
    names = [f"_unused_{dice.randrange(1 << 32):08x}" for _ in range(dice.randrange(1, 30))]
    functions = "\n".join(f"\n\ndef {name}(x):\n    return x + {len(name)}\n" for name in names)
    return f"{functions}\n_unused_table = {dict.fromkeys(names, 0)}\n"


def sides(folder: Path, many: int) -> Iterator[Side]:
    """Yield sides that do the same; the first is the working tree as it is."""
    for number in range(many):
        dice = random.Random(number)  # noqa: S311  an order, no secret
        made = side(WORKING_TREE, folder / ("side" + "x" * dice.randrange(1, 60) + str(number)))
        if number:
            init = made.folder / "bridge" / "__init__.py"
            init.write_text(init.read_text(encoding="utf-8") + unused(dice), encoding="utf-8")
        yield replace(made, bridge_hash=tree_hash(made.folder / "bridge"))


def summary(counts: Sequence[dict[str, int]]) -> Iterator[str]:
    """Yield the spread of every case, the largest first: the largest count over the smallest."""
    cases = set.intersection(*map(set, counts))
    spreads = {case: max(one[case] for one in counts) / min(one[case] for one in counts) - 1 for case in cases}
    yield f"| case | smallest count of {len(counts)} | largest above it |"
    yield "| --- | ---: | ---: |"
    for case, spread in sorted(spreads.items(), key=lambda item: -item[1]):
        yield f"| {case} | {min(one[case] for one in counts):,} | {spread:.2%} |"


def main() -> None:
    """Count all sides and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sides", type=int, default=6)
    asked = parser.parse_args()
    cases = sharing(comparison.chosen(None))
    with tempfile.TemporaryDirectory() as folder:
        every = list(sides(Path(folder), asked.sides))
        pairs = [every[first : first + _AT_ONCE] for first in range(0, len(every), _AT_ONCE)]
        counts = [one for pair in pairs for one in count(pair, cases)]
    print("\n".join([*summary(counts), "", in_one_line()]))


if __name__ == "__main__":
    main()
