"""What torch and NumPy are known to refuse: layout or dtype -> the reason in words, for `refuses` of many paths."""

from __future__ import annotations

from typing import Final

NO_BFLOAT16: Final = {"bfloat16": "NumPy has no bfloat16 of its own, and torch takes no other"}
NO_SWAP: Final = {"bigendian": "torch refuses foreign byte order"}
NO_FOREIGN: Final = {**NO_SWAP, **NO_BFLOAT16}
NO_REVERSED: Final = dict.fromkeys(("reversed", "channels_reversed"), "torch refuses negative strides")
AS_IT_LIES: Final = {**NO_REVERSED, **NO_FOREIGN}
