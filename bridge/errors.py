"""Errors.

ValueError
└── CopyRequired    it could be converted, but not without the copy the caller ruled out
TypeError           it can never be converted as it is; the message names the cure
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bridge.plans import Plan

# Which keyword, beside the one that forbade the copy, lets a conversion through.
_CURES = {
    "dtype": "leave dtype= out and cast later",
    "device": "leave device= out and move it later",
    "order": 'pass order="K" to keep the order it has',
    "read-only": 'pass readonly="share" to share it all the same',
}


class CopyRequired(ValueError):  # noqa: N818 - it reads as what is wrong
    """Raised when a conversion needs a copy that the caller ruled out; `plan` says why and how much."""

    def __init__(self, plan: "Plan", allow: str = "copy=None") -> None:
        self.plan = plan
        self.allow = allow
        super().__init__(_explain(plan, allow))

    def __reduce__(self) -> tuple[type["CopyRequired"], tuple["Plan", str]]:
        """Unpickle from the plan: the message is made of it."""
        return type(self), (self.plan, self.allow)


def _explain(plan: "Plan", allow: str) -> str:
    """Say what stands in the way, what a copy would cost and which keyword lets the conversion through."""
    cures = [_CURES[reason] for reason in plan.reasons if reason in _CURES]
    instead = f", or {cures[0]}" if len(plan.reasons) == 1 and cures else ""
    return (
        f"{plan.dtype} of shape {plan.shape} cannot be shared ({', '.join(plan.reasons)}); "
        f"a copy writes {plan.nbytes} bytes: pass {allow} to allow it{instead}"
    )


def refused(what: str, cure: str) -> TypeError:
    """Return the TypeError of an input no keyword can help, saying what the caller can do instead."""
    return TypeError(f"{what} cannot be converted: {cure}")
