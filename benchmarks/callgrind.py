"""Requests to callgrind, from inside a process that runs under it.

A request is a sequence of instructions that changes nothing on a processor and that valgrind reads as a message: see
"Client Request mechanism" in its manual and `valgrind.h`. It is written for x86-64 alone. Torch has some requests in
`torch._C`, but not the one that starts counting, and under a callgrind that counts all along, importing torch takes
more than a minute.
"""

from __future__ import annotations

import ctypes
import mmap
from typing import Final

#: The architecture, as `platform.machine()` calls it, whose instructions these are.
MACHINE: Final = "x86_64"
#: mov rax, rdi (the request); mov rdx, rsi (the answer, if nobody listens); rol rdi by 3, 13, 61 and 51, which are two
#: whole turns, and xchg rbx, rbx: together they are the message; mov rax, rdx; ret.
_CODE: Final = bytes.fromhex("4889f8 4889f2 48c1c703 48c1c70d 48c1c73d 48c1c733 4887db 4889d0 c3")
_CALLGRIND: Final = (ord("C") << 24) + (ord("T") << 16)
_TOGGLE_COLLECT, _DUMP_STATS_AT, _START, _STOP = (_CALLGRIND + number for number in (2, 3, 4, 5))
_WORDS: Final = 6


class Callgrind:
    """The callgrind that this process runs under; where there is none, its requests do nothing.

    Raises:
        OSError: this system forbids memory that can be written and executed.
    """

    def __init__(self) -> None:
        self._page = mmap.mmap(-1, mmap.PAGESIZE, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
        self._page.write(_CODE)
        start = ctypes.addressof(ctypes.c_char.from_buffer(self._page))
        self._call = ctypes.CFUNCTYPE(ctypes.c_long, ctypes.c_void_p, ctypes.c_long)(start)

    def start(self) -> None:
        """Look at every instruction from now on: everything is some fifty times slower."""
        self._ask(_START)

    def stop(self) -> None:
        """Look at none."""
        self._ask(_STOP)

    def toggle(self) -> None:
        """Begin to count, or cease to."""
        self._ask(_TOGGLE_COLLECT)

    def dump(self, name: str) -> None:
        """Write the count since the last dump into callgrind's file, under a name."""
        text = ctypes.create_string_buffer(name.encode())
        self._ask(_DUMP_STATS_AT, ctypes.addressof(text))

    def _ask(self, request: int, argument: int = 0) -> None:
        message = (ctypes.c_ulong * _WORDS)(request, argument)
        self._call(ctypes.addressof(message), 0)
