"""The stages of a session by number: a check of every case, a look at what crosses a link, the passes from 1 on."""

from __future__ import annotations

from typing import Final

CHECK: Final = 0
#: Comes between the check and the passes; no number of a pass is below zero.
PROFILE: Final = -1
#: Come after the rounds of a comparison.
INSTRUCTIONS: Final = -2
BEHAVIOUR: Final = -3
#: Rounds of a comparison that confirm a change are numbered from here on, so that their orders and hash seeds are new.
CONFIRMATION: Final = 1000


def stage_name(stage: int) -> str:
    """Return the name of a stage as failed records have it."""
    return {CHECK: "check", PROFILE: "profile"}.get(stage, f"pass {stage}")
