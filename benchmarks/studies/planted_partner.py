"""A partner over a planted `bridge`: as `benchmarks.partner`, and it says which case is taken, so that it is slowed.

{"iterations": n}   -> {} whatever the table says of the case that was taken
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from benchmarks.apart import standard_output_apart
from benchmarks.partner import Partner, serve
from benchmarks.partners import Process

if TYPE_CHECKING:
    from benchmarks.records import Json


class PlantedPartner(Partner):
    """Takes a case with the work that the side's table asks of it."""

    def answer(self, asked: Json) -> Json:
        """Do what one line asks."""
        from bridge import planted  # type: ignore[attr-defined]  # noqa: PLC0415  a planted bridge has it, ours has not

        if "iterations" in asked:
            planted.work(asked["iterations"])
            return {}
        if "take" in asked:
            planted.take(asked["take"])
        return super().answer(asked)


class PlantedProcess(Process):
    """A partner's process that serves a planted `bridge`."""

    module = "benchmarks.studies.planted_partner"


if __name__ == "__main__":
    with standard_output_apart() as stream:
        serve(sys.stdin, stream, PlantedPartner)
