"""Made-up processes that take cases apart, on a machine whose costs are known; nothing takes time."""

import json
from typing import Any

from benchmarks.errors import PartnerDiedError
from benchmarks.suite.cases import Case


class Machine:
    """Plays processes on which calls cost what they are said to; nothing takes time."""

    def __init__(
        self,
        *,
        per_fault: float = 1000.0,
        wait: float | None = 0.0,
        refuses: str = "",
        dies: str = "",
        trace: dict[str, Any] | None = None,
    ) -> None:
        self.per_fault, self.wait, self.refuses, self.dies = per_fault, wait, refuses, dies
        self.trace = json.dumps(trace or {"traceEvents": []})
        self.started: list[tuple[str, int]] = []
        self.taken: list[tuple[str, int]] = []
        self.open = 0

    def start(self, memory: str, number: int) -> "Partner":
        """Start a process with one kind of memory."""
        self.started.append((memory, number))
        self.open += 1
        return Partner(self, memory)


class Partner:
    """Answers as a process of the machine does."""

    def __init__(self, machine: Machine, memory: str) -> None:
        self.machine, self.memory, self.who = machine, memory, {}
        self.case, self.instead = Case.parse("ref.call/uint8/C/64B/1t"), ""

    def ask(self, line: dict[str, Any]) -> dict[str, Any]:
        """Answer a line."""
        if "take" in line:
            self.case, self.instead = Case.parse(line["take"]), ""
            self.machine.taken.append((line["take"], line["cpu"]))
            if self.machine.dies == line["settle"]:
                raise PartnerDiedError("was killed by SIGSEGV")
            return {"refused": "TypeError: <a> | &"} if self.machine.refuses == "take" else {"taken": {}}
        if "instead" in line:
            self.instead = line["instead"]
            return {"refused": "nothing copies"} if self.machine.refuses == self.instead else {"instead": self.instead}
        if "trace" in line:
            return {"trace": self.machine.trace}
        if "observe" in line:
            facts = {"result_huge_page_bytes": 0, "torch_allocated_bytes": self.case.nbytes, "torch_allocations": 1}
            return {"observed": facts | {"resident_peak_bytes": "this system does not tell <a> | &"}}
        return {"call_ns": self._ns(), "minflt": self._faults(), "wait_ns": self.machine.wait}

    def _faults(self) -> float:
        fresh = self.memory == "fresh" and not self.instead and self.case.path != "ref.call"
        return self.case.nbytes // 4096 if fresh else 0

    def _ns(self) -> float:
        moved = self.case.nbytes / 16
        cast = self.case.nbytes / 8 if self.case.source_dtype != self.case.target_dtype else 0
        work = {"": 1050 + moved + cast, "move": 300 + moved, "engine": 900 + moved + cast}
        if self.case.path == "ref.call":
            return 50.0
        return work[self.instead] + self._faults() * self.machine.per_fault + (self.machine.wait or 0.0)

    def close(self) -> None:
        """End."""
        self.machine.open -= 1
