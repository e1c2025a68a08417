"""Stands in for asv: writes down how it was called and, for `run`, a result file a commit as asv would.

FAKE_ASV holds JSON: `exit` is the exit code, `fail` a benchmark whose numbers are null, `hang` a commit it never ends.
"""

import json
import os
import re
import signal
import sys
import time
from pathlib import Path

COLUMNS = ["result", "params", "version", "started_at", "duration", "stats_ci_99_a", "stats_ci_99_b"]
ENVIRONMENT = "virtualenv-py3.11-hatchling1.33.0-numpy2.4.6-torch2.13.0"


def asked(words: list[str]) -> dict[str, list[str]]:
    """Return the points of each benchmark that the patterns name."""
    found = [re.fullmatch(r"\^(.+)\\\('\((.+)\)'\\\)\$", word) for word in words if word.startswith("^")]
    plain = [(one[1].replace("\\", ""), one[2].replace("\\", "").split("|")) for one in found if one]
    return dict(plain)


def result(commit: str, machine: str, points: dict[str, list[str]], fail: str) -> str:
    """Return the text of a result file."""
    rows = {}
    for name, some in points.items():
        values = None if fail and fail in name else [5e-7] * len(some)
        rows[name] = [values, [[f"'{at}'" for at in some]], "1", 0, 0.1, [4e-7] * len(some), [6e-7] * len(some)]
    params = {"machine": machine}
    known = {"commit_hash": commit, "env_name": ENVIRONMENT, "date": 1764000000000, "params": params, "python": "3.11"}
    known |= {"requirements": {"torch": "2.13.0", "numpy": "2.4.6"}, "result_columns": COLUMNS, "results": rows}
    return json.dumps(known | {"version": 2, "env_vars": {}, "durations": {}})


def main() -> int:
    """Do what asv would have done."""
    told = json.loads(os.environ.get("FAKE_ASV", "{}"))
    words, commits = sys.argv[1:], sys.stdin.read().split()
    with Path("calls.jsonl").open("a", encoding="utf-8") as log:
        log.write(json.dumps({"words": words, "commits": commits}) + "\n")
    sys.stdout.write("asv says <a> | &\n")
    for commit in commits if words[0] == "run" else ():
        if commit == told.get("hang"):
            Path("hangs").touch()
            time.sleep(60)
        machine = words[words.index("--machine") + 1]
        folder = Path("reports/asv/results") / machine
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{commit[:8]}-{ENVIRONMENT}.json"
        path.write_text(result(commit, machine, asked(words), told.get("fail", "")), encoding="utf-8")
    return int(told.get("exit", 0))


if __name__ == "__main__":
    signal.signal(signal.SIGINT, lambda *_: sys.exit(1))
    sys.exit(main())
